// Package node runs one real Kubernetes node on this machine, with its control plane:
// containerd, kubelet and kube-proxy beside what test/env runs. Pods are processes with
// real probes, and traffic takes the real way through kube-proxy's rules.
//
// It needs Linux, root, and a few programs of the distribution; it says what is missing.
// The whole of it, tests included, lives in namespaces of its own: for processes, mounts
// and network. So its addresses and ports collide with nobody's, and however it ends, the
// kernel ends every process, mount, interface and iptables rule with it. What a kernel
// does not take away is a folder and cgroups; they are removed at the end, or by the next
// start if the end was violent, and a check says what is left.
//
// A test binary enters by Main in its TestMain, and then starts one Node:
//
//	func TestMain(m *testing.M) { os.Exit(node.Main(prepare, m.Run)) }
package node
