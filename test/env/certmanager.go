package env

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// CertManager is cert-manager's controllers and its cainjector as a process of this machine.
type CertManager struct{ process *process }

// InstallCertManager applies cert-manager's CRDs. Its controllers do not run yet.
func InstallCertManager(ctx context.Context, c *Cluster) error {
	module, err := certManagerDir(ctx)
	if err != nil {
		return err
	}
	// Listing a package of it downloads the module, where listing the module does not.
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Module.Dir}}", "github.com/cert-manager/cert-manager/pkg/apis/certmanager")
	list.Dir, list.Env = module, append(os.Environ(), "GOWORK=off")
	source, err := list.Output()
	if err != nil {
		return fmt.Errorf("find cert-manager's CRDs: %w", err)
	}
	crds := filepath.Join(strings.TrimSpace(string(source)), "deploy", "crds")
	for _, name := range []string{"certificates", "certificaterequests", "issuers", "clusterissuers"} {
		result, err := c.Kubectl(ctx, "apply", "--server-side", "-f", filepath.Join(crds, "cert-manager.io_"+name+".yaml"))
		if err != nil || result.Code != 0 {
			return errors.Join(err, fmt.Errorf("apply the CRD of %s: %s", name, result))
		}
	}
	result, err := c.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=30s",
		"crd/certificates.cert-manager.io", "crd/certificaterequests.cert-manager.io", "crd/issuers.cert-manager.io")
	if err != nil || result.Code != 0 {
		return errors.Join(err, fmt.Errorf("the CRDs of cert-manager: %s", result))
	}
	return nil
}

// StartCertManager starts the controllers as a cluster administrator. They are built where
// they are missing, which takes minutes. Stop ends them.
func StartCertManager(ctx context.Context, c *Cluster) (*CertManager, error) {
	binary, err := buildCertManager(ctx, c)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.Dir, "cert-manager")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	p, err := startProcess(dir, binary, "-kubeconfig", c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	return &CertManager{process: p}, nil
}

// Stop returns when it has ended. The error says that it had ended by itself before.
func (m *CertManager) Stop() error { return m.process.stop() }

func certManagerDir(ctx context.Context) (string, error) {
	builder, err := builderDir(ctx)
	return filepath.Join(builder, "..", "certmanager"), err
}

// buildCertManager returns the program, from the cache beside that of test/kubernetes if it
// is there. Flags that would keep its packages from being shared with go vet are left out.
func buildCertManager(ctx context.Context, c *Cluster) (string, error) {
	module, err := certManagerDir(ctx)
	if err != nil {
		return "", err
	}
	key := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(key, len(content))
		key.Write(content)
	}
	// c.binaries is .../tealgate/kubernetes/KEY.
	cache := filepath.Join(c.binaries, "..", "..", "cert-manager", hex.EncodeToString(key.Sum(nil))[:10])
	binary := filepath.Join(cache, "cert-manager")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	began := time.Now()
	fmt.Fprintln(c.options.Log, "building cert-manager v1.21.2, about 130 s on 2 cores, once")
	temp := fmt.Sprintf("%s.%d.part", binary, os.Getpid())
	defer os.Remove(temp)
	build := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-buildvcs=false", "-o", temp, ".")
	build.Dir, build.Env = module, append(os.Environ(), "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cert-manager: %w\n%s", err, output)
	}
	fmt.Fprintln(c.options.Log, "built cert-manager in", time.Since(began).Round(time.Second))
	return binary, os.Rename(temp, binary)
}
