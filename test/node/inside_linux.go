package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// shielded settings are the machine's. kubelet finds what it wants in them, in files of
// its own, and changes nothing.
var shielded = map[string]string{
	"/proc/sys/vm/overcommit_memory":      "1",
	"/proc/sys/vm/panic_on_oom":           "0",
	"/proc/sys/kernel/panic":              "10",
	"/proc/sys/kernel/panic_on_oops":      "1",
	"/proc/sys/kernel/keys/root_maxkeys":  "1000000",
	"/proc/sys/kernel/keys/root_maxbytes": "25000000",
}

// throughBridge has kube-proxy's rules hold between pods of one bridge, too.
const throughBridge = "/proc/sys/net/bridge/bridge-nf-call-iptables"

// initialize is what the first process of the namespaces does: it furnishes them, executes
// this program again and waits for whoever is orphaned until that ends.
func initialize(dir string) (code int, err error) {
	if err := mountAll(dir); err != nil {
		return 1, err
	}
	if err := connect(); err != nil {
		return 1, err
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return 1, err
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	if err := os.Setenv(stageVariable, stageInside); err != nil {
		return 1, err
	}
	child, err := os.StartProcess(self, os.Args, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 1, err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1, err
		case pid == child.Pid && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == child.Pid:
			return status.ExitStatus(), nil
		}
	}
}

// mountAll gives the node its own /proc, and folders of the run where programs write.
func mountAll(dir string) error {
	// Nothing that is mounted here is to be seen outside.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, bind := range []struct{ from, to string }{
		{filepath.Join(dir, "run"), "/run"},
		{filepath.Join(dir, "lib"), "/var/lib"},
		{filepath.Join(dir, "log"), "/var/log"},
	} {
		if err := syscall.Mount(bind.from, bind.to, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", bind.to, err)
		}
	}
	for setting, value := range shielded {
		file := filepath.Join(dir, "run", filepath.Base(setting))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		err := syscall.Mount(file, setting, "", syscall.MS_BIND, "")
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			return fmt.Errorf("shield %s: %w", setting, err)
		}
	}
	return nil
}

// connect makes the interface of the node. Services have addresses without a route;
// kube-proxy's rules only see what is on its way somewhere.
func connect() error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", bridge, "type", "bridge"},
		{"address", "add", address + "/24", "dev", bridge},
		{"link", "set", bridge, "up"},
		{"route", "add", serviceCIDR, "dev", bridge},
	} {
		if _, err := command("ip", args...); err != nil {
			return err
		}
	}
	for _, setting := range []string{"/proc/sys/net/ipv4/ip_forward", throughBridge} {
		if err := os.WriteFile(setting, []byte("1"), 0o600); err != nil {
			return err
		}
	}
	return nil
}
