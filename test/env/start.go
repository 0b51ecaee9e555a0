package env

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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

	var err error
	if c.authority, err = newAuthority(); err != nil {
		return err
	}
	if err := c.authority.write(c.Dir); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx); err != nil {
		return err
	}
	return c.startControllers(ctx)
}

// startAPIServer runs etcd and the API server and makes the administrator known.
func (c *Cluster) startAPIServer(ctx context.Context) error {
	var ports [3]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	etcdURL := "http://127.0.0.1:" + strconv.Itoa(ports[0])
	etcd, err := c.run("etcd", etcdArgs(c.Dir, etcdURL, "http://127.0.0.1:"+strconv.Itoa(ports[1]))...)
	if err != nil {
		return err
	}
	if err := c.waitFor(ctx, "etcd answers", etcd, answers(http.DefaultTransport, etcdURL+"/health")); err != nil {
		return err
	}

	args, err := apiServerArgs(c.Dir, etcdURL, ports[2], c.options)
	if err != nil {
		return err
	}
	server, err := c.run("kube-apiserver", args...)
	if err != nil {
		return err
	}
	if err := c.introduceAdmin("https://127.0.0.1:" + strconv.Itoa(ports[2])); err != nil {
		return err
	}
	transport, err := rest.TransportFor(c.Config)
	if err != nil {
		return err
	}
	return c.waitFor(ctx, "the API server is ready", server, answers(transport, c.Config.Host+"/readyz"))
}

// introduceAdmin fills in what is needed to talk to the API server at host.
func (c *Cluster) introduceAdmin(host string) error {
	admin, err := c.authority.user("admin", []string{"system:masters"})
	if err != nil {
		return err
	}
	c.Config = &rest.Config{
		Host: host,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.authority.pem, CertData: admin.cert, KeyData: admin.key,
		},
		// No limit: a test that creates many objects should not wait for itself.
		QPS: -1,
	}
	if c.client, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	c.Kubeconfig, err = c.writeKubeconfig("admin", credentialAuth(admin))
	return err
}

// startControllers runs everything that is a client of the API server, and waits
// until all of it together brings a pod to life.
func (c *Cluster) startControllers(ctx context.Context) error {
	stages := filepath.Join(c.Dir, "stages.yaml")
	if err := os.WriteFile(stages, stagesYAML, 0o600); err != nil {
		return err
	}
	for _, program := range []struct {
		name string
		args []string
	}{
		{"kube-controller-manager", controllerManagerArgs(c.Dir, c.Kubeconfig)},
		{"kube-scheduler", schedulerArgs(c.Kubeconfig)},
		{"kwok", kwokArgs(c.Kubeconfig, stages)},
	} {
		if _, err := c.run(program.name, program.args...); err != nil {
			return err
		}
	}
	if err := c.createNodes(ctx); err != nil {
		return err
	}
	return c.proveUsable(ctx)
}

// run starts a program of the cluster and has Stop end it.
func (c *Cluster) run(name string, args ...string) (*process, error) {
	p, err := startProcess(c.Dir, c.Binary(name), args...)
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, p)
	return p, nil
}

// waitFor polls until done reports true; an error of done means not yet. It gives
// up when ctx ends or when any program of the cluster does. What is waited for
// goes into the error, with the log of the program that has to bring it about.
func (c *Cluster) waitFor(ctx context.Context, what string, by *process, done wait.ConditionWithContextFunc) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		for _, p := range c.processes {
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
	return fmt.Errorf("%w; %s says:\n%s", err, by.name, by.tail())
}

var errEnded = errors.New("a program ended")

// answers is true once url answers 200.
func answers(transport http.RoundTripper, url string) wait.ConditionWithContextFunc {
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
	return func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		response, err := client.Do(request)
		if err != nil {
			return false, err
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	}
}
