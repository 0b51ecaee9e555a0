// Package env runs a Kubernetes control plane on this machine for tests and for
// the demo: etcd, kube-apiserver, kube-controller-manager and kube-scheduler as
// they are published, and kwok, which plays the nodes and says what their pods
// do. Nothing is pulled and no container runs; what a pod does is decided by its
// annotations (see AnnotationReady, AnnotationWaiting and AnnotationCrash).
//
// The programs are children of the calling process and listen on 127.0.0.1 only.
package env

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options say how a cluster differs from the usual one. The zero value is the
// usual one: one node, no audit log, everything in a temporary folder.
type Options struct {
	// Dir holds the cluster's state, certificates, kubeconfigs and logs. It is
	// created if missing, must be empty otherwise, and is kept by Stop. If Dir is
	// empty a temporary folder is used, which Stop removes.
	Dir string

	// BinaryDir holds the programs. If it is empty they are taken from the cache
	// of test/kubernetes, and built there if missing, which takes minutes and
	// needs the go command.
	BinaryDir string

	// Nodes is how many fake nodes the cluster begins with, named node-0 and so
	// on; 0 means 1. Each Node that is created later with the annotation
	// kwok.x-k8s.io/node: fake comes alive too.
	Nodes int

	// Address is where the API server listens, 10.0.0.1:6443, when pods really run: an
	// address that they reach. It goes with a node of its own: there is no kwok, Nodes
	// does not count, and who runs the programs of the node waits for it. Empty means a
	// port of 127.0.0.1.
	Address string

	// AuditLog is the file that the API server writes its audit log to, one JSON
	// event a line. Empty means no audit log.
	AuditLog string

	// AuditPolicy is the audit policy as YAML; empty means every request once,
	// when it is answered, at level Metadata. It is only read with AuditLog.
	AuditPolicy string

	// APIServerArgs are further arguments of the API server, "--feature-gates=X=true".
	// They replace its own for the same flag.
	APIServerArgs []string

	// StartTimeout is how long the cluster may take to become usable, not counting
	// the building of programs; 0 means 90 seconds.
	StartTimeout time.Duration

	// Log receives what the builder says while it builds; nil means os.Stderr.
	Log io.Writer
}

// Cluster is a running control plane. Its methods may be called from several
// goroutines, its fields must not be changed.
type Cluster struct {
	// Config is that of a user in system:masters. It is not throttled.
	Config *rest.Config

	// Kubeconfig is the path of a kubeconfig file for the same user.
	Kubeconfig string

	// Dir is the folder of the cluster. The log of each program is in it, called
	// after the program: kube-apiserver.log.
	Dir string

	options   Options
	temporary bool
	binaries  string
	client    kubernetes.Interface

	// plane runs etcd and the API server.
	plane plane
	// controllers are the API server's clients, in the order of their start; only
	// Start adds to them.
	controllers []*process

	stop    sync.Once
	stopErr error
}

// Start brings up a cluster and returns when it is usable: the nodes are ready
// and a pod has been scheduled, become ready and been deleted. (With an Address: when
// pods may be created.) ctx bounds the
// start only, the cluster lives until Stop. If a program ends or does not become
// ready in time, the error has the last lines of its log and nothing is left
// running.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	options = options.withDefaults()

	binaries, err := findBinaries(ctx, options)
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(options.Dir)
	if err != nil {
		return nil, err
	}

	c := &Cluster{Dir: dir, options: options, temporary: options.Dir == "", binaries: binaries}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Stop ends all programs, last started first: each is asked to end, and killed
// if it has not done so within five seconds. It returns when none is left. The
// error names the programs that had ended by themselves before. Further calls
// return what the first one did.
func (c *Cluster) Stop() error {
	c.stop.Do(func() {
		var errs []error
		for _, p := range slices.Backward(c.controllers) {
			errs = append(errs, p.stop())
		}
		errs = append(errs, c.plane.stop())
		if c.temporary {
			errs = append(errs, os.RemoveAll(c.Dir))
		}
		c.stopErr = errors.Join(errs...)
	})
	return c.stopErr
}

// Binary returns the path of a program that belongs to the cluster's version,
// such as "kubectl". It does not say whether the program exists.
func (c *Cluster) Binary(name string) string {
	return filepath.Join(c.binaries, name)
}

// AuditLog returns the path of the API server's audit log, empty for none. It may be read
// after Stop.
func (c *Cluster) AuditLog() string { return c.options.AuditLog }

// PIDs returns the process ids of the cluster's programs by program name. They
// remain the same after Stop.
func (c *Cluster) PIDs() map[string]int {
	pids := map[string]int{}
	for _, p := range c.processes() {
		pids[p.name] = p.pid
	}
	return pids
}

// processes are all that have been started.
func (c *Cluster) processes() []*process {
	return slices.Concat(c.plane.processes, c.controllers)
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.AuditPolicy == "" {
		o.AuditPolicy = defaultAuditPolicy
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 90 * time.Second
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	return o
}

// makeDir returns an absolute path, because programs run with another working
// directory. A used folder is refused: its etcd would hold another cluster.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "tealgate-env-")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("folder %q is not empty", dir)
	}
	return dir, nil
}
