package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

// watchFlags are the flags as they were given.
type watchFlags struct {
	person
	release string
	timeout time.Duration
	once    bool
}

func newWatch() *cobra.Command {
	flags := &watchFlags{}
	command := flags.command(&cobra.Command{
		Use:   "watch NAME",
		Short: "Show a release while it goes on, until it has ended",
		Long: "Show a release while it goes on: both colors, signals, jobs, checklist, what it waits for and\n" +
			"until when. On a terminal the screen is drawn with each change and each second; elsewhere each\n" +
			"change is a line. While no release is on its way it waits for the next one. With --once the\n" +
			"screen as it stands is printed, and that is all.\n\n" +
			"Exit code 0: the release Succeeded; 1: it ended otherwise, or you did (Ctrl-C); 2: it could not be\nwatched, or --timeout is over.",
		Example: `  kubectl tealgate watch shop
  kubectl tealgate watch shop --release shop-17 --timeout 1h
  kubectl tealgate watch shop --once`,
		Args: oneName,
		RunE: func(command *cobra.Command, args []string) error { return flags.run(command, args) },
	}, nil)
	command.Flags().StringVar(&flags.release, "release", "", "the release to watch, also one that has ended")
	command.Flags().DurationVar(&flags.timeout, "timeout", 0, "how long to watch; 0 is until it has ended")
	command.Flags().BoolVar(&flags.once, "once", false, "print the screen as it stands and return")
	return command
}

func (f *watchFlags) run(command *cobra.Command, args []string) error {
	c, bg, err := f.read(command, args)
	if err != nil {
		return err
	}
	if _, known := desk.Release(bg, f.release); f.release != "" && !known {
		return fmt.Errorf("%s has no release %s; kubectl tealgate history %s lists them", bg.Name, f.release, bg.Name)
	}
	if f.once {
		view, err := c.view(command.Context(), bg)
		if err == nil {
			out := command.OutOrStdout()
			fmt.Fprintln(out, strings.Join(view.Screen(colorful(out)), "\n"))
		}
		return err
	}
	ctx, cancel := command.Context(), func() {}
	if f.timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("not ended in %s", f.timeout))
	}
	defer cancel()
	show := newDisplay(command.OutOrStdout())
	ended, err := f.follow(ctx, c, bg, show)
	show.end()
	if command.Context().Err() != nil {
		command.SilenceErrors = true
		return exitError(exitNo)
	}
	if err != nil {
		return err
	}
	return end(command, ended, v1alpha1.OutcomeSucceeded)
}

// follow shows what there is until the release has ended: the one of the flag, the one on
// its way, else the next.
func (f *watchFlags) follow(ctx context.Context, c *cluster, bg *v1alpha1.BlueGreen, show *display) (*v1alpha1.ReleaseSummary, error) {
	last, release := "", f.release
	if !desk.Running(bg) && bg.Status.Release != nil {
		last = bg.Status.Release.Name
	}
	if release == "" && desk.Running(bg) {
		release = bg.Status.Release.Name
	}
	var ended v1alpha1.ReleaseSummary
	err := c.until(ctx, bg.Name, show.draw, func(bg *v1alpha1.BlueGreen) (bool, error) {
		if r := bg.Status.Release; release == "" && r != nil && r.Name != last {
			release = r.Name
		}
		if release == "" {
			return false, nil
		}
		known := false
		if ended, known = desk.Release(bg, release); !known {
			return false, fmt.Errorf("%s remembers no release %s any more", bg.Name, release)
		}
		return ended.Outcome != "", nil
	})
	return &ended, err
}
