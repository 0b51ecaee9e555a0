package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

// decideLong is behind what each of the verdicts does.
const decideLong = `

Your word is kept as a Decision under the name by which the cluster knows you (kubectl
auth whoami). It takes the right to create %s in the namespace.`

// decideFlags are the flags as they were given.
type decideFlags struct {
	person
	reason, release string
	wait            bool
	timeout         time.Duration
}

func newGo() *cobra.Command {
	return newDecide(v1alpha1.VerdictGo, &cobra.Command{
		Use:   "go NAME [--reason TEXT]",
		Short: "Say Go: let a verified release switch",
		Long: "Say Go: let the release that is on its way switch the traffic.\n\n" +
			"With --wait it returns once the release has ended, with exit code 1 unless it Succeeded.",
		Example: `  kubectl tealgate go shop --reason 'smoke test and checkout look fine'
  kubectl tealgate go shop --release shop-17 --wait`,
	})
}

func newNoGo() *cobra.Command {
	return newDecide(v1alpha1.VerdictNoGo, &cobra.Command{
		Use:     "no-go NAME [--reason TEXT]",
		Short:   "Say NoGo: end a release before the switch",
		Long:    "Say NoGo: end the release that is on its way before it switches. It beats Go; the new color\nis retired.",
		Example: `  kubectl tealgate no-go shop --reason 'checkout is slow'`,
	})
}

func newRollback() *cobra.Command {
	return newDecide(v1alpha1.VerdictRollback, &cobra.Command{
		Use:   "rollback NAME [--reason TEXT]",
		Short: "Move the traffic back to the old color",
		Long: "Move the traffic back to the old color, whatever becomes of the new one. It works until the\n" +
			"old color is retired, while a release is paused and while releases are frozen.",
		Example: `  kubectl tealgate rollback shop --reason 'orders fail'
  kubectl tealgate rollback shop --wait --timeout 1m`,
	})
}

// newDecide completes a command by which a verdict on a release is given.
func newDecide(verdict v1alpha1.Verdict, command *cobra.Command) *cobra.Command {
	flags := &decideFlags{}
	command.Long += fmt.Sprintf(decideLong, "decisions/"+strings.ToLower(string(verdict)))
	command.Args = oneName
	command.RunE = func(command *cobra.Command, args []string) error { return flags.run(command, args[0], verdict, nil) }
	flags.add(command, nil)
	command.Flags().BoolVar(&flags.wait, "wait", false, "wait until the release has ended")
	command.Flags().DurationVar(&flags.timeout, "timeout", 2*time.Hour, "how long to wait with --wait")
	return command
}

func newCheckOff() *cobra.Command {
	flags := &decideFlags{}
	return flags.add(&cobra.Command{
		Use:   "check-off NAME ITEM... [--reason TEXT]",
		Short: "Tick items of a release's checklist",
		Long:  "Tick items of the checklist of the release that is on its way." + fmt.Sprintf(decideLong, "decisions/checked"),
		Example: `  kubectl tealgate check-off shop login-and-order
  kubectl tealgate check-off shop login payment --reason 'tried by hand on the preview'`,
		Args: func(command *cobra.Command, args []string) error { return oneName(command, args[:min(1, len(args))]) },
		RunE: func(command *cobra.Command, args []string) error {
			return flags.run(command, args[0], v1alpha1.VerdictChecked, args[1:])
		},
	}, openItems)
}

func (f *decideFlags) add(command *cobra.Command, more func(*cluster, *cobra.Command, []string) []cobra.Completion) *cobra.Command {
	f.command(command, more)
	command.Flags().StringVar(&f.reason, "reason", "", "why, for those who read it afterwards")
	command.Flags().StringVar(&f.release, "release", "", "decide only if this is the release on its way, such as shop-17")
	return command
}

// openItems completes what is not checked off yet.
func openItems(c *cluster, command *cobra.Command, have []string) []cobra.Completion {
	bg, err := c.blueGreen(command.Context(), have[0])
	if err != nil {
		return nil
	}
	return desk.Open(bg)
}

