package main

import (
	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
)

const policyCheckLong = `Say whether a cluster would load policies, with file, line and column.

They compile exactly as in tealgate: strictly, against the schema of the input, without
functions that reach outside or answer differently each time, with complete annotations,
in packages of their own. Tests have to compile and do not run (policy test). Settings
(ConfigMap tealgate-settings) are read as well.

Exit code 0: they would be loaded; 1: they would not; 2: something could not be read.`

const policyCheckExample = `  kubectl tealgate policy check policies
  kubectl tealgate policy check platform/policies.yaml platform/tealgate-settings.yaml
  kubectl kustomize platform | kubectl tealgate policy check -`

func newPolicyCheck() *cobra.Command {
	var flags policyFlags
	command := &cobra.Command{
		Use:     "check PATH...",
		Short:   "Say whether a cluster would load policies",
		Long:    policyCheckLong,
		Example: policyCheckExample,
		Args:    somePath,
		RunE: func(command *cobra.Command, paths []string) error {
			if err := flags.validate(); err != nil {
				return err
			}
			return policyCheck(command, paths, flags)
		},
	}
	flags.add(command)
	return command
}

func policyCheck(command *cobra.Command, paths []string, flags policyFlags) error {
	files, err := readPolicies(command, paths)
	if err != nil {
		return err
	}
	found, err := authoring.Check(command.Context(), files)
	if err != nil {
		return err
	}
	switch {
	case flags.output == string(report.JSON):
		err = report.WritePoliciesJSON(command.OutOrStdout(), found, policy.Language(flags.language))
	case files.Read():
		err = report.WritePolicies(command.OutOrStdout(), found, flags.text(command))
	}
	if err != nil {
		return err
	}
	return policyVerdict(command, files, len(found.Problems) > 0)
}
