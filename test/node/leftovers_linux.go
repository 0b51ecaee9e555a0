package node

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// settings of the whole machine that kubelet and kube-proxy would change. Others, such as
// ip_forward, are those of a network namespace.
var settings = []string{
	"/proc/sys/vm/overcommit_memory",
	"/proc/sys/vm/panic_on_oom",
	"/proc/sys/kernel/panic",
	"/proc/sys/kernel/panic_on_oops",
	"/proc/sys/kernel/keys/root_maxkeys",
	"/proc/sys/kernel/keys/root_maxbytes",
	"/proc/sys/net/netfilter/nf_conntrack_max",
}

// machine is what a node could leave behind, as lines: settings, kinds of iptables chains,
// and mounts, interfaces, folders and cgroups of this run. What others begin meanwhile,
// Docker for instance, is none of it: interfaces count by their bridge, and chains only
// where nobody had such before.
type machine map[string]bool

func look() (machine, error) {
	m := machine{}
	mounts, err := readMounts()
	if err != nil {
		return nil, err
	}
	own := prefix + strconv.Itoa(os.Getpid())
	for _, mount := range mounts {
		if strings.Contains(mount.point, own) {
			m["mount "+mount.point] = true
		}
		if strings.HasPrefix(mount.kind, "cgroup") {
			m.see("cgroup", filepath.Join(mount.point, own))
		}
	}
	m.see("folder", filepath.Join(os.TempDir(), own))
	m.see("interface", filepath.Join("/sys/class/net", bridge))
	m.see("interface", filepath.Join("/sys/class/net", bridge, "brif/*"))
	for _, setting := range settings {
		content, err := os.ReadFile(setting)
		if err == nil {
			m[fmt.Sprintf("setting %s = %s", setting, strings.TrimSpace(string(content)))] = true
		}
	}
	return m, m.seeChains()
}

func (m machine) see(what, pattern string) {
	paths, _ := filepath.Glob(pattern) // The only error is a bad pattern.
	for _, path := range paths {
		m[what+" "+path] = true
	}
}

// seeChains notes the chains of kube-proxy, kubelet and the CNI plugins.
func (m machine) seeChains() error {
	for _, table := range []string{"nat", "filter", "mangle"} {
		output, err := command("iptables-save", "-t", table)
		if err != nil {
			return err
		}
		for line := range strings.Lines(output) {
			for _, kind := range []string{"KUBE-", "CNI-"} {
				if strings.HasPrefix(line, ":"+kind) {
					m[fmt.Sprintf("iptables chains %s* of %s", kind, table)] = true
				}
			}
		}
	}
	return nil
}

// left lists what was not there before.
func (m machine) left() []string {
	now, err := look()
	if err != nil {
		return []string{err.Error()}
	}
	var left []string
	for line := range now {
		if !m[line] {
			left = append(left, line)
		}
	}
	slices.Sort(left)
	return left
}
