package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// took is what differs from run to run.
var took = regexp.MustCompile(`\([\d.]+(µs|ms|s)\)|"milliseconds": [\d.]+`)

// TestPolicyOutputs holds what an author reads, in whole.
func TestPolicyOutputs(t *testing.T) {
	goldens, err := filepath.Abs(filepath.Join("testdata", "policies", "golden"))
	require.NoError(t, err)
	t.Chdir(filepath.Join("testdata", "policies"))
	for name, test := range map[string]struct {
		args []string
		code int
	}{
		"check.txt":           {[]string{"check", "good"}, 0},
		"check.json":          {[]string{"check", "good", "-o", "json"}, 0},
		"check-broken.txt":    {[]string{"check", "broken.yaml"}, exitNo},
		"check-broken.zh.txt": {[]string{"check", "broken.yaml", "--language", "zh"}, exitNo},
		"check-broken.json":   {[]string{"check", "broken.yaml", "-o", "json"}, exitNo},
		"check-forbidden.txt": {[]string{"check", "forbidden.yaml"}, exitNo},
		"check-misspelt.txt":  {[]string{"check", "misspelt.rego"}, exitNo},
		"check-untested.txt":  {[]string{"check", "good/team-owner.rego"}, 0},
		"test.txt":            {[]string{"test", "good"}, 0},
		"test-verbose.txt":    {[]string{"test", "-v", "good/team-owner.rego", "good/team-owner_test.rego"}, 0},
		"test-run.txt":        {[]string{"test", "good", "--run", "service"}, 0},
		"test-broken.txt":     {[]string{"test", "broken.yaml"}, exitNo},
		"test-failing.txt":    {[]string{"test", "failing.yaml"}, exitNo},
		"test-failing.zh.txt": {[]string{"test", "-v", "failing.yaml", "--language", "zh"}, exitNo},
		"test-failing.json":   {[]string{"test", "failing.yaml", "-o", "json"}, exitNo},
	} {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, append([]string{"policy"}, test.args...)...)
			assert.Equal(t, test.code, code(t, err))
			assert.Empty(t, errOut)
			golden(t, filepath.Join(goldens, name), took.ReplaceAllString(out, "(some time)"))
		})
	}
}

func TestPolicyRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("empty.yaml", []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"), 0o600))
	require.NoError(t, os.WriteFile("odd.yaml", []byte("a: [\n"), 0o600))
	require.NoError(t, os.WriteFile("lib.rego", []byte("package acme\n\nx := 1\n"), 0o600))
	require.NoError(t, os.Mkdir("nothing", 0o700))
	for name, test := range map[string]struct {
		args   []string
		errOut string
	}{
		"Missing":     {[]string{"check", "gone"}, "error: gone: no such file or directory\n"},
		"NotYAML":     {[]string{"check", "odd.yaml"}, "error: odd.yaml:1: not YAML or JSON: did not find expected node content\n"},
		"Empty":       {[]string{"test", "empty.yaml"}, "error: no policies there: neither .rego files nor ConfigMaps with the label tealgate.dev/policy\n"},
		"EmptyFolder": {[]string{"check", "nothing"}, "error: no policies there: neither .rego files nor ConfigMaps with the label tealgate.dev/policy\n"},
		"NoTest":      {[]string{"test", "lib.rego"}, "error: no test there: a test is a rule whose name begins with test_\n"},
		"Run":         {[]string{"test", "lib.rego", "--run", "x"}, "error: --run \"x\": no test has such a name\n"},
		"RunIsBad":    {[]string{"test", "lib.rego", "--run", "("}, "error: --run: error parsing regexp: missing closing ): `(`\n"},
		"Output":      {[]string{"check", "lib.rego", "-o", "sarif"}, "error: --output \"sarif\": not text or json\n"},
		"Language":    {[]string{"test", "lib.rego", "--language", "de"}, "error: --language \"de\": not en or zh\n"},
		"NoPath":      {[]string{"check"}, "error: name what to read: folders with .rego files, such files, or manifests (- is standard input)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, append([]string{"policy"}, test.args...)...)
			require.Error(t, err)
			assert.Equal(t, test.errOut, errOut)
			assert.Empty(t, out)
		})
	}
	out, errOut, err := run(t, "policy", "check", "gone", "lib.rego")
	assert.Equal(t, exitFailed, code(t, err))
	assert.Equal(t, "error: gone: no such file or directory\n", errOut)
	assert.Equal(t, "Warning: lib.rego: it has no test, so nothing shows that its rules deny what they should.\n0 rules, no problems\n", out, "the rest is checked")
}

