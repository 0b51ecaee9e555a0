package main

import "strings"

// module is a folder below this one with a go.mod: a set of pins that agree.
type module struct {
	folder  string
	version string
	// stamps are the values of string variables set by the linker, by the
	// variable's full name.
	stamps []string
}

// binary is one program that can be built. A new one is a row in the table below
// and a tool in the go.mod of its folder (go get -tool PKG@VERSION); what does not
// agree with the pins of any folder gets a folder, and a row in modules.
type binary struct {
	name   string
	pkg    string
	module *module
	// takes is what a person is told before the build: with 2 cores and an empty
	// cache, after the binaries above it.
	takes string
	// onRequest binaries are built only if -only names them.
	onRequest bool
}

// The version of a folder stands in its go.mod; it is repeated here for the name
// of the cache folder and for the linker, and checked when the cache is opened.
var (
	kube = &module{
		folder:  "kube",
		version: "v1.37.2",
		stamps: append(
			kubeStamps("k8s.io/component-base/version"),
			kubeStamps("k8s.io/client-go/pkg/version")...),
	}
	etcd = &module{folder: "etcd", version: "v3.7.0"}
	kwok = &module{
		folder:  "kwok",
		version: "v0.8.0",
		stamps:  []string{"sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0"},
	}
	helm = &module{
		folder:  "helm",
		version: "v4.3.1",
		stamps:  []string{"helm.sh/helm/v4/internal/version.version=v4.3.1"},
	}
	containerd = &module{
		folder:  "containerd",
		version: "v2.4.2",
		stamps:  []string{"github.com/containerd/containerd/v2/version.Version=v2.4.2"},
	}
)

// modules are the folders whose pins make up the key of the cache.
var modules = []*module{kube, etcd, kwok, helm, containerd}

// binaries is everything that can be built, in the order in which it is.
var binaries = []binary{
	{name: "etcd", pkg: "go.etcd.io/etcd/server/v3", module: etcd, takes: "a minute"},
	{name: "kube-apiserver", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", module: kube, takes: "3 to 5 minutes"},
	{name: "kube-controller-manager", pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", module: kube, takes: "a minute"},
	{name: "kube-scheduler", pkg: "k8s.io/kubernetes/cmd/kube-scheduler", module: kube, takes: "half a minute"},
	{name: "kubectl", pkg: "k8s.io/kubernetes/cmd/kubectl", module: kube, takes: "a minute"},
	{name: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok", module: kwok, takes: "a minute"},
	{name: "kubelet", pkg: "k8s.io/kubernetes/cmd/kubelet", module: kube, takes: "a minute", onRequest: true},
	{name: "kube-proxy", pkg: "k8s.io/kubernetes/cmd/kube-proxy", module: kube, takes: "half a minute", onRequest: true},
	{name: "helm", pkg: "helm.sh/helm/v4/cmd/helm", module: helm, takes: "2 minutes", onRequest: true},
	{name: "containerd", pkg: "github.com/containerd/containerd/v2/cmd/containerd", module: containerd, takes: "a minute", onRequest: true},
	{name: "containerd-shim-runc-v2", pkg: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", module: containerd, takes: "half a minute", onRequest: true},
	{name: "ctr", pkg: "github.com/containerd/containerd/v2/cmd/ctr", module: containerd, takes: "half a minute", onRequest: true},
}

// kubeStamps makes pkg report the version that its source was published as. A
// published module does not know its commit, so the commit names the module.
func kubeStamps(pkg string) []string {
	return []string{
		pkg + ".gitVersion=v1.37.2",
		pkg + ".gitMajor=1",
		pkg + ".gitMinor=37",
		pkg + ".gitCommit=k8s.io/kubernetes@v1.37.2",
		pkg + ".gitTreeState=clean",
	}
}

// ldflags are the linker's flags: the stamps, and no debug information, which
// halves the time to link and the size.
func (m *module) ldflags() string {
	flags := []string{"-s", "-w"}
	for _, stamp := range m.stamps {
		flags = append(flags, "-X", stamp)
	}
	return strings.Join(flags, " ")
}
