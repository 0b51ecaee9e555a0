package integration

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
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
	"github.com/tealgate/tealgate/test/env"
	pasting "github.com/tealgate/tealgate/test/paste"
)

// fixCase is a manifest that one message of a rule is about. In all texts APP stands
// for the name of the application.
type fixCase struct {
	// before are the objects that stand there already, applied one by one.
	before []string
	// until is what a rollout is waited for, a Deployment of before; empty for none.
	until  []string
	object string
	// says is a part of the sentence that no other message of the rule has. Empty for
	// what nobody reads at admission: what only warns or advises, and what the API
	// server refuses by itself. Then the sentence is the one of `kubectl tealgate check`.
	says string
	// unmutated: only without the mutating webhooks, which fail open, does it come to this.
	unmutated bool
}

// TestFixes does with each message that offers a fix what a developer does: applies
// the manifest, pastes the fix where the sentence says, and applies again. The real
// API server then admits it, and the rule says nothing more.
func TestFixes(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	cases := fixCases()
	// The story behaviour/exemptions pastes this one: it takes somebody with the right.
	offered := slices.DeleteFunc(messagesWithFix(engine), func(name string) bool { return name == "exemption/unreadable" })
	assert.ElementsMatch(t, offered, slices.Collect(maps.Keys(cases)), "a case for each message that offers a fix, and no other")

	w := everyday(t)
	w.place(t)
	w.fixes(t, engine, false)
}

// TestFixesWithoutMutation does the same with the messages that it only then comes to.
func TestFixesWithoutMutation(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	w := solitary(t)
	w.unmutated(t)
	w.fixes(t, engine, true)
}

// fixes runs the cases with the mutating webhooks, or those without.
func (w *world) fixes(t *testing.T, engine *policy.Engine, unmutated bool) {
	t.Helper()
	cases := fixCases()
	require.NoError(t, w.tealgate.Namespace(t.Context(), "fixes", "enforce"))
	w.admin(t.Context(), t, "-n", "fixes", "create", "configmap", "shop-config", "--from-literal=DB_URL=")
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		if cases[name].unmutated == unmutated {
			t.Run(name, func(t *testing.T) { w.fix(t, engine, name, cases[name]) })
		}
	}
}

// messagesWithFix are RULE/MESSAGE of those that have something to paste.
func messagesWithFix(engine *policy.Engine) []string {
	var names []string
	for _, rule := range engine.Rules() {
		for name, m := range rule.Messages {
			if m.Fixes() {
				names = append(names, rule.ID+"/"+name)
			}
		}
	}
	return names
}

func (w *world) fix(t *testing.T, engine *policy.Engine, name string, test fixCase) {
	t.Helper()
	id, _, _ := strings.Cut(name, "/")
	app := strings.ReplaceAll(name, "/", "-")
	named := strings.NewReplacer("APP", app)
	for _, manifest := range test.before {
		result := w.apply(t, named.Replace(manifest))
		require.Zero(t, result.Code, result)
	}
	for _, deployment := range test.until {
		w.admin(t.Context(), t, "-n", "fixes", "rollout", "status", "deployment/"+named.Replace(deployment), "--timeout=90s")
	}
	var manifest map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(named.Replace(test.object)), &manifest))

	answer := ""
	if test.says == "" {
		answer = checked(t, engine, name, manifest)
	} else {
		requireOwnWords(t, name, test.says)
		answer = w.denied(t, test.says, manifest)
	}
	fixes, err := readFixes(answer)
	require.NoError(t, err)
	require.NotEmpty(t, fixes, "nothing to paste in\n%s", answer)
	for _, fix := range fixes {
		manifest, err = pasting.Into(manifest, fix)
		require.NoError(t, err)
	}
	pasted := write(t, manifest)
	result := w.apply(t, pasted)
	assert.Zero(t, result.Code, "%s\nwas pasted as\n%s\nand is answered\n%s", answer, pasted, result)
	assert.NotContains(t, strings.ReplaceAll(result.Stderr, app, ""), id, "the rule still says something about\n%s", pasted)
}

func (w *world) apply(t *testing.T, manifest string, args ...string) env.KubectlResult {
	t.Helper()
	options := env.KubectlOptions{Kubeconfig: w.kubeconfig, Stdin: strings.NewReader(manifest)}
	result, err := w.cluster.KubectlWith(t.Context(), options, append([]string{"-n", "fixes", "apply", "-f", "-"}, args...)...)
	require.NoError(t, err)
	return result
}

// denied returns the refusal with a sentence. What stands there reaches tealgate's
// cache a moment later, so it is asked by dry runs.
func (w *world) denied(t *testing.T, says string, manifest map[string]any) string {
	t.Helper()
	text, last := write(t, manifest), ""
	err := poll(t.Context(), func(context.Context) (bool, error) {
		last = w.apply(t, text, "--dry-run=server").Stderr
		return strings.Contains(last, "denied the request") && strings.Contains(oneLine(last), says), nil
	})
	require.NoError(t, err, "never said: %s\nlast answer:\n%s", says, last)
	return last
}

// checked is the refusal with one message, as an offline check writes it.
func checked(t *testing.T, engine *policy.Engine, name string, manifest map[string]any) string {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(write(t, manifest)))
	require.NoError(t, err)
	object := message.Object{Kind: "Deployment", Namespace: "fixes", Name: "checked"}
	violations, err := engine.Evaluate(t.Context(), policy.Input{
		Operation: "CREATE", Kind: object.Kind, Namespace: object.Namespace, Name: object.Name, Object: raw, Facts: facts.None(),
	})
	require.NoError(t, err)
	others := func(v policy.Violation) bool { return v.Rule.ID+"/"+v.Message.Name != name }
	violations = slices.DeleteFunc(violations, others)
	require.NotEmpty(t, violations, "the check says nothing of it")
	answer, err := message.Denial(policy.English, object, violations)
	require.NoError(t, err)
	return answer
}

// requireOwnWords holds that a part of a sentence tells this message from the others
// of its rule, by the golden file in which all of them stand.
func requireOwnWords(t *testing.T, name, says string) {
	t.Helper()
	id, own, _ := strings.Cut(name, "/")
	golden, err := os.ReadFile(filepath.Join("..", "..", "policies", "testdata", id+".en.txt"))
	require.NoError(t, err)
	for section := range strings.SplitSeq(string(golden), "=== ") {
		if head, text, _ := strings.Cut(section, "\n"); text != "" {
			is := strings.FieldsFunc(head, func(r rune) bool { return r == ' ' || r == ',' })[0]
			require.Equal(t, is == own, strings.Contains(oneLine(text), says), "%q in what message %s says:\n%s", says, is, text)
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func write(t *testing.T, manifest map[string]any) string {
	t.Helper()
	text, err := yaml.Marshal(manifest)
	require.NoError(t, err)
	return string(text)
}
