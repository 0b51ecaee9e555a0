package node

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// settings of the whole machine that kubelet and kube-proxy would change.
var settings = []string{
	"/proc/sys/vm/overcommit_memory",
	"/proc/sys/vm/panic_on_oom",
	"/proc/sys/kernel/panic",
	"/proc/sys/kernel/panic_on_oops",
	"/proc/sys/kernel/keys/root_maxkeys",
	"/proc/sys/kernel/keys/root_maxbytes",
	"/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/net/netfilter/nf_conntrack_max",
}

// machine is what a node could leave behind, as lines: mounts, interfaces, network
// namespaces, settings, iptables chains, and folders and cgroups of this run.
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
	m.see("network namespace", "/run/netns/cni-*")
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		m["interface "+i.Name] = true
	}
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
			if strings.HasPrefix(line, ":KUBE-") || strings.HasPrefix(line, ":CNI-") {
				m["iptables chain "+strings.Fields(line)[0][1:]] = true
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
