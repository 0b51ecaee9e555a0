package authoring_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
)

const labelled = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: acme, labels: {tealgate.dev/policy: 'true'}}\ndata:\n  a.rego: |\n    package acme.a\n"

// folder writes files and returns where.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		files  map[string]string
		// paths are below the folder; the folder itself without any.
		paths []string
		// want are the names of sources with those of their files, without the folder.
		want       map[string][]string
		settings   bool
		doubts     []policy.ProblemKind
		unreadable []string
	}{
		"Folder": {
			reason: "Rego at any depth is one source, and what is hidden is none",
			files:  map[string]string{"a.rego": "package a", "b/b_test.rego": "package b_test", ".git/c.rego": "x", "README.md": "x"},
			want:   map[string][]string{"folder DIR": {"DIR/a.rego", "DIR/b/b_test.rego"}},
		},
		"ManifestsInAFolder": {
			reason: "each ConfigMap is a source; other YAML is nobody's business, broken or not",
			files: map[string]string{
				"a.yaml": labelled, "values.yaml": "{{ broken", ".hidden.yaml": labelled,
				"kustomization.yaml": "configMapGenerator: [{options: {labels: {tealgate.dev/policy: 'true'}}}]",
				"settings.yaml":      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tealgate-settings}\ndata: {settings.yaml: ''}\n",
			},
			want: map[string][]string{"ConfigMap tealgate-system/acme": {"acme/a.rego"}}, settings: true,
		},
		"BrokenManifest": {
			reason: "what should hold policies has to be readable",
			files:  map[string]string{"a.yaml": labelled + "  - x\n"}, unreadable: []string{"DIR/a.yaml:7: "},
		},
		"Files": {
			reason: "named one by one they are one source", files: map[string]string{"a.rego": "package a", "b.rego": "package b", "c.rego": "package c"},
			paths: []string{"a.rego", "b.rego"}, want: map[string][]string{"DIR/a.rego, DIR/b.rego": {"DIR/a.rego", "DIR/b.rego"}},
		},
		"Doubts": {
			reason: "would not be loaded",
			files: map[string]string{"a.yaml": strings.ReplaceAll(labelled, "'true'", "'yes'") + "---\n" +
				strings.ReplaceAll(labelled, "name: acme", "name: acme, namespace: shop") + "---\n" + strings.ReplaceAll(labelled, "a.rego", "a.txt")},
			want:   map[string][]string{"ConfigMap shop/acme": {"acme/a.rego"}, "ConfigMap tealgate-system/acme": nil},
			doubts: []policy.ProblemKind{policy.BadLabel, policy.Elsewhere, policy.NoFiles},
		},
		"NotAConfigMap": {reason: "a manifest with nothing in it", files: map[string]string{"a.yaml": "{apiVersion: v1, kind: Service, metadata: {name: tealgate-settings}}"}},
		"OddConfigMap": {
			reason: "no cluster would take it", files: map[string]string{"a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: []}"},
			paths: []string{"a.yaml"}, unreadable: []string{"DIR/a.yaml:1: "},
		},
		"Missing": {reason: "said, and the rest is read", files: map[string]string{"a.rego": "package a"}, paths: []string{"gone", "a.rego"}, unreadable: []string{"DIR/gone: no such file or directory"}, want: map[string][]string{"DIR/a.rego": {"DIR/a.rego"}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, test.files)
			paths := []string{dir}
			if test.paths != nil {
				paths = nil
				for _, path := range test.paths {
					paths = append(paths, filepath.Join(dir, path))
				}
			}
			files, err := authoring.Read(t.Context(), paths, nil)
			require.NoError(t, err)
			short := func(text string) string { return filepath.ToSlash(strings.ReplaceAll(text, dir, "DIR")) }
			var found map[string][]string
			for _, source := range files.Sources {
				if found == nil {
					found = map[string][]string{}
				}
				var names []string
				for _, file := range slices.Sorted(maps.Keys(source.Files)) {
					names = append(names, short(file))
				}
				found[short(source.Name)] = names
			}
			assert.Equal(t, test.want, found, test.reason)
			assert.Equal(t, test.settings, files.Settings != nil)
			var doubts []policy.ProblemKind
			for _, doubt := range files.Doubts {
				doubts = append(doubts, doubt.Kind)
				assert.NotZero(t, doubt.Line)
			}
			assert.Equal(t, test.doubts, doubts)
			require.Len(t, files.Unreadable, len(test.unreadable))
			for i, want := range test.unreadable {
				assert.Equal(t, want, short(files.Unreadable[i].Error())[:len(want)])
			}
		})
	}
}

// TestLoad holds that nothing is judged by half of what lies there.
func TestLoad(t *testing.T) {
	load := func(files map[string]string) (string, error) {
		dir := folder(t, files)
		read, err := authoring.Read(t.Context(), []string{dir}, nil)
		require.NoError(t, err)
		_, set, err := authoring.Load(t.Context(), read)
		if err != nil {
			return strings.ReplaceAll(err.Error(), dir, "DIR"), err
		}
		return set.DocsURL, nil
	}
	settings := func(text string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tealgate-settings}\ndata:\n  settings.yaml: |\n    " + text + "\n"
	}
	docs, err := load(map[string]string{"settings.yaml": settings("docsURL: https://wiki.example/{rule}")})
	require.NoError(t, err)
	assert.Equal(t, "https://wiki.example/{rule}", docs, "settings beside the policies count")

	said, err := load(map[string]string{"settings.yaml": settings("rules: {gone: off}")})
	require.Error(t, err)
	assert.Equal(t, "DIR/settings.yaml:6: there is no rule \"gone\"", said)

	said, err = load(map[string]string{"a.yaml": strings.Replace(labelled, "package acme.a", "pakage", 1)})
	require.Error(t, err)
	assert.Equal(t, "DIR/a.yaml:6:5: package expected", said, "where a person finds it")
	var problems policy.Problems
	assert.ErrorAs(t, err, &problems)

	said, err = load(map[string]string{"a.yaml": labelled + "  - x\n"})
	require.Error(t, err)
	assert.Contains(t, said, "DIR/a.yaml:7: ")
}

func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err := authoring.Read(ctx, []string{folder(t, map[string]string{"a.yaml": labelled})}, nil)
	assert.ErrorIs(t, err, assert.AnError)
}