func TestPolicyFromStandardInput(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join("testdata", "policies", "failing.yaml"))
	require.NoError(t, err)
	var out, errOut bytes.Buffer
	root := newRoot()
	root.SetIn(bytes.NewReader(manifest))
	root.SetOut(&out)
	root.SetErr(&errOut)
	root.SetArgs([]string{"policy", "test", "-"})
	assert.Equal(t, exitNo, code(t, root.ExecuteContext(t.Context())))
	assert.Empty(t, errOut.String())
	assert.Contains(t, out.String(), "stdin:42: test_labels/no team fails: count(found) == case.want, here 1 == 0\n")
}

// TestPolicyDir judges and explains by the rules of a platform team.
func TestPolicyDir(t *testing.T) {
	policies := filepath.Join("testdata", "policies")
	worker := filepath.Join(t.TempDir(), "worker.yaml")
	require.NoError(t, os.WriteFile(worker, []byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: mailer-blue}
spec:
  selector: {matchLabels: {app: mailer}}
  template:
    metadata: {labels: {app: mailer, version: "0.9"}, annotations: {tealgate.dev/traffic: none, tealgate.dev/config: none}}
    spec: {containers: [{name: worker, image: "mailer:0.9", resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
`), 0o600))
	out, errOut, err := run(t, "check", "-f", worker, "--policy-dir", filepath.Join(policies, "good"))
	assert.Equal(t, exitNo, code(t, err))
	assert.Empty(t, errOut)
	assert.Contains(t, out, "1. team-owner: there is no label team, so nobody knows whom to call when\n   mailer-blue breaks.\n")

	out, _, err = run(t, "check", "-f", worker, "--policy-dir", filepath.Join(policies, "good"), "-o", "sarif")
	assert.Equal(t, exitNo, code(t, err))
	assert.Contains(t, out, `"id": "team-owner"`)

	out, _, err = run(t, "explain", "team-owner", "--policy-dir", filepath.Join(policies, "good"))
	require.NoError(t, err)
	assert.Equal(t, "team-owner: Every Deployment names its team\n\nAction: deny\n"+
		"Rollback: kubectl rollout undo to a template that ran before only warns\n\nSomebody is called when it breaks.\n", out)

	out, _, err = run(t, "__complete", "explain", "--policy-dir", filepath.Join(policies, "good"), "")
	require.NoError(t, err)
	assert.Contains(t, out, "team-owner\tEvery Deployment names its team\n")

	other := filepath.Join(t.TempDir(), "policies.yaml")
	require.NoError(t, os.WriteFile(other, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: acme, labels: {tealgate.dev/policy: 'yes'}}}"), 0o600))
	out, errOut, err = run(t, "check", "-f", worker, "--policy-dir", other)
	require.NoError(t, err)
	assert.Equal(t, "Warning: "+other+":1: tealgate.dev/policy: yes is not true, so nothing of it is loaded.\n", errOut, "judged as the cluster would")
	assert.NotContains(t, out, "team-owner")

	for name, want := range map[string]string{
		"failing.yaml": "failing.yaml:42: test_labels/no team failed: count(found) == case.want, here 1 == 0\n",
		"gone":         "no such file or directory\n",
		"golden":       "no policies there\n",
	} {
		out, errOut, err := run(t, "check", "-f", worker, "--policy-dir", filepath.Join(policies, name))
		require.Error(t, err)
		assert.Contains(t, errOut, want, "nothing is judged by half of the rules")
		assert.Empty(t, out)
	}
}

func TestPolicyJSON(t *testing.T) {
	out, _, err := run(t, "policy", "test", filepath.Join("testdata", "policies", "good"), "-o", "json")
	require.NoError(t, err)
	var report struct {
		Kind    string
		Summary struct{ Passed, Failed int }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, "TestReport", report.Kind)
	assert.Equal(t, 2, report.Summary.Passed)
}

// TestPolicyPages holds that the pages show what the commands say.
func TestPolicyPages(t *testing.T) {
	docs := filepath.Join("..", "..", "docs")
	out, _, err := run(t, "policy", "test", filepath.Join(docs, "examples", "policies"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(docs, "policies.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "$ kubectl tealgate policy test policies\n"+out+"```\n")

	page, err = os.ReadFile(filepath.Join(docs, "policy-commands.md"))
	require.NoError(t, err)
	for file, lines := range map[string]int{"check-forbidden.txt": 2, "test-failing.txt": 3} {
		shown, err := os.ReadFile(filepath.Join("testdata", "policies", "golden", file))
		require.NoError(t, err)
		all := strings.SplitAfter(string(shown), "\n")
		for _, line := range all[len(all)-1-lines : len(all)-2] {
			assert.Contains(t, string(page), line, file)
		}
	}
}
