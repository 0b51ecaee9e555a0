//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/env"
	"github.com/tealgate/tealgate/test/node"
)

const (
	// patience is how long a state may take to come about: with slow machines in mind,
	// it is no figure.
	patience = 2 * time.Minute
	// step is how often is looked whether it has.
	step = 100 * time.Millisecond
)

// cluster is what the scenarios play on, and the administrator's access to it.
type cluster struct {
	client.Client
	config *rest.Config

	kubeconfig string
	// path is the PATH of kubectl: with kubectl tealgate in it.
	path    string
	kubectl string
	home    string

	// auditLog is the API server's; empty on a cluster that exists.
	auditLog string
	// forgiven is how many refusals of it came while tealgate was taken away.
	forgiven int
}

// result is what kubectl answered.
type result struct {
	stdout, stderr string
	code           int
}

func (r result) String() string { return r.stdout + r.stderr }

// connect starts the node, ended with the test, or takes the cluster that exists.
func connect(t *testing.T) *cluster {
	t.Helper()
	kubectl, err := env.FindBinary(t.Context(), "kubectl")
	require.NoError(t, err)
	c := &cluster{kubectl: kubectl, home: t.TempDir(), kubeconfig: os.Getenv(kubeconfigVariable)}
	programs := filepath.Join(node.Folder(), "bin")
	if c.kubeconfig == "" {
		c.startNode(t)
	} else {
		programs = t.TempDir()
		output, err := exec.CommandContext(t.Context(), "go", "build", "-o", programs+"/", "../../cmd/kubectl-tealgate").CombinedOutput()
		require.NoError(t, err, string(output))
	}
	c.path = strings.Join([]string{programs, filepath.Dir(kubectl), os.Getenv("PATH")}, ":")

	c.config, err = clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(t, err)
	c.config.QPS, c.config.WarningHandler = -1, rest.NoWarnings{}
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	c.Client, err = client.New(c.config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	if c.auditLog == "" {
		c.borrow(t)
	}
	return c
}

func (c *cluster) startNode(t *testing.T) {
	t.Helper()
	images, err := filepath.Glob(filepath.Join(node.Folder(), "*.tar"))
	require.NoError(t, err)
	c.auditLog = filepath.Join(c.home, "audit.log")
	n, err := node.Start(t.Context(), node.Options{
		Binaries: filepath.Dir(c.kubectl), Pause: "docker.io/tealgate-e2e/pause:1", Images: images, AuditLog: c.auditLog,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop()) })
	c.kubeconfig = n.Kubeconfig
}

// try runs kubectl as a user, "" for the administrator, with input. Users exist by
// having rights (--as): system:masters or a role binding gives them.
func (c *cluster) try(t *testing.T, user, input string, args ...string) result {
	t.Helper()
	if user != "" {
		args = append([]string{"--as=" + user}, args...)
	}
	// When tests are tidied up after, their context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.kubectl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "KUBERC=off", "HOME="+c.home, "PATH="+c.path, "TZ=UTC")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err, "kubectl %s: %s", args, &stderr)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// do runs kubectl as the administrator, which has to succeed, and returns its output.
func (c *cluster) do(t *testing.T, args ...string) string {
	t.Helper()
	r := c.try(t, "", "", args...)
	require.Zero(t, r.code, "kubectl %s: %s", args, r)
	return r.stdout
}

// until polls for a state, and shows what is on the cluster if it does not come about.
// An error is no state yet.
func (c *cluster) until(t *testing.T, what string, reached func(ctx context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for {
		ok, err := reached(ctx)
		if ok && err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			c.show(t)
			require.FailNow(t, "not after "+patience.String()+": "+what, "last: %v", err)
		}
	}
}

// show logs what a person would look at.
func (c *cluster) show(t *testing.T) {
	t.Helper()
	for _, line := range []string{
		"get pods,services,deployments,bluegreens,decisions -A -o wide --ignore-not-found",
		"get events -A --sort-by=.lastTimestamp",
		"-n tealgate-system logs -l app.kubernetes.io/name=tealgate --tail=30 --prefix",
	} {
		t.Logf("kubectl %s\n%s", line, c.try(t, "", "", strings.Fields(line)...))
	}
}
