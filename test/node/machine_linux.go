package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program of the distribution, and the Debian package that has it.
type program struct{ path, debian string }

// needed are those that a node takes.
var needed = []program{
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"iptables-save", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"mount", "mount"},
	{filepath.Join(pluginDir, "bridge"), "containernetworking-plugins"},
	{filepath.Join(pluginDir, "host-local"), "containernetworking-plugins"},
	{filepath.Join(pluginDir, "loopback"), "containernetworking-plugins"},
	{filepath.Join(pluginDir, "portmap"), "containernetworking-plugins"},
}

// module of the kernel, and a file that is there once it is loaded.
type module struct{ name, file string }

// loaded are the modules that nothing else loads when they are needed.
var loaded = []module{{"br_netfilter", throughBridge}}

// checkMachine says everything that is missing.
func checkMachine(needed []program, loaded []module) error {
	// Programs of the administrator need not be in the PATH of the test.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	var errs []error
	if os.Geteuid() != 0 {
		errs = append(errs, fmt.Errorf("a real node takes root, this is user %d", os.Geteuid()))
	}
	var packages []string
	for _, program := range needed {
		if _, err := exec.LookPath(program.path); err != nil {
			errs = append(errs, err)
			packages = append(packages, program.debian)
		}
	}
	if len(packages) > 0 {
		errs = append(errs, fmt.Errorf("make e2e installs it on Debian: %s", strings.Join(packages, " ")))
	}
	for _, module := range loaded {
		if _, err := os.Stat(module.file); err != nil {
			errs = append(errs, fmt.Errorf("the kernel module %s is not loaded, which modprobe %s does: %w", module.name, module.name, err))
		}
	}
	for _, path := range []string{os.TempDir(), os.Getenv("HOME")} {
		for _, covered := range []string{"/run", "/var/lib", "/var/log"} {
			if resolved, err := filepath.EvalSymlinks(path); err == nil && strings.HasPrefix(resolved+"/", covered+"/") {
				errs = append(errs, fmt.Errorf("%s is below %s, which the node covers with its own: set TMPDIR or HOME", path, covered))
			}
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("this machine cannot run a real node; E2E_KUBECONFIG=FILE takes a cluster that exists: %w", errors.Join(errs...))
	}
	return nil
}

// command runs a program and returns what it says.
func command(name string, args ...string) (string, error) {
	output, err := exec.Command(name, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(output), nil
}
