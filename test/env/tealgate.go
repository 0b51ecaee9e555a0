package env

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tealgateTimeout bounds each wait for tealgate: its start, and the moment when
// the API server knows of a new webhook configuration or a namespace's label.
const tealgateTimeout = 90 * time.Second

// TealgateOptions say how tealgate is installed. The zero value is the usual way.
type TealgateOptions struct {
	// Binary is the program; empty means that it is built from this repository, static
	// as in the image.
	Binary string

	// Manifests is the folder of the repository that is installed; empty is manifests.
	Manifests string

	// Timeout is how many seconds the API server gives the webhooks, which take half of them
	// to decide; 0 is what the manifests say.
	Timeout int64

	// Unready says not to wait until tealgate is ready, nor for its CA.
	Unready bool

	// Args are put behind `tealgate serve` and its own arguments, so they win.
	Args []string

	// Reach changes how tealgate reaches the API server; nil is directly. It gets
	// what its kubeconfig says of the cluster.
	Reach func(*clientcmdapi.Cluster)
}

// Tealgate is tealgate installed in a cluster from the repository's manifests:
// with its roles, its ServiceAccount and its webhook configurations, but as a
// process of this machine, because no pod really runs. Its methods must not be
// called at the same time.
type Tealgate struct {
	// Metrics is the URL of its metrics, Ready that of its readiness.
	Metrics, Ready string

	// Webhook is the address that its webhooks listen on.
	Webhook string

	cluster    *Cluster
	binary     string
	kubeconfig string
	// args are all arguments, more those that were asked for.
	args, more []string
	// timeout is that of TealgateOptions.
	timeout int64
	// suffix tells replicas apart on disk.
	suffix  string
	process *process
	// starts and replicas count.
	starts, replicas int
	// killed says that the one before could not give its lease back.
	killed bool

	unmutated bool
}

// InstallTealgate applies the manifests, starts `tealgate serve` as the
// ServiceAccount of the manifests, and returns when the admission policies act, it is
// ready and its CA is in the webhook configurations. After an error nothing of it runs.
func InstallTealgate(ctx context.Context, c *Cluster, options TealgateOptions) (*Tealgate, error) {
	binary := options.Binary
	if binary == "" {
		repository, err := repositoryDir(ctx)
		if err != nil {
			return nil, err
		}
		binary = filepath.Join(c.Dir, "tealgate")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/tealgate")
		build.Dir, build.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build tealgate: %w\n%s", err, output)
		}
	}
	addresses, err := freeAddresses(3)
	if err != nil {
		return nil, err
	}
	if err := applyManifests(ctx, c, options.Manifests, addresses[0], options.Timeout); err != nil {
		return nil, err
	}
	if err := waitForPolicies(ctx, c); err != nil {
		return nil, err
	}
	kubeconfig, err := c.ServiceAccountKubeconfig(ctx, "tealgate-system", "tealgate")
	if err == nil && options.Reach != nil {
		err = reroute(kubeconfig, options.Reach)
	}
	if err != nil {
		return nil, err
	}
	t := newTealgate(c, binary, kubeconfig, addresses, options.Args)
	t.timeout = options.Timeout
	if options.Unready {
		return t, t.run()
	}
	if err := t.Start(ctx); err != nil {
		return nil, err
	}
	if err := t.waitForCA(ctx); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

func newTealgate(c *Cluster, binary, kubeconfig string, addresses, args []string) *Tealgate {
	return &Tealgate{
		Metrics: "http://" + addresses[1] + "/metrics",
		Ready:   "http://" + addresses[2] + "/readyz",
		Webhook: addresses[0],
		cluster: c, binary: binary, kubeconfig: kubeconfig, more: args,
		args: append([]string{
			"serve", "--kubeconfig", kubeconfig, "--webhook-address", addresses[0], "--metrics-address", addresses[1],
			"--health-address", addresses[2], "--certificate-names", "127.0.0.1", "--drain-delay", "0s",
		}, args...),
	}
}

// Replica starts another tealgate beside this one and returns when it is ready; with other
// arguments in the place of TealgateOptions' if there are any. The API server sends it no
// requests before its Apply. It is stopped by its own Stop.
func (t *Tealgate) Replica(ctx context.Context, args ...string) (*Tealgate, error) {
	addresses, err := freeAddresses(3)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = t.more
	}
	replica := newTealgate(t.cluster, t.binary, t.kubeconfig, addresses, args)
	replica.timeout = t.timeout
	t.replicas++
	replica.suffix = fmt.Sprintf("%s-replica-%d", t.suffix, t.replicas)
	return replica, replica.Start(ctx)
}

// Apply applies a folder of the repository's manifests so that the API server calls this
// tealgate from then on.
func (t *Tealgate) Apply(ctx context.Context, manifests string) error {
	return applyManifests(ctx, t.cluster, manifests, t.Webhook, t.timeout)
}

// Start starts tealgate, the first time or after Kill or Stop, and returns when
// it is ready. After Kill it need not wait until the dead one's lease is over: that
// would be the 15 seconds of client-go.
func (t *Tealgate) Start(ctx context.Context) error {
	if t.killed {
		if err := t.dropLease(ctx); err != nil {
			return err
		}
		t.killed = false
	}
	if err := t.run(); err != nil {
		return err
	}
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		if t.process.ended() {
			return false, t.process.endedByItself()
		}
		code, err := get(ctx, t.Ready, io.Discard)
		return err == nil && code == http.StatusOK, nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("tealgate is not ready: %w\n%s", err, t.process.tail()), t.Stop())
	}
	return nil
}

