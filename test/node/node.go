package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/tealgate/tealgate/test/env"
)

// startTimeout is how long the node may take to become ready, once the API server is.
const startTimeout = 2 * time.Minute

// Options say what the node begins with.
type Options struct {
	// Binaries is the folder with the programs of Kubernetes and containerd.
	Binaries string

	// Pause is the name of the image that holds the namespaces of pods. It must be one
	// of Images.
	Pause string

	// Images are archives, as docker save writes them.
	Images []string

	// AuditLog is the file for the API server's audit log; empty means none.
	AuditLog string

	// Log receives what happens; nil means os.Stderr.
	Log io.Writer
}

// Node is a running node with its control plane.
type Node struct {
	*env.Cluster

	client kubernetes.Interface
}

// Start brings up the node and returns when pods can run on it. It must be called inside
// of Main. The programs' logs are in the folder of the cluster.
func Start(ctx context.Context, options Options) (*Node, error) {
	dir := os.Getenv(dirVariable)
	if dir == "" {
		return nil, errors.New("a node starts inside of Main only")
	}
	if options.Log == nil {
		options.Log = os.Stderr
	}
	// containerd finds its shim there.
	if err := os.Setenv("PATH", options.Binaries+":"+os.Getenv("PATH")); err != nil {
		return nil, err
	}
	cluster, err := env.Start(ctx, env.Options{
		Dir:       filepath.Join(dir, "cluster"),
		BinaryDir: options.Binaries,
		Address:   net.JoinHostPort(address, "6443"),
		AuditLog:  options.AuditLog,
		Log:       options.Log,
	})
	if err != nil {
		return nil, err
	}
	n := &Node{Cluster: cluster}
	if err := n.start(ctx, dir, options); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context, dir string, options Options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no node after %s", startTimeout))
	defer cancel()
	var err error
	if n.client, err = kubernetes.NewForConfig(n.Config); err != nil {
		return err
	}
	v, err := n.values(dir, options)
	if err != nil {
		return err
	}
	if err := v.writeConfigs(n.Dir); err != nil {
		return err
	}
	if err := n.Run(n.Binary("containerd"), "--config="+filepath.Join(n.Dir, "containerd.toml")); err != nil {
		return err
	}
	for _, archive := range options.Images {
		if err := n.Load(ctx, archive); err != nil {
			return err
		}
	}
	if err := n.Run(n.Binary("kube-proxy"), "--config="+filepath.Join(n.Dir, "kube-proxy.yaml"), "--hostname-override="+name); err != nil {
		return err
	}
	if err := n.Run(n.Binary("kubelet"), "--config="+filepath.Join(n.Dir, "kubelet.yaml"),
		"--kubeconfig="+v.KubeletKubeconfig, "--hostname-override="+name, "--node-ip="+address); err != nil {
		return err
	}
	return n.Await(ctx, "the node is ready", "kubelet", n.ready)
}

// values gathers what the configuration needs, and writes the small files that it names.
func (n *Node) values(dir string, options Options) (values, error) {
	v := values{
		Bridge: bridge, PodCIDR: podCIDR, Plugins: pluginDir, Pause: options.Pause,
		Network:     filepath.Join(n.Dir, "net.d"),
		Resolv:      filepath.Join(n.Dir, "resolv.conf"),
		Cgroup:      "/" + filepath.Base(dir),
		Snapshotter: "native",
	}
	if overlayWorks(dir) {
		v.Snapshotter = "overlayfs"
	}
	if err := os.Mkdir(v.Network, 0o755); err != nil {
		return v, err
	}
	// There is no DNS: names are not resolved, instead of after a long wait.
	if err := os.WriteFile(v.Resolv, nil, 0o600); err != nil {
		return v, err
	}
	var err error
	if v.KubeletKubeconfig, err = n.UserKubeconfig("system:node:"+name, "system:nodes"); err != nil {
		return v, err
	}
	v.ProxyKubeconfig, err = n.UserKubeconfig("system:kube-proxy")
	return v, err
}

// ready also waits for the taint to go that new nodes have.
func (n *Node) ready(ctx context.Context) (bool, error) {
	node, err := n.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil || len(node.Spec.Taints) > 0 {
		return false, err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue, nil
		}
	}
	return false, nil
}
