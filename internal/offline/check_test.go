package offline

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// app is a good Deployment of an application; color may be empty.
func app(name, app, color string) string {
	label := ""
	if color != "" {
		label = ", tealgate.dev/color: " + color
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: shop, labels: {part-of: all%[3]s}}
spec:
  selector: {matchLabels: {app: %[2]s%[3]s}}
  template:
    metadata: {labels: {app: %[2]s, part-of: all, app.kubernetes.io/version: 1.0.0%[3]s}}
    spec:
      containers:
      - name: web
        image: shop:1.0.0
        ports: [{name: http, containerPort: 8080}]
        envFrom: [{configMapRef: {name: shop}}]
        readinessProbe: {httpGet: {path: /readyz, port: http}}
        lifecycle: {preStop: {sleep: {seconds: 5}}}
        resources: {requests: {cpu: 100m, memory: 64Mi}}
  replicas: 2
---
`, name, app, label)
}

func selecting(name, selector string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: shop}\nspec: {selector: {%s}, ports: [{port: 80}]}\n---\n", name, selector)
}

func colors(t *testing.T, manifests string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, checked := range check(t, Sources{Files: []string{Stdin}, Stdin: strings.NewReader(manifests)}, "").Checked {
		if checked.Kind == "Deployment" {
			found[checked.Name] = checked.stored.GetLabels()["tealgate.dev/color"]
		}
	}
	return found
}

func TestColorsOfPairs(t *testing.T) {
	cases := map[string]struct {
		reason    string
		manifests string
		want      map[string]string
	}{
		"One": {
			reason: "the first color", manifests: app("shop", "shop", "") + selecting("shop", "app: shop"),
			want: map[string]string{"shop": "blue"},
		},
		"Two": {
			reason:    "as if applied one after another",
			manifests: app("a", "shop", "") + app("b", "shop", "") + selecting("shop", "app: shop, part-of: all"),
			want:      map[string]string{"a": "blue", "b": "green"},
		},
		"LiveIsPinned": {
			reason:    "the idle color, whatever the order",
			manifests: selecting("shop", "app: shop, tealgate.dev/color: blue") + app("new", "shop", "") + app("shop-x", "shop", "blue"),
			want:      map[string]string{"new": "green", "shop-x": "blue"},
		},
		"Strangers": {
			reason:    "a shared label makes no pair",
			manifests: app("a", "a", "") + app("b", "b", "") + selecting("a", "app: a, part-of: all") + selecting("b", "app: b, part-of: all"),
			want:      map[string]string{"a": "blue", "b": "blue"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, colors(t, c.manifests), c.reason) })
	}
}

func TestCheckGoesOn(t *testing.T) {
	manifests := strings.Replace(app("bad", "bad", ""), "image: shop:1.0.0", "image: shop:1.0.0\n        env: none", 1) +
		strings.Replace(app("odd", "odd", ""), "replicas: 2", "replicas: many", 1) +
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n---\n" + app("good", "good", "")
	result := check(t, Sources{Files: []string{Stdin}, Stdin: strings.NewReader(manifests)}, "")
	require.Len(t, result.Checked, 1)
	assert.Equal(t, "good", result.Checked[0].Name)
	assert.Equal(t, 1, result.Others, "no rule is about a ConfigMap")
	var said []string
	for _, unread := range result.Unreadable {
		said = append(said, unread.Error())
	}
	assert.Equal(t, []string{
		"stdin:9: Deployment shop/bad: spec.template.spec.containers.env: expected a list, found text",
		"stdin:36: Deployment shop/odd: spec.replicas: expected a whole number, found text",
	}, said, "a type that is wrong is refused by any API server, and is not taken for clean")
}

// TestMisfits holds what a person reads of a value that the API does not take there.
func TestMisfits(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"Label":    {"{app: bad}}", "{app: 1}}", "stdin:5: Deployment shop/bad: spec.selector.matchLabels: expected text, found number"},
		"List":     {"ports: [{name: http, containerPort: 8080}]", "ports: {name: http}", "stdin:9: Deployment shop/bad: spec.template.spec.containers.ports: expected a list, found a map"},
		"Map":      {"resources: {requests: {cpu: 100m, memory: 64Mi}}", "resources: [a]", "stdin:9: Deployment shop/bad: spec.template.spec.containers.resources: expected a map, found a list"},
		"Fraction": {"replicas: 2", "replicas: 2.5", "stdin:17: Deployment shop/bad: spec.replicas: expected a whole number, found number 2.5"},
		"Nameless": {"name: bad, ", "", "stdin:1: Deployment: metadata.name is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			manifest := strings.Replace(app("bad", "bad", ""), test.old, test.new, 1)
			result := check(t, Sources{Files: []string{Stdin}, Stdin: strings.NewReader(manifest)}, "")
			require.Len(t, result.Unreadable, 1)
			assert.Equal(t, test.want, result.Unreadable[0].Error())
			assert.Empty(t, result.Checked)
		})
	}
}

// TestBlueGreensOfTheFiles: what is denied where a BlueGreen manages the pair is denied, whatever the
// order of the files, and not where another one does.
func TestBlueGreensOfTheFiles(t *testing.T) {
	bad := strings.Replace(app("shop-blue", "shop", "blue"), "        ports:", "        env: [{name: SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR, value: 'nacos:8848'}]\n        ports:", 1)
	service := selecting("shop", "app: shop, tealgate.dev/color: blue")
	managing := func(service string) string {
		return "apiVersion: tealgate.dev/v1alpha1\nkind: BlueGreen\nmetadata: {name: bg, namespace: shop}\nspec: {services: [{name: " + service + "}]}\n---\n"
	}
	for name, test := range map[string]struct {
		manifests string
		want      policy.Action
	}{
		"None":    {service + bad, policy.Warn},
		"First":   {managing("shop") + service + bad, policy.Deny},
		"Last":    {bad + service + managing("shop"), policy.Deny},
		"Another": {bad + service + managing("pay"), policy.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			result := check(t, Sources{Files: []string{Stdin}, Stdin: strings.NewReader(test.manifests)}, "")
			found := map[string]policy.Action{}
			for _, checked := range result.Checked {
				for _, finding := range checked.Findings {
					found[finding.Rule.ID] = finding.Action
				}
			}
			assert.Equal(t, map[string]policy.Action{"self-registration": test.want}, found)
		})
	}
}

func TestFindingsHaveLines(t *testing.T) {
	bad := strings.Replace(app("bad", "bad", "blue"), "        readinessProbe: {httpGet: {path: /readyz, port: http}}\n", "", 1)
	result := check(t, Sources{Files: []string{Stdin}, Stdin: strings.NewReader(bad)}, policy.Chinese)
	require.Len(t, result.Checked, 1)
	require.Len(t, result.Checked[0].Findings, 1)
	finding := result.Checked[0].Findings[0]
	assert.Equal(t, "readiness-probe", finding.Rule.ID)
	assert.Equal(t, Position{"stdin", 10}, finding.Position, "the container that lacks it")
	assert.Contains(t, result.Checked[0].Denial, "有 1 处问题")
}

// many writes n applications of two colors and a Service into one namespace.
func many(tb testing.TB, n int) Sources {
	tb.Helper()
	files := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("app-%d", i)
		files[name+"-blue.yaml"] = app(name+"-blue", name, "blue")
		files[name+"-green.yaml"] = app(name+"-green", name, "green")
		files[name+".yaml"] = selecting(name, "app: "+name+", part-of: all, tealgate.dev/color: blue")
	}
	return Sources{Files: []string{folder(tb, files)}}
}

// TestCheckGrowsWithItsFiles counts what is allocated, which does not depend on how busy
// the machine is: twice the files take at most 2.2 times as much, four times the files the
// square of that. All are in one namespace, where each Service is compared with each pod.
func TestCheckGrowsWithItsFiles(t *testing.T) {
	allocated := func(n int) (objects, bytes float64) {
		sources := many(t, n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result := check(t, sources, "")
		runtime.ReadMemStats(&after)
		require.Zero(t, result.Denied())
		return float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)
	}
	allocated(1) // what is made once
	objects, bytes := allocated(40)
	moreObjects, moreBytes := allocated(160)
	assert.Less(t, moreObjects/objects, 2.2*2.2, "objects")
	assert.Less(t, moreBytes/bytes, 2.2*2.2, "bytes")
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{333, 666} {
		sources := many(b, n)
		b.Run(fmt.Sprintf("%d-files", 3*n), func(b *testing.B) {
			for b.Loop() {
				started := time.Now()
				result := check(b, sources, "")
				require.Zero(b, result.Denied())
				b.ReportMetric(float64(time.Since(started).Microseconds())/float64(3*n), "µs/file")
			}
		})
	}
}