// run starts the program and does not wait for anything.
func (t *Tealgate) run() error {
	t.starts++
	dir := filepath.Join(t.cluster.Dir, fmt.Sprintf("tealgate%s-%d", t.suffix, t.starts))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	var err error
	t.process, err = startProcess(dir, t.binary, t.args...)
	return err
}

// Kill ends tealgate as a crash would. It does nothing if it does not run.
func (t *Tealgate) Kill() error {
	if t.process == nil || t.process.ended() {
		return nil
	}
	if err := t.process.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill tealgate: %w", err)
	}
	<-t.process.done
	t.killed = true
	return nil
}

// Stop asks tealgate to end and returns when it has. The error says that it had
// ended by itself before.
func (t *Tealgate) Stop() error { return t.process.stop() }

// Runs reports whether the tealgate that was started last has not ended.
func (t *Tealgate) Runs() bool { return !t.process.ended() }

// PID returns the process id of the tealgate that was started last.
func (t *Tealgate) PID() int { return t.process.pid }

// Log returns what the tealgate that was started last has logged.
func (t *Tealgate) Log() (string, error) {
	content, err := os.ReadFile(t.process.logPath)
	return string(content), err
}

// ReadMetrics returns the metrics as text.
func (t *Tealgate) ReadMetrics(ctx context.Context) (string, error) {
	var body bytes.Buffer
	code, err := get(ctx, t.Metrics, &body)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("metrics: HTTP %d", code)
	}
	return body.String(), err
}

// Namespace creates a namespace in a mode and returns when the API server sends
// its requests to tealgate. Labels and webhook configurations reach it with a
// delay, so it is asked by dry runs until one arrives.
func (t *Tealgate) Namespace(ctx context.Context, name, mode string) error {
	manifest := fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {tealgate.dev/mode: %s}}}", name, mode)
	if err := t.cluster.apply(ctx, manifest); err != nil {
		return err
	}
	return t.WaitForMode(ctx, name, mode)
}

// Mutates tells whether the mutating configuration is there, so that nothing waits for
// one that is gone.
func (t *Tealgate) Mutates(there bool) { t.unmutated = !there }

// WaitForMode returns when requests in the namespace arrive at the entries of that
// mode, as seen in tealgate's metrics: at the one that judges, and at the one that
// mutates, unless the mode is audit. The API server learns of the two webhook
// configurations independently.
func (t *Tealgate) WaitForMode(ctx context.Context, namespace, mode string) error {
	probe := fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {namespace: %s, generateName: probe-}, spec: {ports: [{port: 80}]}}`, namespace)
	entries := []string{fmt.Sprintf(`webhook="validate-%s"`, mode)}
	if mode != "audit" && !t.unmutated {
		entries = append(entries, `webhook="mutate"`)
	}
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		before, err := t.count(ctx, entries)
		if err != nil {
			return false, err
		}
		result, err := t.cluster.KubectlWith(ctx, KubectlOptions{Stdin: strings.NewReader(probe)}, "create", "--dry-run=server", "-f", "-")
		if err != nil {
			return false, err
		}
		after, err := t.count(ctx, entries)
		if err != nil {
			return false, err
		}
		for i := range entries {
			if after[i] <= before[i] {
				return false, nil
			}
		}
		return result.Code == 0, nil
	})
	if err != nil {
		return fmt.Errorf("namespace %s is not in mode %s: %w", namespace, mode, err)
	}
	return nil
}

// count adds up the admission requests with each of the labels.
func (t *Tealgate) count(ctx context.Context, labels []string) ([]float64, error) {
	text, err := t.ReadMetrics(ctx)
	if err != nil {
		return nil, err
	}
	sums := make([]float64, len(labels))
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "tealgate_admission_requests_total{") {
			continue
		}
		for i, label := range labels {
			if !strings.Contains(line, label) {
				continue
			}
			var value float64
			if _, err := fmt.Sscanf(line[strings.LastIndexByte(line, ' ')+1:], "%g", &value); err != nil {
				return nil, fmt.Errorf("metrics: %q: %w", line, err)
			}
			sums[i] += value
		}
	}
	return sums, nil
}

// waitForCA returns when every entry of both configurations has a caBundle.
func (t *Tealgate) waitForCA(ctx context.Context) error {
	const path = `-o=jsonpath={range .webhooks[*]}[{.clientConfig.caBundle}]{end}`
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
			result, err := t.cluster.Kubectl(ctx, "get", kind, "tealgate", path)
			if err != nil || result.Code != 0 || strings.Contains(result.Stdout, "[]") {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("tealgate put no CA into its webhook configurations: %w\n%s", err, t.process.tail())
	}
	return nil
}

// apply sends manifests as the administrator.
func (c *Cluster) apply(ctx context.Context, manifests string) error {
	options := KubectlOptions{Stdin: strings.NewReader(manifests)}
	result, err := c.KubectlWith(ctx, options, "apply", "--server-side", "-f", "-")
	if err != nil {
		return err
	}
	if result.Code != 0 {
		return fmt.Errorf("kubectl apply: %s", result)
	}
	return nil
}

func repositoryDir(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// freeAddresses returns addresses on 127.0.0.1 that nobody listens on.
func freeAddresses(count int) ([]string, error) {
	addresses := make([]string, count)
	for i := range addresses {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		addresses[i] = listener.Addr().String()
	}
	return addresses, nil
}

func get(ctx context.Context, url string, body io.Writer) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(body, response.Body)
	return response.StatusCode, err
}

func poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, tealgateTimeout, true, condition)
}
