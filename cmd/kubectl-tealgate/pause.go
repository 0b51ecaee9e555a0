package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newPause() *cobra.Command {
	return newPaused(true, &cobra.Command{
		Use:   "pause NAME",
		Short: "Stop everything of a release but a rollback",
		Long: "Stop everything of a release but a rollback. Deadlines stand still meanwhile; signals are\n" +
			"measured on, and pods of the new color that fail after the switch still roll it back.",
		Example: `  kubectl tealgate pause shop`,
	})
}

func newResume() *cobra.Command {
	return newPaused(false, &cobra.Command{
		Use:     "resume NAME",
		Short:   "Go on after a pause",
		Long:    "Go on after a pause. Deadlines go on from where they stood.",
		Example: `  kubectl tealgate resume shop`,
	})
}

// newPaused completes a command that sets spec.paused.
func newPaused(paused bool, command *cobra.Command) *cobra.Command {
	flags := &person{}
	done, already := "resumed: deadlines go on from where they stood", "is not paused"
	if paused {
		done, already = "paused: everything but a rollback waits", "is paused already"
	}
	command.Long += "\n\nIt takes the right to patch the BlueGreen."
	command.Args = oneName
	command.RunE = func(command *cobra.Command, args []string) error {
		c, bg, err := flags.read(command, args)
		if err != nil {
			return err
		}
		if bg.Spec.Paused == paused {
			return fmt.Errorf("%s %s", bg.Name, already)
		}
		wanted := bg.DeepCopy()
		wanted.Spec.Paused = paused
		if err := c.patch(command.Context(), wanted, bg); err != nil {
			return err
		}
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", bg.Name, done)
		return nil
	}
	return flags.command(command, nil)
}
