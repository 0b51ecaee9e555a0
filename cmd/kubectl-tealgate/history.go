package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/desk"
)

func newHistory() *cobra.Command {
	flags, output := &person{}, outputTable
	command := flags.command(&cobra.Command{
		Use:   "history NAME",
		Short: "List the releases that a BlueGreen remembers",
		Long: "List the present release and those before it, newest first: at most eleven.\n" +
			"-o wide adds how each ended in words.",
		Example: `  kubectl tealgate history shop
  kubectl tealgate history shop -o json | jq -r '.releases[] | select(.outcome == "RolledBack") | .message'`,
		Args: oneName,
		RunE: func(command *cobra.Command, args []string) error {
			if !slices.Contains(auditOutputs(), output) {
				return fmt.Errorf("--output %q: not table, wide, json or yaml", output)
			}
			return runHistory(command, flags, args, output)
		},
	}, nil)
	command.Flags().StringVarP(&output, "output", "o", outputTable, "table, wide, json or yaml")
	// The flag has just been defined, which is all that can be wrong.
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(auditOutputs(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func runHistory(command *cobra.Command, flags *person, args []string, output string) error {
	_, bg, err := flags.read(command, args)
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	releases := map[string]any{"releases": desk.Releases(bg)}
	switch output {
	case outputJSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(releases)
	case outputYAML:
		text, err := yaml.Marshal(releases)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	}
	if len(desk.Releases(bg)) == 0 {
		command.PrintErrf("%s has had no release yet.\n", bg.Name)
		return nil
	}
	return printers.NewTablePrinter(printers.PrintOptions{Wide: output == outputWide}).PrintObj(desk.History(bg, time.Now()), out)
}
