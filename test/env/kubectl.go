package env

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// KubectlOptions say who runs kubectl and what it reads. The zero value is the
// administrator with empty standard input.
type KubectlOptions struct {
	// Kubeconfig is the path of a kubeconfig file; empty means the cluster's own,
	// the administrator's.
	Kubeconfig string

	// Stdin is what "-f -" reads.
	Stdin io.Reader

	// Env is added to the environment, "KEY=value".
	Env []string

	// Dir is the working directory; empty means this process's own.
	Dir string
}

// KubectlResult is what came of one run of kubectl.
type KubectlResult struct {
	Stdout string
	// Stderr also has the warnings of the API server, one "Warning: " line each.
	Stderr string
	// Code is the exit code; 0 is success.
	Code int
}

// String is standard output followed by standard error.
func (r KubectlResult) String() string {
	return r.Stdout + r.Stderr
}

// Kubectl runs kubectl as the administrator. The error is only about kubectl that
// could not be run or was stopped by ctx; a kubectl that reports failure is a
// result with a Code. It reads no configuration of the person at the machine.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (KubectlResult, error) {
	return c.KubectlWith(ctx, KubectlOptions{}, args...)
}

// KubectlWith is Kubectl as another user or with input.
func (c *Cluster) KubectlWith(ctx context.Context, options KubectlOptions, args ...string) (KubectlResult, error) {
	kubeconfig := options.Kubeconfig
	if kubeconfig == "" {
		kubeconfig = c.Kubeconfig
	}

	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Binary("kubectl"), args...)
	cmd.Dir = options.Dir
	cmd.Env = append(c.KubectlEnv(kubeconfig), options.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = options.Stdin, &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second

	err := cmd.Run()
	result := KubectlResult{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result, fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), context.Cause(ctx))
	case err != nil && !errors.As(err, &exit):
		return result, fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return result, nil
}

// KubectlEnv is a whole environment for programs that talk to the cluster like
// kubectl does, such as its plugins: the kubeconfig, the cluster's kubectl first
// in PATH, and HOME and caches inside Dir.
func (c *Cluster) KubectlEnv(kubeconfig string) []string {
	return append(os.Environ(),
		"KUBECONFIG="+kubeconfig,
		"KUBERC=off",
		"KUBECACHEDIR="+filepath.Join(c.Dir, "kubectl-cache"),
		"HOME="+c.Dir,
		"PATH="+c.binaries+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
}
