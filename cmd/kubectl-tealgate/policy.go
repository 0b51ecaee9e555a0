package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/report"
)

func newPolicy() *cobra.Command {
	command := &cobra.Command{
		Use:   "policy",
		Short: "Check and test the policies of a platform team",
		Long: "Check and test the policies of a platform team, without a cluster.\n\n" +
			"A PATH is a folder with .rego files, a .rego file, or a manifest with the ConfigMaps\n" +
			"that are applied (label tealgate.dev/policy: \"true\"); - is manifests from standard\n" +
			"input. They are put upon the built-in rules, as tealgate does it.",
		Args: cobra.NoArgs,
	}
	command.AddCommand(newPolicyCheck(), newPolicyTest())
	return command
}

// policyFlags are those of both commands.
type policyFlags struct{ output, language string }

func (f *policyFlags) add(command *cobra.Command) {
	command.Flags().StringVarP(&f.output, "output", "o", string(report.Text), "text or json")
	addLanguage(command, &f.language, "language of what is said")
	// The flag has just been defined, which is all that can be wrong.
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(policyOutputs(), cobra.ShellCompDirectiveNoFileComp))
}

func policyOutputs() []cobra.Completion {
	return []cobra.Completion{string(report.Text), string(report.JSON)}
}

func (f *policyFlags) validate() error {
	if !slices.Contains(policyOutputs(), f.output) {
		return fmt.Errorf("--output %q: not text or json", f.output)
	}
	return checkLanguage(f.language)
}

func (f *policyFlags) text(command *cobra.Command) report.PolicyOptions {
	return report.PolicyOptions{Language: policy.Language(f.language), Color: colorful(command.OutOrStdout())}
}

// readPolicies reads the paths of a command line.
func readPolicies(command *cobra.Command, paths []string) (*authoring.Files, error) {
	files, err := authoring.Read(command.Context(), paths, command.InOrStdin())
	if err != nil {
		return nil, err
	}
	if files.Empty() {
		return nil, errors.New("no policies there: neither .rego files nor ConfigMaps with the label tealgate.dev/policy")
	}
	return files, nil
}

// policyVerdict is the exit code, and says what could not be read.
func policyVerdict(command *cobra.Command, files *authoring.Files, no bool) error {
	for _, unreadable := range files.Unreadable {
		command.PrintErrln(command.Root().ErrPrefix(), unreadable.Error())
	}
	command.SilenceErrors = true
	switch {
	case len(files.Unreadable) > 0:
		return exitError(exitFailed)
	case no:
		return exitError(exitNo)
	default:
		return nil
	}
}

func somePath(_ *cobra.Command, paths []string) error {
	if len(paths) == 0 {
		return errors.New("name what to read: folders with .rego files, such files, or manifests (- is standard input)")
	}
	return nil
}
