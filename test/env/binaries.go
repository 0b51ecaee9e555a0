package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// FindBinary returns the path of a program of the cluster's version, such as
// "kubectl", to who needs no cluster, or of one that no cluster needs, such as "helm".
// If it is missing it is built, and nothing else.
func FindBinary(ctx context.Context, name string) (string, error) {
	dir, err := findBinaries(ctx, Options{}.withDefaults(), "-only", name)
	return filepath.Join(dir, name), err
}

// findBinaries returns the folder of the programs. The builder decides whether
// there is anything to build; it is asked every time, so that a changed pin is
// never overlooked. args are the builder's.
func findBinaries(ctx context.Context, options Options, args ...string) (string, error) {
	if options.BinaryDir != "" {
		return filepath.Abs(options.BinaryDir)
	}
	builder, err := builderDir(ctx)
	if err != nil {
		return "", fmt.Errorf("find the builder of Kubernetes: %w", err)
	}

	cmd := exec.CommandContext(ctx, "go", append([]string{"run", "."}, args...)...)
	cmd.Dir = builder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = options.Log
	endGroupOnCancel(cmd)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go run . in %s: %w", builder, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}

// builderDir is test/kubernetes. The path of this file says where that is, except
// in a program built with -trimpath; then the go command has to know, which it
// does if the program runs somewhere inside the repository.
func builderDir(ctx context.Context) (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dir := filepath.Join(filepath.Dir(file), "..", "kubernetes")
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tealgate/tealgate").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", fmt.Errorf("go list: %w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("go list: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "test", "kubernetes"), nil
}
