// Package integration talks to a real API server through the installed webhook
// configurations, with real kubectl, and compares all that kubectl shows.
//
// Each script below testdata is one story; see scripts_test.go for its commands.
// To write the answers anew after a sentence has changed:
//
//	go test ./test/integration -update
package integration

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/test/env"
)

var update = flag.Bool("update", false, "write the answers into the scripts")

// developer is the user of the scripts: one with the role edit, as a team has it.
const developer = "ada"

// holder has the same role, and may be given more by a script.
const holder = "grace"

// world is a cluster with tealgate in it.
type world struct {
	cluster    *env.Cluster
	tealgate   *env.Tealgate
	kubeconfig string
	// holder is the holder's kubeconfig.
	holder string

	// detour stands between tealgate and the API server; nil for none.
	detour *detour

	// watches are those of watchready, by namespace.
	watches sync.Map

	// mortal says that tealgate dies where a script allows it.
	mortal bool
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
	code := m.Run()
	if code == 0 && *grants {
		if err := checkGrants(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// start brings up a cluster with tealgate, ended with the test. Tealgate must
// still run then and must have been refused nothing.
func start(t *testing.T, options env.Options) *world {
	t.Helper()
	return install(t, startCluster(t, options), env.TealgateOptions{Binary: binary})
}

// startCluster brings up a cluster, ended with the test.
func startCluster(t *testing.T, options env.Options) *env.Cluster {
	t.Helper()
	options = recordRequests(t, options)
	cluster, err := env.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, cluster.Stop())
		assertNothingRefused(t, options.AuditLog)
	})
	return cluster
}

// install puts tealgate into a cluster.
func install(t *testing.T, cluster *env.Cluster, options env.TealgateOptions) *world {
	t.Helper()
	ctx := t.Context()
	tealgate, err := env.InstallTealgate(ctx, cluster, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		log, err := tealgate.Log()
		require.NoError(t, err)
		require.NotContains(t, log, "DATA RACE")
		require.NoError(t, tealgate.Stop(), "tealgate ended before the test did")
	})
	kubeconfig, err := cluster.UserKubeconfig(developer, "team-shop")
	require.NoError(t, err)
	w := &world{cluster: cluster, tealgate: tealgate, kubeconfig: kubeconfig}
	w.holder, err = cluster.UserKubeconfig(holder, "on-call")
	require.NoError(t, err)
	w.admin(ctx, t, "create", "clusterrolebinding", "developers", "--clusterrole=edit", "--user="+developer, "--user="+holder)
	return w
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
