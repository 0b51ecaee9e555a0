package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

var update = flag.Bool("update", false, "write the golden files")

// run is `kubectl tealgate` with those arguments.
func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&errOut)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

// testRules stand for the real ones, whose texts have goldens of their own.
func testRules(t *testing.T) []*policy.Rule {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "rules.rego"))
	require.NoError(t, err)
	other, err := os.ReadFile(filepath.Join("testdata", "english-only.rego"))
	require.NoError(t, err)
	engine, err := policy.New(t.Context(), map[string]string{
		"main.rego":         "package tealgate.main\n\nverdict := {}\n",
		"rules.rego":        string(source),
		"english-only.rego": string(other),
	})
	require.NoError(t, err)
	return engine.Rules()
}

func TestExplanations(t *testing.T) {
	rules := testRules(t)
	for _, language := range policy.Languages() {
		var out bytes.Buffer
		require.NoError(t, listRules(&out, rules, language))
		for _, rule := range rules {
			out.WriteString("\n")
			explainRule(&out, rule, language)
		}
		golden := filepath.Join("testdata", "explain."+string(language)+".txt")
		if *update {
			require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err, "go test ./cmd/kubectl-tealgate -update writes it")
		assert.Equal(t, string(want), out.String(), golden)
	}
}

// TestMoreLine is the promise of the last line of an answer at admission: each
// rule that is built in, and each admission policy, can be explained in both languages.
func TestMoreLine(t *testing.T) {
	rules, err := new(editionFlags).explained(t.Context(), nil)
	require.NoError(t, err)
	args := []string{"explain"}
	for _, rule := range rules {
		args = append(args, rule.ID)
	}
	for _, language := range policy.Languages() {
		out, errOut, err := run(t, append(args, "--language", string(language))...)
		require.NoError(t, err)
		assert.Empty(t, errOut)
		for _, rule := range rules {
			assert.Contains(t, out, rule.ID+": "+rule.Title[language])
			assert.Contains(t, out, rule.Description[language])
		}
	}
}

// TestAdmissionPolicies is what explain says of them, in whole.
func TestAdmissionPolicies(t *testing.T) {
	policies, err := admissionPolicies()
	require.NoError(t, err)
	require.NotEmpty(t, policies)
	for _, language := range policy.Languages() {
		var out bytes.Buffer
		require.NoError(t, listRules(&out, policies, language))
		for _, rule := range policies {
			assert.NotEmpty(t, rule.Title[language], rule.ID)
			assert.NotEmpty(t, rule.Description[language], rule.ID)
			out.WriteString("\n")
			explainRule(&out, rule, language)
		}
		golden := filepath.Join("testdata", "policies."+string(language)+".txt")
		if *update {
			require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err, "go test ./cmd/kubectl-tealgate -update writes it")
		assert.Equal(t, string(want), out.String(), golden)
	}
}

// TestExplainAgreesWithPage holds that docs/rules.md, which has the descriptions from the
// same annotations, says the same of what a rule does.
func TestExplainAgreesWithPage(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	for language, file := range map[policy.Language]string{policy.English: "rules.md", policy.Chinese: "rules.zh.md"} {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", file))
		require.NoError(t, err)
		plain := strings.NewReplacer("**", "", "`", "").Replace(string(page))
		for _, rule := range engine.Rules() {
			var out bytes.Buffer
			explainRule(&out, rule, language)
			lines := strings.Split(out.String(), "\n")
			_, undo, found := strings.Cut(strings.ReplaceAll(lines[3], "：", ": "), ": ")
			require.True(t, found)
			_, section, found := strings.Cut(plain, "\n## "+rule.ID+"\n")
			require.True(t, found, "%s: %s: make generate writes it", file, rule.ID)
			section, _, _ = strings.Cut(section, "\n## ")
			assert.Contains(t, section, lines[2]+" · ", "%s: %s", file, rule.ID)
			assert.Contains(t, section, undo+" · ", "%s: %s", file, rule.ID)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   []string
		want   string
	}{
		"Misspelled": {
			reason: "one letter is missing",
			args:   []string{"explain", "readines-probe"},
			want:   "error: no rule is called \"readines-probe\"; do you mean readiness-probe? kubectl tealgate explain lists all\n",
		},
		"PartOfAName": {
			reason: "people remember a word of it",
			args:   []string{"explain", "pinned"},
			want:   "error: no rule is called \"pinned\"; do you mean pinned-image? kubectl tealgate explain lists all\n",
		},
		"OneOfTwo": {
			reason: "what can be explained must not hide what cannot",
			args:   []string{"explain", "version-label", "version-lable"},
			want:   "error: no rule is called \"version-lable\"; do you mean version-label? kubectl tealgate explain lists all\n",
		},
		"Language": {
			reason: "there are two",
			args:   []string{"explain", "--language", "de"},
			want:   "error: --language \"de\": not en or zh\n",
		},
		"Context": {
			reason: "there is no cluster to ask",
			args:   []string{"explain", "team-owner", "--context", "gone"},
			want: "error: no rule built into this program is called \"team-owner\", and the cluster could not be asked for those of the " +
				"platform team (context \"gone\" does not exist): name their folder with --policy-dir\n",
		},
		"Folder": {
			reason: "who names a folder asks about that",
			args:   []string{"explain", "team-owne", "--policy-dir", filepath.Join("testdata", "policies", "good"), "--context", "gone"},
			want:   "error: no rule is called \"team-owne\"; do you mean team-owner? kubectl tealgate explain lists all\n",
		},
		"Command": {
			reason: "a misspelled command is no success",
			args:   []string{"explian"},
			want: "error: unknown command \"explian\" for \"kubectl tealgate\"\n\n" +
				"Did you mean this?\n\texplain\n\nRun 'kubectl tealgate --help' for usage.\n",
		},
	}
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, c.args...)
			require.Error(t, err, c.reason)
			assert.Equal(t, c.want, errOut, c.reason)
			assert.Empty(t, out, c.reason)
		})
	}
}

func TestUnknownRuleListsAll(t *testing.T) {
	err := unknownRule(testRules(t), "zzz")
	assert.EqualError(t, err, `no rule is called "zzz"; the rules are english-only, two-actions, and those of a platform team (--policy-dir)`)
}

func TestCompletion(t *testing.T) {
	out, _, err := run(t, "__complete", "explain", "readiness-probe", "")
	require.NoError(t, err)
	assert.Contains(t, out, "version-label\t")
	assert.NotContains(t, out, "readiness-probe\t", "it is on the command line already")
	assert.Contains(t, out, ":4\n", "no file names")
}

func TestVersion(t *testing.T) {
	out, _, err := run(t, "--version")
	require.NoError(t, err)
	assert.Equal(t, "kubectl tealgate version dev\n", out)
}
