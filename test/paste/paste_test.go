package paste_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/test/paste"
)

const pod = `{spec: {containers: [{name: web.1, env: [{name: A, value: x}, {name: B, value: y}], args: [a, b], readinessProbe: null}]}}`

func TestInto(t *testing.T) {
	for name, test := range map[string]struct{ manifest, at, fix, want string }{
		"maps are merged from the top": {
			`{metadata: {labels: {a: b}}}`, "", `metadata: {labels: {c: d}}`,
			`{metadata: {labels: {a: b, c: d}}}`,
		},
		"what is missing is made": {`{}`, "spec.template.metadata", `labels: {c: d}`, `{spec: {template: {metadata: {labels: {c: d}}}}}`},
		"elements by name, null is nothing": {
			pod, "spec", `containers: [{name: web.1, readinessProbe: {grpc: {port: 1}}}]`,
			`{spec: {containers: [{name: web.1, env: [{name: A, value: x}, {name: B, value: y}], args: [a, b], readinessProbe: {grpc: {port: 1}}}]}}`,
		},
		"an env entry as a whole": {
			pod, "spec.containers[name=web.1].env", `[{name: A, valueFrom: {}}, {name: C, valueFrom: {}}]`,
			`{spec: {containers: [{name: web.1, env: [{name: A, valueFrom: {}}, {name: B, value: y}, {name: C, valueFrom: {}}], args: [a, b], readinessProbe: null}]}}`,
		},
		"a list of scalars as a whole": {
			pod, "spec.containers[name='web.1']", `args: [c, d, e]`,
			`{spec: {containers: [{name: web.1, env: [{name: A, value: x}, {name: B, value: y}], args: [c, d, e], readinessProbe: null}]}}`,
		},
		"mounts by where they are": {
			`{volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /b}]}`, "", `volumeMounts: [{name: a, mountPath: /b, readOnly: true}]`,
			`{volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /b, readOnly: true}]}`,
		},
		"elements without a name are added once": {
			`{envFrom: [{configMapRef: {name: a}}]}`, "", `envFrom: [{configMapRef: {name: a}}, {configMapRef: {name: b}}]`,
			`{envFrom: [{configMapRef: {name: a}}, {configMapRef: {name: b}}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			manifest := read(t, test.manifest)
			fix, err := paste.Read(test.at, "Fix in it", test.fix)
			require.NoError(t, err)
			got, err := paste.Into(manifest, fix)
			require.NoError(t, err)
			assert.Equal(t, read(t, test.want), got)
			assert.Equal(t, read(t, test.manifest), manifest, "the manifest itself was changed")
		})
	}
}

// Beside the old handler a new one would be refused by the API server.
func TestIntoInPlaceOfTheWhole(t *testing.T) {
	manifest := read(t, `{spec: {containers: [{name: web, readinessProbe: {exec: {command: []}, periodSeconds: 3}, ports: [{containerPort: 1}]}]}}`)
	fix, err := paste.Read("spec", "Fix in spec: replace the\nwhole readinessProbe (a guess)", `containers: [{name: web, readinessProbe: {grpc: {port: 1}}}]`)
	require.NoError(t, err)
	got, err := paste.Into(manifest, fix)
	require.NoError(t, err)
	assert.Equal(t, read(t, `{spec: {containers: [{name: web, readinessProbe: {grpc: {port: 1}}, ports: [{containerPort: 1}]}]}}`), got)
}

func TestIntoAnotherShape(t *testing.T) {
	for manifest, block := range map[string]string{
		`{spec: text}`:          `spec: {a: b}`,
		`{spec: {a: b}}`:        `spec: [{name: c}]`,
		`{spec: [a]}`:           `spec: text`,
		`{spec: [{a: [1, 2]}]}`: `spec: {a: {}}`,
	} {
		fix, err := paste.Read("", "", block)
		require.NoError(t, err)
		_, err = paste.Into(read(t, manifest), fix)
		assert.ErrorIs(t, err, paste.ErrShape, "%s into %s", block, manifest)
	}
	_, err := paste.Read("", "", "a: b: c")
	require.Error(t, err)
	_, err = paste.Into(nil, paste.Fix{At: "", Value: []any{"a"}})
	require.Error(t, err)
	_, err = paste.Into(nil, paste.Fix{At: "containers[name=web]", Value: "a"})
	require.Error(t, err)
}

func read(t *testing.T, text string) map[string]any {
	t.Helper()
	var manifest map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &manifest))
	return manifest
}
