// Command kubectl-tealgate is `kubectl tealgate`: what developers, platform teams
// and release managers ask tealgate for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// Exit codes beside 0.
const (
	// exitNo is that of a command whose answer is no.
	exitNo = 1
	// exitFailed is that of a command that could not do its work.
	exitFailed = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := newRoot().ExecuteContext(ctx)
	stop()
	var code exitError
	switch {
	case errors.As(err, &code):
		os.Exit(int(code))
	case err != nil:
		os.Exit(exitFailed)
	}
}

// exitError is the exit code of a command that has said everything already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

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
	root.AddCommand(newAdopt(), newAudit(), newCheck(), newEject(), newExplain(), newPolicy(), newRender())
	root.AddCommand(newGet(), newWatch(), newRelease(), newRetry(), newGo(), newNoGo(), newCheckOff(), newRollback(),
		newPause(), newResume(), newHistory(), newReport())
	return root
}
