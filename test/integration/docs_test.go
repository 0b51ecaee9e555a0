package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
	"github.com/tealgate/tealgate/test/env"
)

// examples are the manifests below docs/examples, in the order of the page.
var examples = []struct{ file, title, told string }{
	{"java-shop", "A Java shop with Spring Boot and Nacos", "The names that Nacos is found by pass; the database and its password do not."},
	{"go-gateway", "A Go gateway", "The probe asks a port that does not exist, and the image says nothing about its version."},
	{"python-worker", "A Python worker without traffic", "It has no port, so it is asked whether it takes traffic. It says no, and is asked for no probe and gets no color."},
}

const examplesHead = `# Three applications and what tealgate says

Each was written in the style of a public demo, applied with kubectl to a real API
server in a namespace in ` + "`enforce`" + `, repaired as the answer says, and applied again.
The answers on this page are what kubectl printed; a test compares them
(` + "`go test ./test/integration -run TestExamples -update`" + ` writes them anew).
`

// TestExamples holds that docs/examples.md shows real answers.
func TestExamples(t *testing.T) {
	w := everyday(t)
	w.place(t)
	page := examplesHead
	for _, example := range examples {
		namespace := "shop-" + strings.SplitN(example.file, "-", 2)[0]
		require.NoError(t, w.tealgate.Namespace(t.Context(), namespace, "enforce"))
		page += fmt.Sprintf("\n## %s\n\n%s\n", example.title, example.told)
		for _, file := range []string{example.file, example.file + "-fixed"} {
			page += w.example(t, namespace, file)
		}
	}
	path := filepath.Join("..", "..", "docs", "examples.md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), page)
}

func (w *world) example(t *testing.T, namespace, file string) string {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "examples", file+".yaml")
	options := env.KubectlOptions{Kubeconfig: w.kubeconfig}
	result, err := w.cluster.KubectlWith(t.Context(), options, "-n", namespace, "apply", "-f", path)
	require.NoError(t, err)
	assert.Equal(t, strings.HasSuffix(file, "-fixed"), result.Code == 0, "%s: %s", file, result)
	answer := strings.ReplaceAll(string(normalise([]byte(result.String()))), path, file+".yaml")
	return fmt.Sprintf("\n[%[1]s.yaml](examples/%[1]s.yaml)\n\n```console\n$ kubectl -n %[2]s apply -f %[1]s.yaml\n%[3]s```\n", file, namespace, answer)
}

// TestReadme holds that the rejection that the README shows is the real one.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	golden, err := os.ReadFile(filepath.Join("testdata", "rules", "readiness-probe.en.txtar"))
	require.NoError(t, err)
	_, answer, found := strings.Cut(string(golden), "\n1. readiness-probe:")
	require.True(t, found)
	assert.Contains(t, string(readme), "\n1. readiness-probe:"+answer, "the rejection text")
}

// TestPoliciesPage holds that docs/policies.md shows the files that TestRulebook
// applies, and the answers that it got.
func TestPoliciesPage(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "policies.md"))
	require.NoError(t, err)
	page := string(raw)
	examples := filepath.Join("..", "..", "docs", "examples")
	for _, file := range []string{"policies/team-owner.rego", "policies/team-owner_test.rego", "policies/kustomization.yaml", "settings.yaml"} {
		shown, err := os.ReadFile(filepath.Join(examples, file))
		require.NoError(t, err)
		assert.Contains(t, page, "\n"+string(shown)+"```\n", file)
	}
	for file, parts := range map[string][2]string{
		"shop.txtar":       {"\n1. team-owner:", "$ kubectl"},
		"refused.en.txtar": {"\n1. policy: acme/owner_test.rego", "# kubectl"},
	} {
		golden, err := os.ReadFile(filepath.Join("testdata", "rulebook", file))
		require.NoError(t, err)
		_, answer, found := strings.Cut(string(golden), parts[0])
		require.True(t, found, file)
		answer, _, _ = strings.Cut(answer, parts[1])
		assert.Contains(t, page, parts[0]+answer+"```\n", file)
	}
}

// TestEveryRuleHasAStory is the closed set of goldens: one for each rule and
// language, and none for a rule that does not exist.
func TestEveryRuleHasAStory(t *testing.T) {
	modules, err := policies.Modules()
	require.NoError(t, err)
	engine, err := policy.New(t.Context(), modules)
	require.NoError(t, err)
	want := []string{"first-apply.txtar"} // It is about no single rule.
	var got []string
	for _, rule := range engine.Rules() {
		for _, language := range policy.Languages() {
			want = append(want, rule.ID+"."+string(language)+".txtar")
		}
	}
	for _, dir := range []string{"rules", "unmutated"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*"))
		require.NoError(t, err)
		for _, file := range files {
			got = append(got, filepath.Base(file))
		}
	}
	assert.ElementsMatch(t, want, got, "write testdata/rules/RULE.LANGUAGE.txtar, then run this test with -update")
}
