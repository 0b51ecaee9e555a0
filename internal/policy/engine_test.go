package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

const mainModule = `package tealgate.main

verdict[name] := violations if {
	some name in input.asked
	violations := data.tealgate.rules[name].violation
}
`

// annotated is a complete rule up to its body.
const annotated = `# METADATA
# title: Sample
# description: A sample.
# custom:
#   id: sample
#   action: warn
#   messages:
#     wrong:
#       en: "{{.what}} is wrong."
package tealgate.rules.sample
`

const denies = `
violation contains {"message": "wrong", "field": "spec", "subject": "x", "with": {"what": "it"}} if {
	input.kind == "Deployment"
}
`

// withRule has one rule without annotations, at rule.rego.
func withRule(body string) map[string]string {
	return map[string]string{"main.rego": mainModule, "rule.rego": "package tealgate.rules.sample" + body}
}

func withAnnotated(change ...string) map[string]string {
	return map[string]string{"main.rego": mainModule, "rule.rego": strings.NewReplacer(change...).Replace(annotated + denies)}
}

func with(modules map[string]string, file, source string) map[string]string {
	modules[file] = source
	return modules
}

func created() policy.Input {
	return policy.Input{
		Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop-green",
		Object: []byte(`{"spec":{"replicas":1}}`), Facts: facts.None(),
	}
}

// TestNewRefuses lists what would allow silently once it ran.
func TestNewRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		reason  string
		modules map[string]string
		want    string
	}{
		"NoRules": {
			reason: "without rules nothing denies", modules: map[string]string{"main.rego": mainModule}, want: "no rules",
		},
		"NoMain": {
			reason:  "a query of what does not exist has no results and no error",
			modules: map[string]string{"rule.rego": annotated + denies}, want: "data.tealgate.main.verdict is not defined",
		},
		"NoVerdict": {
			reason:  "as above",
			modules: with(withAnnotated(), "main.rego", "package tealgate.main\n\nverdicts := {}"), want: "is not defined",
		},
		"ViolationMissing": {
			reason: "a rule that finds nothing, ever", modules: withRule("\n\nx := 1"), want: "defines no set",
		},
		"ViolationMisspelt": {
			reason: "as above", modules: withRule(strings.ReplaceAll(denies, "violation", "violations")), want: "defines no set",
		},
		"ViolationComplete": {
			reason: "a complete rule is undefined when its body fails", modules: withRule("\n\nviolation := \"x\" if input.kind == \"Deployment\""),
			want: "defines no set",
		},
		"ViolationBelow": {
			reason: "violation.x is not the set that is asked", modules: withRule("\n\nviolation.x contains 1 if input.kind == \"Deployment\""),
			want: "defines no set",
		},
		"ViolationBothWays": {
			reason: "two kinds of one name", modules: withRule(denies + "\nviolation := {1}"), want: "conflicting rules",
		},
		"PackageBelow": {
			reason:  "main asks only packages directly below tealgate.rules",
			modules: with(withAnnotated(), "below.rego", "package tealgate.rules.sample.more\n"+denies), want: "below.rego:1:1: a rule is asked only in",
		},
		"PackageMisspelt": {
			reason:  "nobody would ask it",
			modules: with(withAnnotated(), "other.rego", "package tealgate.rule.other\n"+denies), want: "other.rego:1:1: a rule is asked only in",
		},
		"TwoAnnotations": {
			reason:  "the second would replace the first by the order of file names",
			modules: with(withAnnotated(), "second.rego", annotated+denies), want: "has annotations in another file already",
		},
		"Misspelt": {
			reason: "input.x of a typo is undefined", modules: withRule("\n\nviolation contains {} if input.object.spec.replicaz == 1"),
			want: "rule.rego:3",
		},
		"NotStrict": {
			reason: "an unused variable is a typo", modules: withRule("\n\nviolation contains {} if {\n\tx := 1\n}"), want: "unused",
		},
		"UnknownLibrary": {
			reason: "undefined at run time, without an error", modules: withRule("\n\nviolation contains {} if data.tealgate.lib.worklod.is_deployment"),
			want: "rule.rego:3:26: data.tealgate.lib.worklod.is_deployment is not defined",
		},
		"UnknownImport": {
			reason: "as above", modules: withRule("\n\nimport data.acme.lib.owner\n\nviolation contains {} if owner.missing"),
			want: "data.acme.lib.owner.missing is not defined",
		},
		"UnknownNameInAPackage": {
			reason: "as above", modules: withRule("\n\nviolation contains {} if data.tealgate.main.verdicts"),
			want: "data.tealgate.main.verdicts is not defined",
		},
		"NotRego": {reason: "a parse error", modules: withRule("\n\nviolation contains"), want: "rule.rego:3"},
		"UnknownKey": {
			reason: "OPA ignores a misspelt key", modules: withAnnotated("#   action:", "#   acton:"), want: `unknown field "acton"`,
		},
		"UnknownMessageKey": {
			reason: "as above", modules: withAnnotated("#       en:", "#       de: x\n#       en:"), want: `unknown field "de"`,
		},
		"TitleMisspelt": {
			reason: "as above, for OPA's own keys", modules: withAnnotated("# title:", "# titel:"), want: "title or description missing",
		},
		"WrongID": {
			reason: "settings name rules by id", modules: withAnnotated("id: sample", "id: simple"), want: `asks for "sample"`,
		},
		"UnknownAction": {
			reason: "neither deny nor warn", modules: withAnnotated("action: warn", "action: dney"), want: `"dney"`,
		},
		"UnknownMessageAction": {
			reason: "as above, for one message", modules: withAnnotated("#       en:", "#       action: dney\n#       en:"), want: `"dney"`,
		},
		"UnknownLanguage": {
			reason: "the text would never be shown", modules: withAnnotated("#       en:", "#       after: {cn: x}\n#       en:"), want: `"cn"`,
		},
		"NoEnglish": {
			reason: "a message without a sentence", modules: withAnnotated("#       en:", "#       zh:"), want: "en is missing",
		},
		"BrokenTemplate": {
			reason: "could not be filled in", modules: withAnnotated("{{.what}}", "{{.what"), want: "custom.messages.wrong",
		},
		"http.send": {reason: "reaches outside", modules: withBuiltin(`http.send({"method": "get", "url": "http://x"})`), want: "undefined function http.send"},
		"net.lookup_ip_addr": {
			reason: "reaches outside", modules: withBuiltin(`net.lookup_ip_addr("x")`), want: "undefined function net.lookup_ip_addr",
		},
		"opa.runtime":  {reason: "shows the environment", modules: withBuiltin(`opa.runtime()`), want: "undefined function opa.runtime"},
		"time.now_ns":  {reason: "differs each time", modules: withBuiltin(`time.now_ns()`), want: "undefined function time.now_ns"},
		"rand.intn":    {reason: "differs each time", modules: withBuiltin(`rand.intn("x", 2)`), want: "undefined function rand.intn"},
		"uuid.rfc4122": {reason: "differs each time", modules: withBuiltin(`uuid.rfc4122("x")`), want: "undefined function uuid.rfc4122"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.New(t.Context(), test.modules)
			require.Error(t, err, test.reason)
			assert.ErrorContains(t, err, test.want, test.reason)
		})
	}
}

