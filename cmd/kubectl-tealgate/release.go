package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

func newRelease() *cobra.Command {
	return newRequest(false, &cobra.Command{
		Use:   "release NAME",
		Short: "Begin a release of what stands on the idle color",
		Long: "Begin a release of what stands on the idle color.\n\n" +
			"A new version there begins one by itself. This is for what does not: a version that was there\n" +
			"before, one that was retired, the way back after a release has Succeeded.",
		Example: `  kubectl tealgate release shop && kubectl tealgate watch shop`,
	})
}

func newRetry() *cobra.Command {
	return newRequest(true, &cobra.Command{
		Use:     "retry NAME",
		Short:   "Begin a release again that was Aborted or Superseded",
		Long:    "Begin a release again that was Aborted or Superseded, under a new name and from its start.",
		Example: `  kubectl tealgate retry shop`,
	})
}

// newRequest completes a command that asks for a release; again is to ask for one that has
// ended before the switch.
func newRequest(again bool, command *cobra.Command) *cobra.Command {
	flags := &person{}
	command.Long += "\n\nIt takes the right to patch the BlueGreen."
	command.Args = oneName
	command.RunE = func(command *cobra.Command, args []string) error {
		c, bg, err := flags.read(command, args)
		if err != nil {
			return err
		}
		if err := desk.Releasable(bg, again); err != nil {
			return err
		}
		return request(command, c, bg)
	}
	return flags.command(command, nil)
}

// takenUpTimeout is how long to wait for the controller to take a request up. A request is
// not lost when it takes longer.
const takenUpTimeout = 10 * time.Second

// request puts a value into the annotation that it never had, and waits to see what comes of it.
func request(command *cobra.Command, c *cluster, bg *v1alpha1.BlueGreen) error {
	wanted := bg.DeepCopy()
	value := time.Now().UTC().Format(time.RFC3339Nano)
	if wanted.Annotations == nil {
		wanted.Annotations = map[string]string{}
	}
	wanted.Annotations[v1alpha1.AnnotationReleaseRequested] = value
	if err := c.patch(command.Context(), wanted, bg); err != nil {
		return err
	}
	out := command.OutOrStdout()
	if bg.Spec.Paused {
		fmt.Fprintf(out, "asked for; %s is paused, and it begins once that is over: kubectl tealgate resume %s\n", bg.Name, bg.Name)
		return nil
	}
	ctx, cancel := context.WithTimeout(command.Context(), takenUpTimeout)
	defer cancel()
	tick := time.NewTicker(lookInterval / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintf(out, "asked for, and not taken up in %s: kubectl tealgate get %s -o wide\n", takenUpTimeout, bg.Name)
			return command.Context().Err()
		case <-tick.C:
		}
		now, err := c.blueGreen(ctx, bg.Name)
		if err != nil {
			continue // The request is made; only what comes of it is not seen yet.
		}
		if came := desk.Requested(bg, now, value); came != "" {
			fmt.Fprintln(out, came)
			return nil
		}
	}
}

// patch writes what differs, and nothing that somebody else has changed meanwhile.
func (c *cluster) patch(ctx context.Context, wanted, was *v1alpha1.BlueGreen) error {
	ctx, cancel := requesting(ctx)
	defer cancel()
	return explained(ctx, c.client.Patch(ctx, wanted, client.MergeFrom(was)))
}
