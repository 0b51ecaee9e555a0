package policies_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/test/paste"
)

// checkFixes pastes the fix of every violation that a test provokes into the object
// that has the problem, and asks the rules again: the problem is gone and the same
// rule has no new one. Objects that no API server would hand over are left out, but
// of each message with a fix one sample at least is pasted.
func checkFixes(t *testing.T, found map[string][]sample) {
	t.Helper()
	engine := engine(t)
	for _, rule := range engine.Rules() {
		for _, name := range slices.Sorted(maps.Keys(rule.Messages)) {
			samples := distinct(t, found[rule.Package+"/"+name])
			if len(samples) == 0 || !rule.Messages[name].Fixes() {
				continue
			}
			t.Run(rule.ID+"/"+name, func(t *testing.T) {
				pasted, odd := 0, map[string]int{}
				for _, sample := range samples {
					if reason := pasteInto(t, engine, rule, name, sample); reason != "" {
						odd[reason]++
					} else {
						pasted++
					}
				}
				assert.Positive(t, pasted, "no sample of this message could be pasted: %v", odd)
				t.Logf("%d pasted, left out: %v", pasted, odd)
			})
		}
	}
}

// pasteInto checks one sample. It returns why the sample is too odd for it.
func pasteInto(t *testing.T, engine *policy.Engine, rule *policy.Rule, name string, sample sample) (odd string) {
	t.Helper()
	question, object, odd := question(t, sample.input)
	question.Object = []byte(asJSON(t, object))
	if odd != "" {
		return odd
	}
	engine = asSet(t, engine, sample.input)
	fix := fixOf(t, rule.Messages[name], sample)
	cured, err := paste.Into(object, fix)
	if errors.Is(err, paste.ErrShape) {
		return "another shape than the fix"
	}
	require.NoError(t, err)
	before := identities(t, engine, rule, question)
	question.Object = []byte(asJSON(t, cured))
	if len(question.Facts.Exemptions) > 0 {
		question.Facts.Exemptions = exemptionsOf(t, engine, cured)
	}
	after := identities(t, engine, rule, question)
	this := policy.Violation{Rule: rule, Message: rule.Messages[name], Subject: sample.subject}.Identity()
	if !assert.Contains(t, before, this, "the rules see another question than the test: %s", sample.input) {
		return ""
	}
	fresh := slices.DeleteFunc(after, func(identity string) bool { return identity != this && slices.Contains(before, identity) })
	assert.Empty(t, fresh, "denied again when pasted at %q:\n%s\ninto:  %s\ngives: %s",
		fix.At, asJSON(t, fix.Value), asJSON(t, object), question.Object)
	return ""
}

// asSet is the engine with the settings of a test's input.
func asSet(t *testing.T, engine *policy.Engine, input *ast.Term) *policy.Engine {
	t.Helper()
	set := input.Get(ast.StringTerm("settings"))
	if set == nil {
		return engine
	}
	value, err := ast.JSON(set.Value)
	require.NoError(t, err)
	settings := policy.DefaultSettings()
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, value)), &settings))
	engine, err = engine.Tuned(policy.Tuning{Settings: settings})
	require.NoError(t, err)
	return engine
}

// distinct drops what several tests ask alike.
func distinct(t *testing.T, samples []sample) []sample {
	t.Helper()
	unique := map[string]sample{}
	for _, sample := range samples {
		unique[sample.subject+asJSON(t, sample.with)+sample.input.String()] = sample
	}
	sorted := make([]sample, 0, len(unique))
	for _, key := range slices.Sorted(maps.Keys(unique)) {
		sorted = append(sorted, unique[key])
	}
	return sorted
}

func fixOf(t *testing.T, message *policy.Message, sample sample) paste.Fix {
	t.Helper()
	text, err := message.Fill(policy.English, sample.with)
	require.NoError(t, err)
	fix, err := paste.Read(text.FixAt, text.Body, text.Fix)
	require.NoError(t, err)
	return fix
}

// question is a test's input as the program would ask it, and its object; or why
// the program never would.
func question(t *testing.T, input *ast.Term) (question policy.Input, object map[string]any, odd string) {
	t.Helper()
	value, err := ast.JSON(input.Value)
	require.NoError(t, err)
	var asked struct {
		Operation, Kind, Namespace, Name, User string
		Object, Old, Facts                     json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, value)), &asked))
	if err := json.Unmarshal(asked.Object, &object); err != nil || object == nil {
		return policy.Input{}, nil, "no object"
	}
	if !named(object) {
		return policy.Input{}, nil, "containers that have no name or share one"
	}
	around := facts.None()
	if len(asked.Facts) > 0 {
		require.NoError(t, json.Unmarshal(asked.Facts, &around))
	}
	// Tests leave out what their rule does not read.
	operation := "CREATE"
	if len(asked.Old) > 0 && string(asked.Old) != "null" {
		operation = "UPDATE"
	}
	return policy.Input{
		Operation: cmp.Or(asked.Operation, operation), Kind: asked.Kind, Namespace: asked.Namespace, Name: asked.Name, User: asked.User,
		Old: asked.Old, Facts: around,
	}, object, ""
}

// exemptionsOf are those that an object asks for, on a day on which those of the tests
// still count. Other facts do not follow from what a fix changes.
func exemptionsOf(t *testing.T, engine *policy.Engine, object map[string]any) []facts.Exemption {
	t.Helper()
	var metadata struct{ Metadata metav1.ObjectMeta }
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, object)), &metadata))
	list := exemption.Parse(metadata.Metadata.Annotations[v1alpha1.AnnotationExempt])
	return facts.Exemptions(list, nil, time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC), func(id string) (known, exemptable bool) {
		rule, known := engine.Rule(id)
		return known, known && rule.Exemptable
	})
}

// named: a fix finds containers by their name, which the API server demands.
func named(object map[string]any) bool {
	seen := map[any]bool{}
	var value any = object
	for _, step := range []string{"spec", "template", "spec"} {
		parent, _ := value.(map[string]any)
		value = parent[step]
	}
	pod, _ := value.(map[string]any)
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := pod[list].([]any)
		for _, element := range containers {
			container, _ := element.(map[string]any)
			name, _ := container["name"].(string)
			if name == "" || seen[name] {
				return false
			}
			seen[name] = true
		}
	}
	return true
}

func identities(t *testing.T, engine *policy.Engine, rule *policy.Rule, question policy.Input) []string {
	t.Helper()
	violations, err := engine.Evaluate(t.Context(), question)
	require.NoError(t, err)
	var list []string
	for _, violation := range violations {
		if violation.Rule.ID == rule.ID {
			list = append(list, violation.Identity())
		}
	}
	return list
}
