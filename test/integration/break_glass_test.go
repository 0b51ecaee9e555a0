package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/test/env"
)

// TestBreakGlassIsTotal asks a real API server, while tealgate is away, about anything
// that an annotation and the managed fields may hold. An entry that fails closed is
// then either skipped or fails to be called; a condition that cannot be evaluated
// would refuse the request in a third way, and by that lock everybody out.
func TestBreakGlassIsTotal(t *testing.T) {
	w := solitary(t)
	w.mayBreakGlass(t, "glass")
	w.kill(t)

	now := time.Now().UTC()
	good := "x until " + now.Add(30*time.Minute).Format(time.RFC3339)
	t.Run("Annotations", func(t *testing.T) {
		form := regexp.MustCompile(admission.BreakGlassPattern)
		for value, honoured := range annotations(now) {
			assert.Equal(t, honoured, w.glassHonoured(t, brokenService(value, nil)), "%q", value)
			if end := value[strings.LastIndexByte(value, ' ')+1:]; form.MatchString(value) {
				_, err := time.Parse(time.RFC3339, end)
				assert.NoError(t, err, "what has the form is a time: %q", value)
			}
		}
	})
	t.Run("ManagedFields", func(t *testing.T) {
		for name, test := range managedFields(now) {
			assert.Equal(t, test.honoured, w.glassHonoured(t, brokenService(good, test.fields)), name)
		}
	})
	t.Run("Metadata", func(t *testing.T) {
		for _, metadata := range []string{
			`{"name": "x"}`, `{"name": "x", "annotations": null}`, `{"name": "x", "annotations": {}}`,
			`{"name": "x", "annotations": {"example.com/a": ""}}`, `{"generateName": "x"}`,
		} {
			object := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Service", "metadata": %s, "spec": {"ports": [{"port": 80}]}}`, metadata)
			assert.False(t, w.glassHonoured(t, object), metadata)
		}
	})
}

// TestBreakGlassWithoutAClock holds what docs/break-glass.md says of changes that only
// take something away: the API server stamps none, so that the time of the change
// before counts. tealgate knows better, unless it is away.
func TestBreakGlassWithoutAClock(t *testing.T) {
	w := solitary(t)
	w.mayBreakGlass(t, "clock")
	const preview = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop", "labels": {"tealgate.dev/role": "preview"}}, ` +
		`"spec": {"ports": [{"port": 80}], "selector": {"app": "shop", "tealgate.dev/color": "green"}}}`
	kubectl := func(args ...string) env.KubectlResult {
		options := env.KubectlOptions{Kubeconfig: w.holder, Stdin: strings.NewReader(preview)}
		result, err := w.cluster.KubectlWith(t.Context(), options, append([]string{"-n", "clock"}, args...)...)
		require.NoError(t, err)
		return result
	}
	require.Zero(t, kubectl("create", "-f", "-").Code)
	ago := time.Now().UTC().Add(-50 * time.Minute)
	ended := ago.Add(45 * time.Minute).Format(time.RFC3339)
	require.Zero(t, kubectl("annotate", "service", "shop", "example.com/goes=", "tealgate.dev/break-glass=x until "+ended).Code)
	// As if that had been 50 minutes ago. The API server ignores a change of nothing but
	// stamps, so an annotation goes as well.
	stamp := `{"op": "replace", "path": "/metadata/managedFields/%d/time", "value": %q}`
	aged := kubectl("patch", "service", "shop", "--type=json", "-p", fmt.Sprintf("["+stamp+", "+stamp+
		`, {"op": "remove", "path": "/metadata/annotations/example.com~1goes"}]`, 0, ago.Format(time.RFC3339), 1, ago.Format(time.RFC3339)))
	require.Zero(t, aged.Code, aged)

	denied := kubectl("label", "service", "shop", "tealgate.dev/role-")
	assert.Contains(t, denied.Stderr, "Warning: break-glass does not count for Service clock/shop: it ended at "+ended)
	assert.Contains(t, denied.Stderr, `admission webhook "break-glass.tealgate.dev" denied the request: 1 problem in Service clock/shop: selector-ready`)

	w.kill(t)
	passes := kubectl("label", "service", "shop", "tealgate.dev/role-")
	assert.Zero(t, passes.Code, passes)
}

