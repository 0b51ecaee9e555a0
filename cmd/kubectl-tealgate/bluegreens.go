package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

const (
	// requestTimeout bounds each request of the commands about releases.
	requestTimeout = 30 * time.Second
	// lookInterval is how often clocks are drawn again.
	lookInterval = time.Second
	// maxObjects bounds the lists that a screen or a report is made from.
	maxObjects = 500
)

// requesting bounds one request, and says so when the bound was reached.
func requesting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, requestTimeout, fmt.Errorf("no answer from the API server in %s", requestTimeout))
}

// blueGreen reads one, live.
func (c *cluster) blueGreen(ctx context.Context, name string) (*v1alpha1.BlueGreen, error) {
	ctx, cancel := requesting(ctx)
	defer cancel()
	bg := &v1alpha1.BlueGreen{}
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, bg); err != nil {
		return nil, explained(ctx, err)
	}
	return bg, nil
}

// explained says what an error of a request means where the API server does not.
func explained(ctx context.Context, err error) error {
	switch {
	case meta.IsNoMatchError(err):
		return fmt.Errorf("this cluster knows no BlueGreens: tealgate is not installed in it (%w)", err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return err
	}
}

// view reads the two colors beside a BlueGreen. Who may not read Services or Deployments
// sees the release without them.
func (c *cluster) view(ctx context.Context, bg *v1alpha1.BlueGreen) (*desk.View, error) {
	ctx, cancel := requesting(ctx)
	defer cancel()
	services, deployments := &corev1.ServiceList{}, &appsv1.DeploymentList{}
	for _, all := range []client.ObjectList{services, deployments} {
		err := c.client.List(ctx, all, client.InNamespace(bg.Namespace), client.Limit(maxObjects))
		if apierrors.IsForbidden(err) {
			return &desk.View{BlueGreen: bg, Now: time.Now()}, nil
		}
		if err != nil {
			return nil, explained(ctx, err)
		}
	}
	return desk.NewView(bg, services.Items, deployments.Items, time.Now()), nil
}

// whoami is the user as the API server knows them, with impersonation.
func (c *cluster) whoami(ctx context.Context) (string, error) {
	ctx, cancel := requesting(ctx)
	defer cancel()
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.client.Create(ctx, review); err != nil {
		return "", fmt.Errorf("finding out who you are: %w", explained(ctx, err))
	}
	return review.Status.UserInfo.Username, nil
}

// outcome waits until a release has ended. look, if any, is shown each state on the way.
func (c *cluster) outcome(ctx context.Context, name, release string, look func(*desk.View)) (*v1alpha1.ReleaseSummary, error) {
	var found v1alpha1.ReleaseSummary
	err := c.until(ctx, name, look, func(bg *v1alpha1.BlueGreen) (bool, error) {
		known := false
		if found, known = desk.Release(bg, release); !known {
			return false, fmt.Errorf("%s remembers no release %s any more", name, release)
		}
		return found.Outcome != "", nil
	})
	return &found, err
}

// until follows a BlueGreen until it is done. look, if any, is called with each change and,
// for the clocks, each second.
func (c *cluster) until(ctx context.Context, name string, look func(*desk.View), done func(*v1alpha1.BlueGreen) (bool, error)) error {
	listening, cancel := context.WithCancel(ctx)
	f := c.follow(listening, name, look != nil)
	defer f.background.Wait()
	defer cancel()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-f.failed:
			return err
		case <-f.changed:
		case <-tick.C:
		}
		bg, err := f.now()
		if err != nil {
			return err
		}
		if bg == nil {
			continue
		}
		if look != nil {
			view := f.view(bg)
			if view == nil {
				continue
			}
			look(view)
		}
		if over, err := done(bg); over || err != nil {
			return err
		}
	}
}

// transient says whether to look again after an error: an API server that restarts ends no
// watch of a release.
func transient(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Code >= 500 || apierrors.IsTooManyRequests(err)
	}
	return !meta.IsNoMatchError(err)
}

// person is what the commands about one BlueGreen have in common.
type person struct {
	cluster *genericclioptions.ConfigFlags
}

// command fills in flags, arguments and completion. Of the arguments the first is the
// name of a BlueGreen; more completes those behind it.
func (p *person) command(command *cobra.Command, more func(*cluster, *cobra.Command, []string) []cobra.Completion) *cobra.Command {
	p.cluster = genericclioptions.NewConfigFlags(true)
	addCluster(command, p.cluster)
	command.DisableFlagsInUseLine = true
	command.ValidArgsFunction = func(command *cobra.Command, have []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		c, err := connect(p.cluster)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		switch {
		case len(have) == 0:
			return c.names(command.Context()), cobra.ShellCompDirectiveNoFileComp
		case more != nil:
			return more(c, command, have), cobra.ShellCompDirectiveNoFileComp
		default:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	return command
}

// read connects and reads the BlueGreen of the first argument.
func (p *person) read(command *cobra.Command, args []string) (*cluster, *v1alpha1.BlueGreen, error) {
	c, err := connect(p.cluster)
	if err != nil {
		return nil, nil, err
	}
	bg, err := c.blueGreen(command.Context(), args[0])
	return c, bg, err
}

// names completes BlueGreens, with where each stands.
func (c *cluster) names(ctx context.Context) []cobra.Completion {
	ctx, cancel := requesting(ctx)
	defer cancel()
	var all v1alpha1.BlueGreenList
	if err := c.client.List(ctx, &all, client.InNamespace(c.namespace), client.Limit(maxObjects)); err != nil {
		return nil
	}
	var offers []cobra.Completion
	for i := range all.Items {
		offers = append(offers, cobra.CompletionWithDesc(all.Items[i].Name, string(all.Items[i].Status.Phase)))
	}
	return offers
}

// releaseNames completes the releases that a BlueGreen remembers.
func releaseNames(c *cluster, command *cobra.Command, have []string) []cobra.Completion {
	bg, err := c.blueGreen(command.Context(), have[0])
	if err != nil {
		return nil
	}
	var offers []cobra.Completion
	for _, r := range desk.Releases(bg) {
		offers = append(offers, cobra.CompletionWithDesc(r.Name, string(r.Outcome)))
	}
	return offers
}

// oneName wants exactly one BlueGreen, with a sentence for who forgot it.
func oneName(command *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return fmt.Errorf("name a BlueGreen: %s; kubectl tealgate get lists them", command.UseLine())
	case 1:
		return nil
	default:
		return fmt.Errorf("one BlueGreen at a time: %s", command.UseLine())
	}
}
