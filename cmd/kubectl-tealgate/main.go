// Command kubectl-tealgate is `kubectl tealgate`: what developers, platform teams
// and release managers ask tealgate for.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// exitFailed is the exit code of a command that could not do its work. 1 is kept
// for commands whose answer is no.
const exitFailed = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		os.Exit(exitFailed)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-tealgate",
		Short: "Blue-green deployment made safe for plain Deployments and Services",
		Long: "Blue-green deployment made safe for plain Deployments and Services.\n\n" +
			"For completion of `kubectl tealgate` put an executable kubectl_complete-tealgate\n" +
			"into PATH with these two lines:\n\n" +
			"  #!/bin/sh\n" +
			"  exec kubectl tealgate __complete \"$@\"",
		Version:           version,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl tealgate"},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		SilenceUsage:      true,
	}
	root.SetErrPrefix("error:")
	root.AddCommand(newExplain())
	return root
}
