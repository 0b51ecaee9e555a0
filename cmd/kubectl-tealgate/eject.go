package main

import (
	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/adopt"
)

const ejectLong = `Take an application out of tealgate, without a dropped request.

The BlueGreen goes first, then the preview Service and the color that does not serve. A
copy of the one that serves starts without a color, under the plain name; when it is
complete the Service loses its color and both answer. When the EndpointSlices name as many
pods of the copy as it promises, the Service selects those alone, by their
pod-template-hash, and the copy is paused meanwhile: a rollout would take them away. The
colored Deployment is deleted when it has been without traffic for the drain; then the
Service selects as before. What Git needs afterwards is printed.

Where tealgate guards the namespace (enforce, warn) it gives a Service its color back and
holds what serves. Take the mode from the namespace first, or give a reason with
--break-glass, which takes that verb and is recorded; the plain Deployment then declares
tealgate.dev/blue-green: disabled, and so must Git.

Without --apply the steps are printed. After an interruption run the same again.`

const ejectExample = `  kubectl tealgate eject shop -n shop
  kubectl tealgate eject shop -n shop --apply
  kubectl tealgate eject shop -n shop --apply --break-glass 'moves to another cluster'`

func newEject() *cobra.Command {
	flags := &moveFlags{}
	command := &cobra.Command{
		Use: "eject DEPLOYMENT", Short: "Take an application out of tealgate", Long: ejectLong, Example: ejectExample,
		Args: oneDeployment, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, args []string) error {
			return flags.run(command, args[0], adopt.App.PlanEject, adopt.App.Eject)
		},
	}
	flags.add(command)
	command.Flags().StringVar(&flags.glass, "break-glass", "", "why tealgate is to let it go where it guards")
	return command
}