// annotations are values and whether a holder of the verb is let through by them.
func annotations(now time.Time) map[string]bool {
	in := func(d time.Duration, layout string) string { return now.Add(d).Format(layout) }
	east := now.In(time.FixedZone("", 14*60*60))
	cases := map[string]bool{
		"payment outage until " + in(30*time.Minute, time.RFC3339):                       true,
		"x until " + in(59*time.Minute, time.RFC3339):                                    true,
		"x until " + in(30*time.Minute, "2006-01-02T15:04:05.000000000Z"):                true,
		"x until " + east.Add(30*time.Minute).Format(time.RFC3339):                       true,
		"支付中断 until " + in(30*time.Minute, time.RFC3339):                                 true,
		"x until noon until " + in(30*time.Minute, time.RFC3339):                         true,
		strings.Repeat("火", 450) + " until " + in(time.Minute*9, "2006-01-02T15:04:05Z"): true,

		"x until " + in(-time.Minute, time.RFC3339):                                 false,
		"x until " + in(75*time.Minute, time.RFC3339):                               false,
		"x until " + in(24*time.Hour, time.RFC3339):                                 false,
		"x until " + in(30*time.Minute, "2006-01-02T15:04:05") + ".1234567890Z":     false,
		"x until " + in(30*time.Minute, "2006-01-02t15:04:05z"):                     false,
		"x until " + in(30*time.Minute, "2006-01-02 15:04:05Z"):                     false,
		"x until " + in(30*time.Minute, "2006-01-02T15:04Z"):                        false,
		"x until " + in(30*time.Minute, "2006-01-02T15:04:05"):                      false,
		"x until " + in(30*time.Minute, "2006-01-02T15:04:05,5Z"):                   false,
		" until " + in(30*time.Minute, time.RFC3339):                                false,
		"until " + in(30*time.Minute, time.RFC3339):                                 false,
		"x Until " + in(30*time.Minute, time.RFC3339):                               false,
		"x until " + in(30*time.Minute, time.RFC3339) + " ":                         false,
		"x until " + in(30*time.Minute, time.RFC3339) + "\n":                        false,
		"x\ny until " + in(30*time.Minute, time.RFC3339):                            false,
		in(30*time.Minute, time.RFC3339):                                            false,
		strings.Repeat("x", 500) + " until " + in(30*time.Minute, time.RFC3339):     false,
		strings.Repeat("x", 200_000) + " until " + in(30*time.Minute, time.RFC3339): false,
		strings.Repeat(" until ", 30_000):                                           false,
		"":                                                                          false, " ": false, "x": false, "x until": false, "x until ": false, "x until tomorrow": false,
	}
	// Times that are none, and such as are at the edge of what CEL can read.
	for _, moment := range []string{
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2000-02-29T00:00:00Z",
		"2023-02-29T00:00:00Z", "2024-02-29T23:59:59Z", "2024-02-30T00:00:00Z", "2096-02-29T00:00:00Z", "2099-12-31T23:59:59-23:59", "2100-02-29T00:00:00Z",
		"9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-04-31T00:00:00Z", "2026-06-00T00:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2026-12-31T23:59:60Z", "2026-11-23T12:00:00+24:00", "2026-11-23T12:00:00+14:60",
		"2026-11-23T12:00:00+1400", "2026-11-23T12:00:00 +14:00", "2026-11-23T12:00:00-00:00", "2026-11-23T12:00:00.Z", "２026-11-23T12:00:00Z",
	} {
		cases["x until "+moment] = false
	}
	return cases
}

// managedFields are what an object may come with. Only who holds the verb can gain
// anything by forging them, and needs no forging.
func managedFields(now time.Time) map[string]struct {
	fields   []any
	honoured bool
} {
	type row = struct {
		fields   []any
		honoured bool
	}
	entry := func(manager string, at any) map[string]any {
		return map[string]any{
			"manager": manager, "operation": "Update", "apiVersion": "v1", "time": at, "fieldsType": "FieldsV1",
			"fieldsV1": map[string]any{"f:metadata": map[string]any{"f:labels": map[string]any{"f:" + manager: map[string]any{}}}},
		}
	}
	var many []any
	for i := range 101 { // of those of updates the API server keeps ten
		applied := entry(fmt.Sprintf("m%d", i), now.Format(time.RFC3339))
		applied["operation"] = "Apply"
		many = append(many, applied)
	}
	without := entry("x", nil)
	delete(without, "time")
	return map[string]row{
		"none, so that the API server writes its own": {nil, true},
		"of year 0":                           {[]any{entry("x", "0000-01-01T00:00:00Z")}, true},
		"of the zero time":                    {[]any{entry("x", "0001-01-01T00:00:00Z")}, true},
		"of a year with five digits":          {[]any{entry("x", "9999-12-31T23:59:59-23:00")}, true},
		"of last year":                        {[]any{entry("x", "2025-01-01T00:00:00Z")}, true},
		"of another zone":                     {[]any{entry("x", "2025-01-01T00:00:00+09:30")}, true},
		"without a time":                      {[]any{without}, true},
		"with a null time":                    {[]any{entry("x", nil)}, true},
		"of tomorrow: the annotation is over": {[]any{entry("x", now.Add(24*time.Hour).Format(time.RFC3339))}, false},
		"more than are read":                  {many, false},
		"emptied":                             {[]any{map[string]any{}}, true},
	}
}

// brokenService is a manifest as JSON.
func brokenService(annotation string, fields []any) string {
	raw, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "shop", "annotations": map[string]any{"tealgate.dev/break-glass": annotation}, "managedFields": fields},
		"spec":     map[string]any{"ports": []any{map[string]any{"port": 80}}, "selector": map[string]any{"app": "shop"}},
	})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// mayBreakGlass makes a namespace in enforce in which the holder has the verb.
func (w *world) mayBreakGlass(t *testing.T, namespace string) {
	t.Helper()
	require.NoError(t, w.tealgate.Namespace(t.Context(), namespace, "enforce"))
	w.admin(t.Context(), t, "-n", namespace, "create", "rolebinding", "on-call", "--clusterrole=tealgate-break-glass", "--user="+holder)
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
		result, err := w.cluster.Kubectl(ctx, "-n", namespace, "auth", "can-i", "--list", "--as="+holder)
		return strings.Contains(result.Stdout, "[break-glass]"), err
	}))
}

// glassHonoured creates an object in a dry run, as the holder and while tealgate is
// away, and says whether it was let through.
func (w *world) glassHonoured(t *testing.T, object string) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "object.json")
	require.NoError(t, os.WriteFile(path, []byte(object), 0o600))
	options := env.KubectlOptions{Kubeconfig: w.holder}
	result, err := w.cluster.KubectlWith(t.Context(), options, "-n", "glass", "create", "--dry-run=server", "-f", path)
	require.NoError(t, err)
	if result.Code == 0 {
		return true
	}
	assert.Contains(t, result.Stderr, `failed calling webhook "validate-enforce.tealgate.dev"`, "%.1000s", object)
	return false
}
