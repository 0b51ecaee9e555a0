package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// pollInterval is how often something is asked whether it is ready yet.
const pollInterval = 50 * time.Millisecond

// start runs the programs in the order in which they need each other.
func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.StartTimeout,
		fmt.Errorf("not usable after %s", c.options.StartTimeout))
	defer cancel()

	if err := c.plane.start(ctx, c); err != nil {
		return err
	}
	if err := c.introduceAdmin(ctx); err != nil {
		return err
	}
	return c.startControllers(ctx)
}

// introduceAdmin fills in what is needed to talk to the API server, and waits until
// that is ready for it.
func (c *Cluster) introduceAdmin(ctx context.Context) error {
	// No limit: a test that creates many objects should not wait for itself.
	admin, err := c.plane.addUser("admin", []string{"system:masters"}, &rest.Config{QPS: -1})
	if err != nil {
		return err
	}
	c.Config = admin.Config()
	c.Config.Host = strings.TrimSuffix(c.Config.Host, "/")
	if c.client, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	content, err := admin.KubeConfig()
	if err != nil {
		return err
	}
	if c.Kubeconfig, err = c.writeKubeconfig("admin", content); err != nil {
		return err
	}
	return c.waitFor(ctx, "the API server is ready", c.processNamed("kube-apiserver"), func(ctx context.Context) (bool, error) {
		err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		return err == nil, err
	})
}

// startControllers runs everything that is a client of the API server, and waits
// until all of it together brings a pod to life.
func (c *Cluster) startControllers(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(c.Dir, "ca.crt"), c.Config.CAData, 0o600); err != nil {
		return err
	}
	if err := c.Run(c.Binary("kube-controller-manager"), controllerManagerArgs(c.Dir, c.Kubeconfig)...); err != nil {
		return err
	}
	if err := c.Run(c.Binary("kube-scheduler"), schedulerArgs(c.Kubeconfig)...); err != nil {
		return err
	}
	if c.options.Address != "" {
		return c.serviceAccounts(ctx)
	}
	stages := filepath.Join(c.Dir, "stages.yaml")
	if err := os.WriteFile(stages, stagesYAML, 0o600); err != nil {
		return err
	}
	if err := c.Run(c.Binary("kwok"), kwokArgs(c.Kubeconfig, stages)...); err != nil {
		return err
	}
	if err := c.createNodes(ctx); err != nil {
		return err
	}
	return c.proveUsable(ctx)
}

// Run starts another program of the cluster, which Stop ends, before those that were
// started earlier. It must not be called at the same time as other methods.
func (c *Cluster) Run(path string, args ...string) error {
	p, err := startProcess(c.Dir, path, args...)
	if err != nil {
		return err
	}
	c.controllers = append(c.controllers, p)
	return nil
}

// Await polls until done reports true, as Start does for itself: it gives up when ctx or
// any program of the cluster ends, and shows the log of the one that has to bring it about.
func (c *Cluster) Await(ctx context.Context, what, by string, done wait.ConditionWithContextFunc) error {
	return c.waitFor(ctx, what, c.processNamed(by), done)
}

// waitFor polls until done reports true; an error of done means not yet. It gives
// up when ctx ends or when any program of the cluster does. What is waited for
// goes into the error, with the log of the program that has to bring it about.
func (c *Cluster) waitFor(ctx context.Context, what string, by *process, done wait.ConditionWithContextFunc) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		for _, p := range c.processes() {
			if p.ended() {
				return false, errEnded
			}
		}
		ok, err := done(ctx)
		if err != nil && ctx.Err() == nil {
			last = err
		}
		return ok && err == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errEnded):
		// Stop names the program and shows its log.
		return fmt.Errorf("wait until %s: %w", what, err)
	}
	err = fmt.Errorf("wait until %s: %w", what, context.Cause(ctx))
	if last != nil {
		err = fmt.Errorf("%w; last seen: %w", err, last)
	}
	return by.says(err)
}

var errEnded = errors.New("a program ended")
