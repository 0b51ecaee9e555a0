package offline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const service = "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n"

func TestReadDocuments(t *testing.T) {
	cases := map[string]struct {
		reason string
		stdin  string
		want   []string
		fails  []string
	}{
		"Several": {
			reason: "comments and empty documents are nothing, and every line counts",
			stdin:  "# a\n---\n---\n# b\n\n" + service + "--- # c\n" + strings.ReplaceAll(service, "shop", "orders"),
			want:   []string{"Service default/shop stdin:6", "Service default/orders stdin:10"},
		},
		"WindowsAndMark": {
			reason: "what Windows editors write",
			stdin:  "\xef\xbb\xbf" + strings.ReplaceAll(service+"---\n"+service, "\n", "\r\n"),
			want:   []string{"Service default/shop stdin:1", "Service default/shop stdin:5"},
		},
		"JSON": {
			reason: "a stream of values, with the tabs that YAML would refuse",
			stdin:  "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\", \"metadata\": {\"name\": \"a\"}\n}\n{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"b\"}}",
			want:   []string{"Service default/a stdin:1", "Service default/b stdin:5"},
		},
		"Flow": {
			reason: "YAML may begin with a brace",
			stdin:  "{apiVersion: v1, kind: Service, metadata: {name: shop}}",
			want:   []string{"Service default/shop stdin:1"},
		},
		"List": {
			reason: "each item stands where it stands, and Lists of Lists are flat",
			stdin: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a, namespace: x}\n" +
				"- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Service\n    metadata: {name: b}\n",
			want: []string{"Service x/a stdin:4", "Service default/b stdin:10"},
		},
		"TypedList": {
			reason: "the kind of its items follows from its own",
			stdin:  "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n",
			want:   []string{"Deployment default/a stdin:4", "Deployment default/b stdin:5"},
		},
		"Helm": {
			reason: "the template's name, and the line from its comment on",
			stdin:  "---\n# Source: shop/templates/a.yaml\n" + service + "---\n# Source: shop/templates/b.yaml\n# more\n" + service,
			want:   []string{"Service default/shop shop/templates/a.yaml:1", "Service default/shop shop/templates/b.yaml:2"},
		},
		"Broken": {
			reason: "a broken document does not hide its neighbours",
			stdin:  service + "---\na: b\nb: [\n---\n" + service,
			want:   []string{"Service default/shop stdin:1", "Service default/shop stdin:8"},
			fails:  []string{"stdin:6: not YAML or JSON: did not find expected node content"},
		},
		"Template": {
			reason: "the way out is a command",
			stdin:  "kind: {{ .Values.kind }}\n",
			fails: []string{"stdin:1: not YAML or JSON; " +
				"a Helm template is read as rendered: helm template CHART | kubectl tealgate check -f -"},
		},
		"NoKind":  {reason: "what a misspelled kind would hide", stdin: "---\nreplicas: 3\n", fails: []string{"stdin:2: not a Kubernetes object: apiVersion or kind is missing"}},
		"Text":    {reason: "no object at all", stdin: "hello", fails: []string{"stdin:1: not a Kubernetes object"}},
		"Nothing": {reason: "an empty pipe holds no objects"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			objects, unreadable := read(t, "-", Sources{Files: []string{Stdin}, Stdin: strings.NewReader(c.stdin)})
			assert.Equal(t, c.want, objects, c.reason)
			assert.Equal(t, c.fails, unreadable, c.reason)
		})
	}
}

