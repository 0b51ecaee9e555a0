// Package integration talks to a real API server through the installed webhook
// configurations, with real kubectl, and compares all that kubectl shows.
//
// Each script below testdata is one story; see scripts_test.go for its commands.
// To write the answers anew after a sentence has changed:
//
//	go test ./test/integration -update
package integration

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/test/env"
	"github.com/tealgate/tealgate/test/rights"
)

var update = flag.Bool("update", false, "write the answers into the scripts")

// developer is the user of the scripts: one with the role edit, as a team has it.
const developer = "ada"

// holder has the same role, and may be given more by a script.
const holder = "grace"

// patience is how long anything may take that is waited for. It says nothing about how fast
// anything is: the machine may have other things to do.
const patience = 90 * time.Second

// Seconds that the API server gives the webhooks: the most that it takes, lest a busy machine
// keep them from deciding, and what the manifests say.
const longTimeout, timeout = 30, 3

// world is a cluster with tealgate in it.
type world struct {
	cluster    *env.Cluster
	tealgate   *env.Tealgate
	kubeconfig string
	// holder is the holder's kubeconfig.
	holder string

	// places bounds how many tests and scripts are at it at the same time.
	places chan struct{}

	// detour stands between tealgate and the API server; nil for none.
	detour *detour

	// watches are those of watchready, by namespace, and of watchdeletions.
	watches sync.Map

	// mortal says that tealgate dies where a script allows it.
	mortal bool

	// policies is the folder that tealgate reads policies from; empty for none.
	policies string
}

// binary is tealgate, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	logf.SetLogger(logr.Discard()) // Clients of the tests have nothing to say.
	dir, err := os.MkdirTemp("", "tealgate-integration-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "tealgate")
	build := exec.Command("go", "build", "-race", "-o", binary, "github.com/tealgate/tealgate/cmd/tealgate")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build tealgate: %v\n%s", err, output)
		os.Exit(1)
	}
	logs = filepath.Join(dir, "requests")
	if err := os.Mkdir(logs, 0o755); err != nil {
		panic(err)
	}
	// Tests that wait for each other must not keep others from running; see take.
	if err := flag.Set("test.parallel", "1000"); err != nil {
		panic(err)
	}
	code := m.Run()
	errs := []error{everydayWorld.end(), solitaryWorld.end()}
	if code == 0 && whole() {
		errs = append(errs, checkGrants())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// starting is held while a cluster starts: many at once would take longer than they may.
var starting sync.Mutex

// beginCluster brings up a cluster whose API server writes tealgate's requests down, and
// more where the options say so.
func beginCluster(ctx context.Context, options env.Options) (*env.Cluster, error) {
	log, err := os.CreateTemp(logs, "*.log")
	if err != nil {
		return nil, err
	}
	if err := log.Close(); err != nil {
		return nil, err
	}
	options.AuditLog, options.AuditPolicy = log.Name(), cmp.Or(options.AuditPolicy, rights.Policy)
	starting.Lock()
	defer starting.Unlock()
	return env.Start(ctx, options)
}

// endCluster ends it. The API server must have refused tealgate nothing.
func endCluster(cluster *env.Cluster) error {
	return errors.Join(cluster.Stop(), refusedNothing(cluster.AuditLog()))
}

// own bounds how many tests have a cluster for themselves at the same time.
var own = make(chan struct{}, 2)

// startCluster brings up a cluster for one test, ended with it.
func startCluster(t *testing.T, options env.Options) *env.Cluster {
	t.Helper()
	take(t, own)
	cluster, err := beginCluster(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, endCluster(cluster)) })
	return cluster
}

// start brings up a cluster with tealgate for one test, ended with it.
func start(t *testing.T, options env.Options) *world {
	t.Helper()
	return install(t, startCluster(t, options), env.TealgateOptions{Binary: binary})
}

// install puts tealgate into a cluster, until the test ends.
func install(t *testing.T, cluster *env.Cluster, options env.TealgateOptions) *world {
	t.Helper()
	w, err := furnish(t.Context(), cluster, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.end()) })
	return w
}

// furnish puts tealgate and the users of the scripts into a cluster.
func furnish(ctx context.Context, cluster *env.Cluster, options env.TealgateOptions) (*world, error) {
	options.Timeout = cmp.Or(options.Timeout, longTimeout)
	tealgate, err := env.InstallTealgate(ctx, cluster, options)
	if err != nil {
		return nil, err
	}
	w := &world{cluster: cluster, tealgate: tealgate, places: make(chan struct{}, 3)}
	if w.kubeconfig, err = cluster.UserKubeconfig(developer, "team-shop"); err != nil {
		return nil, errors.Join(err, tealgate.Stop())
	}
	if w.holder, err = cluster.UserKubeconfig(holder, "on-call"); err != nil {
		return nil, errors.Join(err, tealgate.Stop())
	}
	result, err := cluster.Kubectl(ctx, "create", "clusterrolebinding", "developers", "--clusterrole=edit", "--user="+developer, "--user="+holder)
	if err == nil && result.Code != 0 {
		err = errors.New(result.String())
	}
	if err != nil {
		return nil, errors.Join(err, tealgate.Stop())
	}
	return w, nil
}

// end stops tealgate, which must still run. None of those that ran in this world may have
// had a data race.
func (w *world) end() error {
	logs, err := filepath.Glob(filepath.Join(w.cluster.Dir, "tealgate*-*", "*.log"))
	errs := []error{err}
	for _, path := range logs {
		log, err := os.ReadFile(path)
		if strings.Contains(string(log), "DATA RACE") {
			err = fmt.Errorf("tealgate's log:\n%s", log)
		}
		errs = append(errs, err)
	}
	if err := w.tealgate.Stop(); err != nil {
		errs = append(errs, fmt.Errorf("tealgate ended before the test did: %w", err))
	}
	return errors.Join(errs...)
}

// admin runs kubectl as the administrator and expects it to succeed.
func (w *world) admin(ctx context.Context, t require.TestingT, args ...string) string {
	result, err := w.cluster.Kubectl(ctx, args...)
	if err == nil && result.Code != 0 {
		err = errors.New(result.String())
	}
	require.NoError(t, err, "kubectl %v", args)
	return result.Stdout
}
