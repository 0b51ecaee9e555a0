package integration

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
)

// TestRulebook runs, one after the other, the stories of a platform team that changes
// policies and settings. Each begins with the embedded rules alone.
func TestRulebook(t *testing.T) {
	w := solitary(t)
	embedded := w.digest(t, w.tealgate)
	files, err := filepath.Glob("testdata/rulebook/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			// The script itself runs when this function has returned.
			t.Cleanup(func() {
				ctx := context.WithoutCancel(t.Context())
				w.admin(ctx, t, "-n", "tealgate-system", "delete", "configmap", "--ignore-not-found", "tealgate-settings")
				w.admin(ctx, t, "-n", "tealgate-system", "delete", "configmap", "--selector=tealgate.dev/policy")
				require.NoError(t, poll(ctx, func(context.Context) (bool, error) { return w.digest(t, w.tealgate) == embedded, nil }))
			})
			w.run(t, file)
		})
	}
	t.Run("Replicas", func(t *testing.T) { w.replicasAgree(t) })
	t.Run("Folder", func(t *testing.T) { w.folderChanges(t, w.policies) })
}

// dropSettings takes the platform team's settings back.
func (w *world) dropSettings(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	w.admin(ctx, t, "-n", "tealgate-system", "delete", "configmap", "tealgate-settings")
	require.NoError(t, w.untilMetric(ctx, `tealgate_policy_sources{state="in force"} 1`))
}

// untilSettings waits until settings count, beside the folder of a solitary world.
func (w *world) untilSettings(t *testing.T) {
	t.Helper()
	require.NoError(t, w.untilMetric(t.Context(), `tealgate_policy_sources{state="in force"} 2`))
}

var digestMetric = regexp.MustCompile(`(?m)^tealgate_policy_info\{digest="([0-9a-f]+)"\} 1$`)

// digest reads the one digest that the metrics show.
func (w *world) digest(t *testing.T, tealgate *env.Tealgate) string {
	t.Helper()
	text, err := tealgate.ReadMetrics(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	found := digestMetric.FindAllStringSubmatch(text, -1)
	require.Len(t, found, 1, "one series at any time")
	return found[0][1]
}

// replicasAgree: two replicas show the same digest after each change, and another one
// than before.
func (w *world) replicasAgree(t *testing.T) {
	t.Helper()
	replica, err := w.tealgate.Replica(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, replica.Stop()) })
	before := w.digest(t, replica)
	assert.Equal(t, w.digest(t, w.tealgate), before)
	examples := filepath.Join("..", "..", "docs", "examples")
	for _, change := range [][]string{
		{"apply", "-k", filepath.Join(examples, "policies")},
		{"apply", "-f", filepath.Join(examples, "settings.yaml")},
		{"-n", "tealgate-system", "delete", "configmap", "team-owner", "tealgate-settings"},
	} {
		w.admin(t.Context(), t, change...)
		require.NoError(t, poll(t.Context(), func(context.Context) (bool, error) {
			here, there := w.digest(t, w.tealgate), w.digest(t, replica)
			return here != before && here == there, nil
		}), change)
		before = w.digest(t, replica)
	}
}

// folderChanges changes the folder of --policy-dir as Kubernetes changes a mounted
// ConfigMap. Nobody tries a folder before it counts, so here what is bad arrives while
// tealgate runs: the last good content stays.
func (w *world) folderChanges(t *testing.T, folder string) {
	t.Helper()
	example := filepath.Join("..", "..", "docs", "examples", "policies")
	rule, err := os.ReadFile(filepath.Join(example, "team-owner.rego"))
	require.NoError(t, err)
	mount := func(version, text string) {
		require.NoError(t, os.Mkdir(filepath.Join(folder, ".."+version), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, ".."+version, "team-owner.rego"), []byte(text), 0o600))
		require.NoError(t, os.Symlink(".."+version, filepath.Join(folder, "..next")))
		require.NoError(t, os.Rename(filepath.Join(folder, "..next"), filepath.Join(folder, "..data")))
	}
	sources := func(state string, count string) {
		t.Helper()
		require.NoError(t, w.untilMetric(t.Context(), `tealgate_policy_sources{state="`+state+`"} `+count))
	}
	before := w.digest(t, w.tealgate)
	mount("v1", string(rule))
	require.NoError(t, os.Symlink(filepath.Join("..data", "team-owner.rego"), filepath.Join(folder, "team-owner.rego")))
	require.NoError(t, poll(t.Context(), func(context.Context) (bool, error) { return w.digest(t, w.tealgate) != before, nil }))
	sources("in force", "1")
	good := w.digest(t, w.tealgate)

	mount("v2", strings.ReplaceAll(string(rule), "workload.is_deployment", "workload.is_deploymnt"))
	sources("last good", "1")
	assert.Equal(t, good, w.digest(t, w.tealgate))
	log, err := w.tealgate.Log()
	require.NoError(t, err)
	assert.Contains(t, log, filepath.Join(folder, "team-owner.rego")+":32:2: data.tealgate.lib.workload.is_deploymnt is not defined")

	mount("v3", string(rule))
	sources("last good", "0")
	sources("in force", "1")
	require.NoError(t, os.Remove(filepath.Join(folder, "team-owner.rego")))
	require.NoError(t, poll(t.Context(), func(context.Context) (bool, error) { return w.digest(t, w.tealgate) == before, nil }))
}

// untilMetric waits for a line of tealgate's metrics.
func (w *world) untilMetric(ctx context.Context, line string) error {
	return poll(ctx, func(ctx context.Context) (bool, error) {
		text, err := w.tealgate.ReadMetrics(ctx)
		return strings.Contains(text, "\n"+line+"\n"), err
	})
}

func (w *world) untilMetricLine(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if err := w.untilMetric(ctx, args[0]); err != nil {
		ts.Fatalf("untilmetric %s: %v", args[0], err)
	}
}
