package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
)

const policyTestLong = `Run the test_ rules of policies, and say which lines of their rules no test reaches.

A failing test is shown with its file and line, the case of a table, and the expression
that did not hold with the values that it had. A cluster refuses policies whose tests fail.

Exit code 0: all passed; 1: one failed, or the policies would not be loaded; 2: something
could not be read, or there is no test.`

const policyTestExample = `  kubectl tealgate policy test policies
  kubectl tealgate policy test policies --run 'team_owner_test\.test_denies'
  kubectl kustomize platform | kubectl tealgate policy test -`

// policyTestFlags are the flags as they were given.
type policyTestFlags struct {
	policyFlags

	run     string
	verbose bool
}

func newPolicyTest() *cobra.Command {
	var flags policyTestFlags
	command := &cobra.Command{
		Use:     "test PATH...",
		Short:   "Run the tests of policies",
		Long:    policyTestLong,
		Example: policyTestExample,
		Args:    somePath,
		RunE: func(command *cobra.Command, paths []string) error {
			if err := flags.validate(); err != nil {
				return err
			}
			if _, err := regexp.Compile(flags.run); err != nil {
				return fmt.Errorf("--run: %w", err)
			}
			return policyTest(command, paths, flags)
		},
	}
	flags.add(command)
	command.Flags().StringVar(&flags.run, "run", "", "only tests whose package and name match this regular expression")
	command.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "show tests that pass too, and what tests print")
	return command
}

func policyTest(command *cobra.Command, paths []string, flags policyTestFlags) error {
	files, err := readPolicies(command, paths)
	if err != nil {
		return err
	}
	found, err := authoring.Test(command.Context(), files, policy.TestOptions{Run: flags.run, Print: flags.verbose})
	if err != nil {
		return err
	}
	if len(found.Tests)+len(found.Problems)+len(files.Unreadable) == 0 {
		if flags.run != "" {
			return fmt.Errorf("--run %q: no test has such a name", flags.run)
		}
		return errors.New("no test there: a test is a rule whose name begins with test_")
	}
	switch {
	case flags.output == string(report.JSON):
		err = report.WriteTestsJSON(command.OutOrStdout(), found, policy.Language(flags.language))
	case files.Read():
		options := flags.text(command)
		options.Each = flags.verbose
		err = report.WriteTests(command.OutOrStdout(), found, options)
	}
	if err != nil {
		return err
	}
	return policyVerdict(command, files, found.Failed()+len(found.Problems) > 0)
}