func withBuiltin(call string) map[string]string {
	return withRule("\n\nviolation contains {\"message\": x} if {\n\tx := " + call + "\n}")
}

// TestEvaluateErrs lists what goes wrong while rules run; none of it may look
// like a rule that found nothing.
func TestEvaluateErrs(t *testing.T) {
	for name, test := range map[string]struct {
		reason  string
		modules map[string]string
		input   func(*policy.Input)
		want    string
	}{
		"BuiltinError": {
			reason:  "a builtin error makes a rule undefined",
			modules: withRule("\n\nviolation contains {} if {\n\tto_number(input.name) == 1\n}"), want: "invalid syntax",
		},
		"BuiltinType": {
			reason:  "as above",
			modules: withRule("\n\nviolation contains {} if {\n\tcount(input.object.metadata) == 1\n}"),
			input:   func(in *policy.Input) { in.Object = []byte(`{"metadata":3}`) }, want: "count",
		},
		"Conflict": {
			reason:  "two values for one function call",
			modules: withRule("\n\nviolation contains f(1)\n\nf(_) := input.name\n\nf(_) := input.kind"), want: "conflict",
		},
		"MainOverlooksARule": {
			reason:  "a rule that is not in the result was not asked",
			modules: with(withAnnotated(), "main.rego", "package tealgate.main\n\nverdict := {\"other\": set()}"), want: "rule sample: its result is undefined",
		},
		"MainUndefined": {
			reason:  "no result is no consent",
			modules: with(withAnnotated(), "main.rego", "package tealgate.main\n\nverdict := {} if input.name == \"x\""), want: "is undefined",
		},
		"MainIsNoObject": {
			reason:  "as above",
			modules: with(withAnnotated(), "main.rego", "package tealgate.main\n\nverdict := \"fine\""), want: "is not an object",
		},
		"ViolationIsNoObject": {
			reason: "it denies and cannot say why", modules: withRule("\n\nviolation contains \"x\""), want: "rule sample",
		},
		"ObjectNotJSON": {
			reason: "cannot be read", modules: withAnnotated(), input: func(in *policy.Input) { in.Object = []byte(`{`) }, want: "object: not JSON",
		},
		"ObjectFollowedByMore": {
			reason:  "the rest would not be looked at",
			modules: withAnnotated(), input: func(in *policy.Input) { in.Object = []byte(`{} {}`) }, want: "object: not JSON",
		},
		"ObjectIsAList": {
			reason: "no rule finds anything in it", modules: withAnnotated(), input: func(in *policy.Input) { in.Object = []byte(`[]`) },
			want: "object is not a JSON object",
		},
		"ObjectMissing": {
			reason: "no rule finds anything", modules: withAnnotated(), input: func(in *policy.Input) { in.Object = nil }, want: "object is missing",
		},
		"ObjectNull": {
			reason: "as above", modules: withAnnotated(), input: func(in *policy.Input) { in.Object = []byte("null") }, want: "object is missing",
		},
		"OldNotJSON": {
			reason: "cannot be read", modules: withAnnotated(), input: func(in *policy.Input) { in.Old = []byte(`{`) }, want: "old object: not JSON",
		},
		"OldMissingOnDelete": {
			reason: "what is deleted is in the old object", modules: withAnnotated(),
			input: func(in *policy.Input) { in.Operation, in.Object = "DELETE", nil }, want: "old object is missing",
		},
		"OldMissingOnUpdate": {
			reason: "rules compare with it", modules: withAnnotated(), input: func(in *policy.Input) { in.Operation = "UPDATE" },
			want: "old object is missing",
		},
		"UnknownKind": {
			reason: "every rule asks for a kind it knows", modules: withAnnotated(), input: func(in *policy.Input) { in.Kind = "deployment" },
			want: `kind "deployment"`,
		},
		"UnknownOperation": {
			reason: "as above", modules: withAnnotated(), input: func(in *policy.Input) { in.Operation = "create" }, want: `operation "create"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := policy.New(t.Context(), test.modules)
			require.NoError(t, err)
			in := created()
			if test.input != nil {
				test.input(&in)
			}
			violations, err := engine.Evaluate(t.Context(), in)
			require.Error(t, err, test.reason)
			assert.ErrorContains(t, err, test.want, test.reason)
			assert.Empty(t, violations)
		})
	}
}

func TestEvaluateEndsWithItsContext(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)

	late := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(late)
	_, err = engine.Evaluate(ctx, created())
	assert.ErrorIs(t, err, late)

	slow, err := policy.New(t.Context(), withRule(`

violation contains {} if {
	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	a * b == 0
}`))
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 20_000_000)
	defer stop()
	_, err = slow.Evaluate(ctx, created())
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestRuleWithoutAnnotationsDenies: it has an id and a sentence all the same.
func TestRuleWithoutAnnotationsDenies(t *testing.T) {
	engine, err := policy.New(t.Context(), withRule(denies))
	require.NoError(t, err)
	assert.ErrorContains(t, engine.Complete(), "rule sample: no annotations")

	violations, err := engine.Evaluate(t.Context(), created())
	require.NoError(t, err)
	require.Len(t, violations, 1)
	assert.Equal(t, "sample", violations[0].Rule.ID)
	assert.Equal(t, policy.Deny, violations[0].Action)
	text, err := violations[0].Message.Fill(policy.English, violations[0].With)
	require.NoError(t, err)
	assert.Contains(t, text.Body, "sample denies this and has no sentence for it (message wrong)")
}

// TestMessageWithoutAnnotationsDenies, even in a rule that warns.
func TestMessageWithoutAnnotationsDenies(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated(`"message": "wrong"`, `"message": "worng"`))
	require.NoError(t, err)
	violations, err := engine.Evaluate(t.Context(), created())
	require.NoError(t, err)
	require.Len(t, violations, 1)
	assert.Equal(t, policy.Deny, violations[0].Action)
	_, err = violations[0].Message.Fill(policy.Chinese, violations[0].With)
	assert.NoError(t, err)
}

// TestFillErrs: a sentence with a hole is none.
func TestFillErrs(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)
	message := engine.Rules()[0].Messages["wrong"]
	for name, with := range map[string]map[string]any{
		"NoValues":   nil,
		"OtherValue": {"that": "it"},
		"Null":       {"what": nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := message.Fill(policy.English, with)
			assert.Error(t, err)
		})
	}
	engine, err = policy.New(t.Context(), withAnnotated("{{.what}}", "{{.fix}}"))
	require.NoError(t, err)
	_, err = engine.Rules()[0].Messages["wrong"].Fill(policy.English, map[string]any{"what": "it"})
	assert.Error(t, err, "the message has no fix")
}

func TestCompleteNamesWhatIsMissing(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)
	err = engine.Complete()
	assert.ErrorContains(t, err, "rule sample: title or description: no zh")
	assert.ErrorContains(t, err, "rule sample: message wrong: no zh")
}

// TestEvaluateNeedsNoOld: nothing is stored before a CREATE.
func TestEvaluateNeedsNoOld(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)
	for name, old := range map[string][]byte{"absent": nil, "null": []byte("null")} {
		t.Run(name, func(t *testing.T) {
			in := created()
			in.Old = old
			violations, err := engine.Evaluate(t.Context(), in)
			require.NoError(t, err)
			assert.Len(t, violations, 1)
		})
	}
}

// TestEmbeddedRulesAnswer: the rules of the program find nothing in what is
// deleted, and are not undefined for it.
func TestEmbeddedRulesAnswer(t *testing.T) {
	modules, err := policies.Modules()
	require.NoError(t, err)
	engine, err := policy.New(t.Context(), modules)
	require.NoError(t, err)
	for _, kind := range []string{"Deployment", "Service", "Scale"} {
		t.Run(kind, func(t *testing.T) {
			_, err := engine.Evaluate(t.Context(), policy.Input{
				Operation: "DELETE", Kind: kind, Namespace: "shop", Name: "shop", Old: []byte(`{}`), Facts: facts.None(),
			})
			assert.NoError(t, err)
		})
	}
}
