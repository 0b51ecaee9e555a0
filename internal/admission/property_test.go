package admission

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// generator makes objects as people write them, with anything left out.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// labels are those of the application with, at times, a color.
func (g generator) labels(colored int) map[string]any {
	labels := map[string]any{"app": "shop"}
	if g.chance(30) {
		labels[pick(g, "team", "app.kubernetes.io/name", "a/~0~1")] = pick(g, "x", "", "~1")
	}
	if g.chance(colored) {
		labels[v1alpha1.LabelColor] = pick(g, "blue", "green", "red", "")
	}
	return labels
}

// put sets a value at most of the time.
func (g generator) put(object map[string]any, key string, value any) {
	if g.chance(85) {
		object[key] = value
	}
}

func (g generator) annotations() map[string]any {
	annotations := map[string]any{}
	for key, value := range map[string]string{
		v1alpha1.AnnotationBlueGreen: v1alpha1.BlueGreenDisabled, v1alpha1.AnnotationTraffic: v1alpha1.TrafficNone,
		v1alpha1.AnnotationDeployedBy: pick(g, "alice", "bob"), v1alpha1.AnnotationColorFrom: pick(g, "name", "x"), "note": "a\nb",
	} {
		if g.chance(12) {
			annotations[key] = value
		}
	}
	return annotations
}

func (g generator) deployment(colored int) map[string]any {
	pod := map[string]any{"containers": []any{map[string]any{
		"name": "web", "image": pick(g, "shop:1", "shop:2"), "env": []any{map[string]any{"name": "A", "value": pick(g, "1", "\u4e2d\"\\")}},
	}}}
	template, meta := map[string]any{"spec": pod}, map[string]any{}
	g.put(meta, "labels", g.labels(colored))
	g.put(meta, "annotations", g.annotations())
	g.put(template, "metadata", meta)
	spec := map[string]any{"replicas": g.IntN(5), "later": json.Number("9007199254740993")}
	g.put(spec, "template", template)
	g.put(spec, "selector", map[string]any{"matchLabels": g.labels(colored)})
	metadata := map[string]any{"name": pick(g, "shop", "shop-blue", "shop-green", "shop-blue-2"), "namespace": "shop"}
	g.put(metadata, "labels", g.labels(colored))
	g.put(metadata, "annotations", g.annotations())
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
}

func (g generator) service(colored int) map[string]any {
	metadata := map[string]any{"name": "shop", "namespace": "shop"}
	labels := g.labels(0)
	if g.chance(20) {
		labels[v1alpha1.LabelRole] = pick(g, "preview", "metrics", "other")
	}
	g.put(metadata, "labels", labels)
	if g.chance(15) {
		metadata["annotations"] = map[string]any{v1alpha1.AnnotationArgoRollouts: pick(g, "shop", "")}
	}
	spec := map[string]any{"ports": []any{map[string]any{"port": 80}}}
	g.put(spec, "type", pick(g, "ClusterIP", "LoadBalancer", "ExternalName"))
	g.put(spec, "selector", pick(g, g.labels(colored), map[string]any{}))
	return map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
}

func (g generator) around() around {
	a := around{only: pick(g, "", color.Blue, color.Green)}
	if live := pick(g, "", "blue", "green"); live != "" {
		a.deployment.Services = []facts.Service{{Name: "shop", Color: live}}
	}
	return a
}

// Whatever the object: what is there stays, asking again adds nothing, and what
// was created with a color has it in all its places.
func TestMutationProperties(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(7, 7))}
	patches := 0
	for i := range 2000 {
		w, _ := cluster{facts: g.around()}.webhooks()
		generate, colored := g.deployment, pick(g, 0, 40, 90)
		if i%2 == 1 {
			generate = g.service
		}
		entry := pick(g, "mutate", "restore-color")
		a := ask{entry: entry, object: text(t, generate(colored)), user: "alice"}
		if entry == "restore-color" || g.chance(50) {
			a.old = text(t, generate(60))
			if g.chance(50) {
				a.object, a.old = a.old, a.object
			}
		}
		response := a.answer(t, w)
		got := patchedBy(t, a.object, response)
		context := fmt.Sprintf("case %d: %s\n%s\nwas %s\nis  %s", i, entry, a.old, a.object, got)

		require.Empty(t, missing(object(t, a.object), object(t, got), ""), context)
		if len(response.Patch) > 0 {
			patches++
		}
		again := a
		again.object = got
		require.Empty(t, again.answer(t, w).Patch, context)
		if a.old == "" && i%2 == 0 && entry == "mutate" {
			assertColored(t, object(t, got), context)
		}
	}
	assert.Greater(t, patches, 500, "the generator makes objects that need patches")
}

// missing are the paths of what one object has and another has not, or otherwise.
// Who deployed and why a color was chosen are recorded, not claimed: only they may
// change.
func missing(was, is any, path string) []string {
	before, ok := was.(map[string]any)
	after, still := is.(map[string]any)
	if !ok || !still {
		if reflect.DeepEqual(was, is) {
			return nil
		}
		return []string{path}
	}
	var found []string
	for key, value := range before {
		if key == v1alpha1.AnnotationDeployedBy || key == v1alpha1.AnnotationColorFrom {
			continue
		}
		if _, there := after[key]; !there {
			found = append(found, path+"."+key)
			continue
		}
		found = append(found, missing(value, after[key], path+"."+key)...)
	}
	return found
}

// assertColored: unless it declares otherwise, a new Deployment has a color in
// all three places.
func assertColored(t *testing.T, deployment map[string]any, context string) {
	t.Helper()
	at := func(path ...string) any {
		var value any = deployment
		for _, key := range path {
			next, _ := value.(map[string]any)
			value = next[key]
		}
		return value
	}
	if at("metadata", "annotations", v1alpha1.AnnotationBlueGreen) == v1alpha1.BlueGreenDisabled ||
		at("spec", "template", "metadata", "annotations", v1alpha1.AnnotationTraffic) == v1alpha1.TrafficNone {
		return
	}
	for _, path := range [][]string{
		{"metadata", "labels", v1alpha1.LabelColor},
		{"spec", "selector", "matchLabels", v1alpha1.LabelColor},
		{"spec", "template", "metadata", "labels", v1alpha1.LabelColor},
	} {
		require.NotNil(t, at(path...), "%v %s", path, context)
	}
	require.Equal(t, "alice", at("metadata", "annotations", v1alpha1.AnnotationDeployedBy), context)
}

func text(t *testing.T, object map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(object)
	require.NoError(t, err)
	return string(raw)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var found map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &found))
	return found
}