func TestReadFolders(t *testing.T) {
	dir := folder(t, map[string]string{
		"b.yaml": service, "a.json": `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}`,
		"kustomization.yaml": "resources: [b.yaml]\n", "notes.txt": "not read", "below/c.yml": service, "empty/README.md": "",
		"named.conf": service,
	})
	objects, unreadable := read(t, dir, Sources{Files: []string{dir}, Namespace: "x"})
	assert.Equal(t, []string{"Service x/a a.json:1", "Service x/shop b.yaml:1"}, objects, "as kubectl reads a folder")
	assert.Empty(t, unreadable)

	objects, _ = read(t, dir, Sources{Files: []string{dir}, Recursive: true})
	assert.Len(t, objects, 3)

	objects, unreadable = read(t, dir, Sources{Files: []string{dir + "/named.conf", dir + "/empty", dir + "/gone.yaml", dir + "/b.yaml"}})
	assert.Equal(t, []string{"Service default/shop named.conf:1", "Service default/shop b.yaml:1"}, objects, "the rest is read")
	assert.Equal(t, []string{
		"empty: no .yaml, .yml or .json in this folder; -R reads folders below it too",
		"gone.yaml: no such file or directory",
	}, unreadable)
}

func TestReadKustomization(t *testing.T) {
	dir := folder(t, map[string]string{
		"base/kustomization.yaml":    "resources: [all.yaml]\n",
		"base/all.yaml":              "# the base\n" + service + "---\n" + strings.ReplaceAll(service, "shop", "orders"),
		"overlay/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\nnamespace: prod\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n",
		"asks/kustomization.yaml":    "resources: [../base]\nbuildMetadata: [originAnnotations]\n",
		"broken/kustomization.yaml":  "resources: [gone.yaml]\n",
		"none/readme":                "",
	})
	objects, unreadable := read(t, dir, Sources{Kustomizations: []string{dir + "/overlay"}})
	assert.Empty(t, unreadable)
	require.Len(t, objects, 3)
	assert.Equal(t, []string{"Service prod/prod-shop base/all.yaml:2", "Service prod/prod-orders base/all.yaml:6"}, objects[:2],
		"what is made stands where it is made from")
	assert.Regexp(t, "^ConfigMap prod/prod-c-.* overlay/kustomization.yaml:1$", objects[2], "what is generated has no other place")

	for name, asked := range map[string]bool{"overlay": false, "asks": true} {
		manifests, err := Read(t.Context(), Sources{Kustomizations: []string{dir + "/" + name}})
		require.NoError(t, err)
		_, has := manifests.Objects[0].GetAnnotations()[originAnnotation]
		assert.Equal(t, asked, has, "%s: annotations are the user's", name)
	}

	_, unreadable = read(t, dir, Sources{Kustomizations: []string{dir + "/broken", dir + "/none"}})
	require.Len(t, unreadable, 2)
	assert.Contains(t, unreadable[0], "broken/kustomization.yaml: ")
	assert.Contains(t, unreadable[0], "gone.yaml")
	assert.Equal(t, "none: no kustomization.yaml in this folder", unreadable[1])
}

func TestField(t *testing.T) {
	const text = `# comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels: &labels
    tealgate.dev/color: blue
    app.kubernetes.io/version: 1.0.0
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata:
      labels: *labels
    spec:
      containers:
      - name: a
      - name: b
        env:
        - name: X
          value: y
`
	cases := map[string]int{
		"":                                 2,
		"spec.template.spec.containers":    15,
		"spec.template.spec.containers[1]": 17,
		"spec.template.spec.containers[0].readinessProbe":   16,
		"spec.template.spec.containers[1].env[0].value":     20,
		"spec.template.spec.containers[7]":                  15,
		"metadata.labels[tealgate.dev/color]":               7,
		"metadata.labels.app.kubernetes.io/version":         8,
		"spec.template.metadata.labels[tealgate.dev/color]": 7,
		"spec.selector.matchLabels[tealgate.dev/color]":     10,
		"nothing.like.this":                                 2,
	}
	for _, list := range []bool{false, true} {
		stdin, shift := text, 0
		if list {
			stdin = "apiVersion: v1\nkind: List\nitems:\n-\n  " + strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(text, "# comment\n")), "\n", "\n  ")
			shift = 3
		}
		manifests, err := Read(t.Context(), Sources{Files: []string{Stdin}, Stdin: strings.NewReader(stdin)})
		require.NoError(t, err)
		require.Empty(t, manifests.Unreadable)
		for field, want := range cases {
			assert.Equal(t, want+shift, manifests.Objects[0].Field(field).Line, "%s in List: %v", field, list)
		}
	}
}
