package offline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const unfixed = `# the shop
---
# its Deployment
apiVersion: apps/v1
kind: Deployment
metadata:
    name: shop-green   # four spaces, as some write

    labels:
        app: "shop"
spec:
    selector: {matchLabels: {app: shop}} # cannot change later
    template:
        metadata:
            annotations:
                tealgate.dev/config: none
        # between
        spec:
            containers:
            - {name: web, image: "shop:1.10", ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}}}
--- # the Service
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}}
`

func fixed(t *testing.T, text string) (string, []Fixed) {
	t.Helper()
	file := filepath.Join(folder(t, map[string]string{"a.yaml": text}), "a.yaml")
	sources := Sources{Files: []string{file}}
	done, err := Fix(check(t, sources, ""))
	require.NoError(t, err)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	again, err := Fix(check(t, sources, ""))
	require.NoError(t, err)
	for _, more := range again {
		assert.Error(t, more.Err, "fixing twice is fixing once")
	}
	return string(content), done
}

func TestFixKeepsEverythingElse(t *testing.T) {
	got, done := fixed(t, unfixed)
	want := strings.NewReplacer(
		"        app: \"shop\"\n", "        app: \"shop\"\n        tealgate.dev/color: green\n",
		"{matchLabels: {app: shop}}", "{matchLabels: {tealgate.dev/color: green, app: shop}}",
		"        metadata:\n            annotations", "        metadata:\n            labels:\n"+
			"              tealgate.dev/color: green\n              app.kubernetes.io/version: '1.10'\n            annotations",
	).Replace(unfixed)
	assert.Equal(t, want, got)
	assert.Len(t, done, 4)
}

func TestFix(t *testing.T) {
	cases := map[string]struct {
		reason   string
		old, new string
		want     string // what replaces new
	}{
		"Latest": {
			reason: "a value is written over", old: "            annotations:\n",
			new:  "            labels: {tealgate.dev/color: green, version: latest} # l\n            annotations:\n",
			want: "            labels: {tealgate.dev/color: green, version: '1.10'} # l\n            annotations:\n",
		},
		"Empty": {
			reason: "a key without a value gets one", old: "            annotations:\n",
			new:  "            labels:   # none yet\n            annotations:\n",
			want: "            labels:   # none yet\n              tealgate.dev/color: green\n              app.kubernetes.io/version: '1.10'\n            annotations:\n",
		},
		"Anchor": {
			reason: "what stands in two places is not touched", old: "            annotations:\n",
			new:  "            labels: &l {tealgate.dev/color: green, version: latest}\n            other: *l\n            annotations:\n",
			want: "            labels: &l {tealgate.dev/color: green, version: latest}\n            other: *l\n            annotations:\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(unfixed, c.old, c.new, 1)
			got, _ := fixed(t, text)
			assert.Contains(t, got, c.want, c.reason)
		})
	}
}

func TestFixEndsAndForms(t *testing.T) {
	plain, _ := fixed(t, unfixed)
	windows, _ := fixed(t, "\xef\xbb\xbf"+strings.ReplaceAll(unfixed, "\n", "\r\n"))
	assert.Equal(t, "\xef\xbb\xbf"+strings.ReplaceAll(plain, "\n", "\r\n"), windows)

	const list = `{"apiVersion": "v1", "kind": "List", "items": [
	{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
	"spec": {"selector": {"matchLabels": {}}, "template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}
]}`
	got, done := fixed(t, list)
	require.Len(t, done, 4)
	want := strings.NewReplacer(
		`{"name": "a"}`, `{"labels": {"tealgate.dev/color": "blue"}, "name": "a"}`,
		`"matchLabels": {}`, `"matchLabels": {"tealgate.dev/color": "blue"}`,
		`"template": {`, `"template": {"metadata": {"labels": {"app.kubernetes.io/version": "1", "tealgate.dev/color": "blue"}}, `,
	).Replace(list)
	assert.Equal(t, want, got)
}

func TestFixLeavesGuesses(t *testing.T) {
	got, _ := fixed(t, strings.Replace(unfixed, "shop:1.10", "shop", 1))
	assert.NotContains(t, got, "app.kubernetes.io/version")
}

func TestFixRefusesChangedFiles(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"a.yaml": unfixed}), "a.yaml")
	result := check(t, Sources{Files: []string{file}}, "")
	require.NoError(t, os.WriteFile(file, []byte("# new\n"+unfixed), 0o600))
	_, err := Fix(result)
	assert.EqualError(t, err, file+": not written: it has changed since it was read")
}
