package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/tealgate/tealgate/internal/adopt"
)

const adoptLong = `Bring a Deployment and the Services before it under tealgate, without a dropped request.

A selector is immutable, so the Deployment gets its color by being replaced, once: a copy,
shop-blue, starts its pods beside; when all are ready the Service selects the color; when
the EndpointSlices name the pods of the copy alone, the old Deployment is deleted. Nothing
is scaled down before. Then the preview Service is made and, where the namespace is in
enforce, the BlueGreen.

Without --apply the steps are printed, and the API server is asked in a dry run whether it
would admit the copy. With --apply they are performed. Each reads what is there: after an
interruption run the same again, and it goes on. Autoscalers follow. Stop what applies the
old manifest meanwhile; afterwards apply it through kubectl tealgate render.

Exit code 0: done, or printed; 1: stopped after --steps; 2: something went wrong, and the
message says where it stands.`

const adoptExample = `  kubectl tealgate adopt shop -n shop
  kubectl tealgate adopt shop -n shop --apply
  kubectl tealgate adopt shop -n shop --apply --steps 1`

// moveFlags are those of adopt and eject.
type moveFlags struct {
	cluster        *genericclioptions.ConfigFlags
	apply, dry     bool
	steps          int
	timeout, drain time.Duration
	glass          string
}

func newAdopt() *cobra.Command {
	flags := &moveFlags{}
	command := &cobra.Command{
		Use: "adopt DEPLOYMENT", Short: "Bring an application under tealgate", Long: adoptLong, Example: adoptExample,
		Args: oneDeployment, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, args []string) error {
			return flags.run(command, args[0], adopt.App.Plan, adopt.App.Adopt)
		},
	}
	flags.add(command)
	return command
}

func oneDeployment(command *cobra.Command, names []string) error {
	if len(names) != 1 {
		return fmt.Errorf("name one Deployment: %s", command.UseLine())
	}
	return nil
}

func (f *moveFlags) add(command *cobra.Command) {
	f.cluster = genericclioptions.NewConfigFlags(true)
	addCluster(command, f.cluster)
	set := command.Flags()
	set.BoolVar(&f.apply, "apply", false, "perform the steps")
	set.BoolVar(&f.dry, "dry-run", false, "print the steps only, as without --apply")
	set.IntVar(&f.steps, "steps", 0, "stop after so many steps; 0 is all")
	set.DurationVar(&f.timeout, "timeout", 10*time.Minute, "how long each step may take")
	set.DurationVar(&f.drain, "drain", 30*time.Second, "how long pods go on after no Service selects them any more")
	command.MarkFlagsMutuallyExclusive("apply", "dry-run")
}

// run plans or performs.
func (f *moveFlags) run(command *cobra.Command, name string, plan, perform func(adopt.App, context.Context, adopt.Options) error) error {
	if f.timeout <= 0 || f.drain < 0 || f.steps < 0 {
		return errors.New("--timeout must be more than 0, --drain and --steps not less")
	}
	cluster, err := connect(f.cluster)
	if err != nil {
		return err
	}
	app := adopt.App{Client: cluster.client, Namespace: cluster.namespace, Name: name}
	options := adopt.Options{Timeout: f.timeout, Drain: f.drain, Steps: f.steps, BreakGlass: f.glass, Out: command.OutOrStdout()}
	if !f.apply {
		if err := plan(app, command.Context(), options); err != nil {
			return err
		}
		fmt.Fprintln(command.OutOrStdout(), "Nothing was changed. To perform the steps add --apply.")
		return nil
	}
	err = perform(app, command.Context(), options)
	if errors.Is(err, adopt.ErrStopped) {
		command.SilenceErrors = true
		command.PrintErrln("Stopped as asked. Run it again to go on.")
		return exitError(exitNo)
	}
	return err
}