// run says a verdict on the release that is on its way, for a checklist once an item.
func (f *decideFlags) run(command *cobra.Command, name string, verdict v1alpha1.Verdict, items []string) error {
	ctx := command.Context()
	c, bg, err := f.read(command, []string{name})
	if err != nil {
		return err
	}
	word := desk.Word{Verdict: verdict, Release: f.release}
	if word.By, err = c.whoami(ctx); err != nil {
		return err
	}
	if verdict != v1alpha1.VerdictChecked {
		items = []string{""}
	}
	if len(items) == 0 {
		return noItem(bg, word)
	}
	for _, item := range items {
		word.Item = item
		if err := word.Fits(bg, time.Now()); err != nil {
			return err
		}
	}
	for _, item := range items {
		word.Item = item
		if err := c.say(ctx, bg, word, f.reason); err != nil {
			return err
		}
		fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", word, word.Next(bg, time.Now()))
		word.Tick(bg, time.Now())
	}
	if !f.wait {
		return nil
	}
	return f.waitFor(command, c, bg, verdict)
}

// noItem says what could be checked off.
func noItem(bg *v1alpha1.BlueGreen, word desk.Word) error {
	open := desk.Open(bg)
	if len(open) == 0 {
		if err := word.Fits(bg, time.Now()); err != nil {
			return err
		}
	}
	return fmt.Errorf("name what you checked, open are: %s", strings.Join(open, ", "))
}

// askInterval is how often to try whether a Decision would be young enough by now.
const askInterval = 100 * time.Millisecond

// say creates the Decision. One counts only if it is younger than what it is about, and the
// API server's times have seconds: where that matters the API server is first asked, in dry
// runs, which time it would give, for two seconds at most.
func (c *cluster) say(ctx context.Context, bg *v1alpha1.BlueGreen, word desk.Word, reason string) error {
	ctx, cancel := requesting(ctx)
	defer cancel()
	since := desk.Since(bg, word.Verdict)
	for deadline := time.Now().Add(2 * time.Second); !since.IsZero(); {
		trial := decision(bg, word, reason)
		if err := c.client.Create(ctx, trial, client.DryRunAll); err != nil {
			return explained(ctx, err)
		}
		if trial.CreationTimestamp.After(since) {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s changed at %s, and by the clock of the API server that is not over yet: nothing was decided",
				bg.Status.Release.Name, since.UTC().Format(time.RFC3339))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(askInterval):
		}
	}
	return explained(ctx, c.client.Create(ctx, decision(bg, word, reason)))
}

func decision(bg *v1alpha1.BlueGreen, word desk.Word, reason string) *v1alpha1.Decision {
	release := bg.Status.Release.Name
	return &v1alpha1.Decision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: bg.Namespace, GenerateName: fmt.Sprintf("%s-%s-", release, strings.ToLower(string(word.Verdict))),
		},
		Spec: v1alpha1.DecisionSpec{
			BlueGreen: bg.Name, Release: release, Verdict: word.Verdict, Item: word.Item, Reason: reason, DecidedBy: word.By,
		},
	}
}

// waitFor waits for the end that a verdict is meant to bring about.
func (f *decideFlags) waitFor(command *cobra.Command, c *cluster, bg *v1alpha1.BlueGreen, verdict v1alpha1.Verdict) error {
	ctx, cancel := context.WithTimeoutCause(command.Context(), f.timeout,
		fmt.Errorf("%s has not ended in %s; kubectl tealgate watch %s shows what it waits for", bg.Status.Release.Name, f.timeout, bg.Name))
	defer cancel()
	ended, err := c.outcome(ctx, bg.Name, bg.Status.Release.Name, nil)
	if err != nil {
		return err
	}
	meant := map[v1alpha1.Verdict]v1alpha1.Outcome{
		v1alpha1.VerdictGo: v1alpha1.OutcomeSucceeded, v1alpha1.VerdictNoGo: v1alpha1.OutcomeAborted, v1alpha1.VerdictRollback: v1alpha1.OutcomeRolledBack,
	}
	return end(command, ended, meant[verdict])
}

// end says how a release ended. The exit code is whether that is what was wanted.
func end(command *cobra.Command, release *v1alpha1.ReleaseSummary, wanted v1alpha1.Outcome) error {
	fmt.Fprintln(command.OutOrStdout(), desk.Ended(*release))
	if release.Outcome != wanted {
		command.SilenceErrors = true
		return exitError(exitNo)
	}
	return nil
}
