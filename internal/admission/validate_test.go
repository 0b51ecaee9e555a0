package admission

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// Rules of these tests: quality finds words in the annotation quality, one
// problem a word, and guard the same for traffic. Their sentences are short, so
// that the tests are about what happens to them.
const (
	testMain = `package tealgate.main

verdict[name] := v if {
	some name
	v := data.tealgate.rules[name].violation
}
`
	testQuality = `# METADATA
# title: quality
# description: quality
# custom:
#   id: quality
#   action: deny
#   messages:
#     bad: {en: "{{.word}} is bad.", zh: "{{.word}} 不好。"}
#     advice: {action: warn, en: "{{.word}} could be better."}
#     silent: {action: advise, en: "{{.word}} is silent."}
package tealgate.rules.quality

words := split(object.get(input.object, ["metadata", "annotations", "quality"], ""), " ")

messages := {"hint": "advice", "tip": "advice", "note": "silent"}

violation contains {
	"message": object.get(messages, word, "bad"), "subject": trim_right(word, "!"), "with": {"word": word},
	"field": sprintf("metadata.annotations[quality].%s", [word]),
} if {
	some word in words
	word != ""
}
`
	testGuard = `# METADATA
# title: guard
# description: guard
# custom:
#   id: guard
#   action: deny
#   concern: traffic
#   messages:
#     bad: {en: "{{.word}} moves traffic."}
package tealgate.rules.guard

violation contains {"message": "bad", "subject": word, "field": "spec", "with": {"word": word}} if {
	some word in split(object.get(input.object, ["metadata", "annotations", "guard"], ""), " ")
	word != ""
}
`
)

func testRules(t *testing.T) *policy.Engine {
	t.Helper()
	engine, err := policy.New(t.Context(), map[string]string{"main.rego": testMain, "quality.rego": testQuality, "guard.rego": testGuard})
	require.NoError(t, err)
	return engine
}

// worded is an object of a kind with those words.
func worded(kind, quality, guard string) string {
	version := map[string]string{"Deployment": "apps/v1", "Service": "v1", "Scale": "autoscaling/v1"}[kind]
	return "{apiVersion: " + version + ", kind: " + kind +
		", metadata: {name: shop, namespace: shop, annotations: {quality: '" + quality + "', guard: '" + guard + "'}}}"
}

// rolled is an object with another pod template.
func rolled(object string) string {
	return strings.TrimSuffix(object, "}") + ", spec: {template: {metadata: {labels: {version: '1'}}}}}"
}

func TestVerdict(t *testing.T) {
	rules := testRules(t)
	at := func(word string) string { return "metadata.annotations[quality]." + word }
	for name, test := range map[string]struct {
		reason string
		entry  string // validate-enforce
		object string
		old    string
		ran    bool
		// denied are the ids of the verdict line, in order; empty means Allowed.
		denied string
		warns  []string
		audit  string
	}{
		"Clean": {reason: "nothing to say", object: worded("Deployment", "", "")},
		"NewProblem": {
			reason: "a new object has no past", object: worded("Deployment", "a", ""),
			denied: "1 problem in Deployment shop/shop: quality", audit: "deny quality " + at("a"),
		},
		"OldProblem": {
			reason: "what was there before does not deny", object: worded("Deployment", "a", ""), old: worded("Deployment", "a", ""),
			warns: []string{"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality"}, audit: "warn quality " + at("a"),
		},
		"AddedProblem": {
			reason: "violations are compared, not rules", object: worded("Deployment", "a b", ""), old: worded("Deployment", "a", ""),
			denied: "1 problem in Deployment shop/shop: quality",
			warns:  []string{"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality"},
			audit:  "deny quality " + at("b") + "; warn quality " + at("a"),
		},
		"SwappedProblem": {
			reason: "one gone does not pay for one that came", object: worded("Deployment", "b", ""), old: worded("Deployment", "a", ""),
			denied: "1 problem in Deployment shop/shop: quality", audit: "deny quality " + at("b"),
		},
		"SecondOfOneIdentity": {
			reason: "a rule that tells two apart badly hides none behind the first", object: worded("Deployment", "a a!", ""), old: worded("Deployment", "a", ""),
			denied: "1 problem in Deployment shop/shop: quality",
			warns:  []string{"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality"},
			audit:  "deny quality " + at("a!") + "; warn quality " + at("a"),
		},
		"BothOfOneIdentityBefore": {
			reason: "as many as there were", object: worded("Deployment", "a a!", ""), old: worded("Deployment", "a! a", ""),
			warns: []string{
				"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality",
				"Deployment shop/shop: quality: a! is bad. It was there before, so this change passes. More: kubectl tealgate explain quality",
			},
			audit: "warn quality " + at("a") + "; warn quality " + at("a!"),
		},
		"AdviceOnly": {
			reason: "a rule that only warns", object: worded("Deployment", "hint", ""),
			warns: []string{"Deployment shop/shop: quality: hint could be better. More: kubectl tealgate explain quality"}, audit: "warn quality " + at("hint"),
		},
		"Silent": {reason: "advise is for check and audit", object: worded("Deployment", "note", "")},
		"AdviceBesideDenial": {
			reason: "all at once", object: worded("Deployment", "a hint", "x"),
			denied: "2 problems in Deployment shop/shop: guard, quality",
			warns:  []string{"Deployment shop/shop: quality: hint could be better. More: kubectl tealgate explain quality"},
			audit:  "deny guard spec; deny quality " + at("a") + "; warn quality " + at("hint"),
		},
		"ThreeWarnings": {
			reason: "at most three", object: worded("Deployment", "a hint tip", ""), old: worded("Deployment", "a", ""),
			warns: []string{
				"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality",
				"Deployment shop/shop: quality: hint could be better. More: kubectl tealgate explain quality",
				"Deployment shop/shop: quality: tip could be better. More: kubectl tealgate explain quality",
			},
			audit: "warn quality " + at("a") + "; warn quality " + at("hint") + "; warn quality " + at("tip"),
		},
		"FourWarnings": {
			reason: "the last line counts the rest, and advice comes last", object: worded("Deployment", "a hint tip", "x"), old: worded("Deployment", "a", "x"),
			warns: []string{
				"Deployment shop/shop: guard: x moves traffic. It was there before, so this change passes. More: kubectl tealgate explain guard",
				"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality",
				"2 more in Deployment shop/shop: quality",
			},
			audit: "warn guard spec; warn quality " + at("a") + "; warn quality " + at("hint") + "; warn quality " + at("tip"),
		},
		"Undo": {
			reason: "going back to a template that ran must be easy", object: rolled(worded("Deployment", "a", "")), old: worded("Deployment", "", ""), ran: true,
			warns: []string{"Deployment shop/shop: quality: a is bad. This template ran before, so going back to it passes. More: kubectl tealgate explain quality"},
			audit: "warn quality " + at("a"),
		},
		"SameTemplate": {
			reason: "what runs now ran before, and nothing goes back", object: worded("Deployment", "a", ""), old: worded("Deployment", "", ""), ran: true,
			denied: "1 problem in Deployment shop/shop: quality", audit: "deny quality " + at("a"),
		},
		"UndoAndTraffic": {
			reason: "never where it is about live traffic", object: rolled(worded("Deployment", "a", "x")), old: worded("Deployment", "", ""), ran: true,
			denied: "1 problem in Deployment shop/shop: guard",
			warns:  []string{"Deployment shop/shop: quality: a is bad. This template ran before, so going back to it passes. More: kubectl tealgate explain quality"},
			audit:  "deny guard spec; warn quality " + at("a"),
		},
		"UndoOfACreation": {
			reason: "nothing ran before it was there", object: worded("Deployment", "a", ""), ran: true,
			denied: "1 problem in Deployment shop/shop: quality", audit: "deny quality " + at("a"),
		},
		"UndoOfAService": {
			reason: "a Service has no template", object: worded("Service", "a", ""), old: worded("Service", "", ""), ran: true,
			denied: "1 problem in Service shop/shop: quality", audit: "deny quality " + at("a"),
		},
		"Scale": {
			reason: "answered like the rest", object: worded("Scale", "a", ""), old: worded("Scale", "", ""),
			denied: "1 problem in Scale shop/shop: quality", audit: "deny quality " + at("a"),
		},
		"Warn": {
			reason: "the mode caps what a rule does", entry: "validate-warn", object: worded("Deployment", "a hint", ""),
			warns: []string{
				"Deployment shop/shop: quality: a is bad. Denied in enforce. More: kubectl tealgate explain quality",
				"Deployment shop/shop: quality: hint could be better. More: kubectl tealgate explain quality",
			},
			audit: "would-deny quality " + at("a") + "; warn quality " + at("hint"),
		},
		"WarnRatchet": {
			reason: "in enforce the old one would pass, and the sentence must not threaten", entry: "validate-warn",
			object: worded("Deployment", "a b", ""), old: worded("Deployment", "a", ""),
			warns: []string{
				"Deployment shop/shop: quality: a is bad. It was there before, so this change passes. More: kubectl tealgate explain quality",
				"Deployment shop/shop: quality: b is bad. Denied in enforce. More: kubectl tealgate explain quality",
			},
			audit: "warn quality " + at("a") + "; would-deny quality " + at("b"),
		},
		"Audit": {
			reason: "only the audit log hears of it", entry: "validate-audit", object: worded("Deployment", "a hint", "x"),
			audit: "would-deny guard spec; would-deny quality " + at("a") + "; warn quality " + at("hint"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: rules, facts: around{ran: test.ran}}.webhooks()
			a := ask{entry: test.entry, object: test.object, old: test.old}
			if a.entry == "" {
				a.entry = "validate-enforce"
			}
			response := a.answer(t, w)
			verdict, _, _ := strings.Cut(response.Result.Message, "\n")
			assert.Equal(t, test.denied, verdict, test.reason)
			assert.Equal(t, test.denied == "", response.Allowed, test.reason)
			assert.Equal(t, test.warns, response.Warnings, test.reason)
			assert.Equal(t, test.audit, response.AuditAnnotations["problems"], test.reason)
			assert.Empty(t, response.Patch, "a validating entry changes nothing")
		})
	}
}

// What machines read: the same findings as the text.
func TestDenialForMachines(t *testing.T) {
	w, registry := cluster{rules: testRules(t)}.webhooks()
	response := ask{entry: "validate-enforce", object: worded("Deployment", "b a hint", "x")}.answer(t, w)
	assert.Equal(t, &metav1.Status{
		Status: "Failure", Code: 403, Reason: "Forbidden",
		Message: "3 problems in Deployment shop/shop: guard, quality\n\n1. guard: x moves traffic.\n\n2. quality: a is bad.\n\n3. quality: b is bad.",
		Details: &metav1.StatusDetails{Name: "shop", Group: "apps", Kind: "Deployment", Causes: []metav1.StatusCause{
			{Type: "guard", Field: "spec", Message: "x"},
			{Type: "quality", Field: "metadata.annotations[quality].a", Message: "a"},
			{Type: "quality", Field: "metadata.annotations[quality].b", Message: "b"},
		}},
	}, response.Result)

	ask{entry: "validate-warn", object: worded("Deployment", "a hint", "")}.answer(t, w)
	for labels, want := range map[[3]string]int{
		{"quality", "deny", "enforce"}: 2, {"guard", "deny", "enforce"}: 1, {"quality", "warn", "enforce"}: 1,
		{"quality", "would-deny", "warn"}: 1, {"quality", "warn", "warn"}: 1, {"quality", "deny", "warn"}: 0,
	} {
		got := counted(t, registry, "tealgate_admission_problems_total", map[string]string{"rule": labels[0], "action": labels[1], "mode": labels[2]})
		assert.Equal(t, want, got, labels)
	}
	assert.Equal(t, 1, requests(t, registry, "validate-enforce", "denied"))
	assert.Equal(t, 1, requests(t, registry, "validate-warn", "allowed"))
}

// The ratchet with the rules of the program.
func TestRatchet(t *testing.T) {
	w, _ := cluster{rules: embeddedRules(t)}.webhooks()
	unprobed := strings.Replace(goodDeployment, "        readinessProbe: {httpGet: {path: /readyz, port: http}}\n", "", 1)
	require.NotEqual(t, goodDeployment, unprobed)

	response := ask{entry: "validate-enforce", object: unprobed, old: goodDeployment}.answer(t, w)
	assert.False(t, response.Allowed, "removing a probe is new")
	assert.True(t, strings.HasPrefix(response.Result.Message, "1 problem in Deployment shop/shop-blue: readiness-probe\n"), response.Result.Message)

	response = ask{entry: "validate-enforce", object: strings.ReplaceAll(unprobed, "1.4.0", "1.5.0"), old: unprobed}.answer(t, w)
	assert.True(t, response.Allowed, response.Result.Message)
	assert.Equal(t, []string{
		"Deployment shop/shop-blue: readiness-probe: container web has no readinessProbe. It would get traffic as soon as its process starts, " +
			"before it can answer. It was there before, so this change passes. More: kubectl tealgate explain readiness-probe",
	}, response.Warnings)

	second := strings.Replace(unprobed, "      - name: web\n", "      - {name: admin, image: 'admin:1', ports: [{containerPort: 9}], lifecycle: {preStop: {sleep: {seconds: 5}}}}\n      - name: web\n", 1)
	response = ask{entry: "validate-enforce", object: second, old: unprobed}.answer(t, w)
	assert.False(t, response.Allowed, "another container without a probe is new, wherever it stands in the list")
	require.Len(t, response.Result.Details.Causes, 1)
	assert.Equal(t, "container admin", response.Result.Details.Causes[0].Message)
	assert.Len(t, response.Warnings, 1)
}

// The stored object is asked about only when the new one has problems, and with
// facts of its own.
func TestWhatIsLookedUp(t *testing.T) {
	asked := 0
	rules := testRules(t)
	counting := rulesFunc(func(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
		asked++
		return rules.Evaluate(ctx, in)
	})
	for name, test := range map[string]struct {
		object, old string
		want        int
	}{
		"Clean":    {object: worded("Deployment", "", ""), old: worded("Deployment", "a", ""), want: 1},
		"Advice":   {object: worded("Deployment", "hint", ""), old: worded("Deployment", "a", ""), want: 1},
		"Problem":  {object: worded("Deployment", "a", ""), old: worded("Deployment", "a", ""), want: 2},
		"Creation": {object: worded("Deployment", "a", ""), want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked = 0
			w, _ := cluster{rules: counting}.webhooks()
			ask{entry: "validate-enforce", object: test.object, old: test.old}.answer(t, w)
			assert.Equal(t, test.want, asked)
		})
	}
}

// Every lookup on the way to a denial may fail, and then nothing passes.
func TestLookupsFail(t *testing.T) {
	for name, fail := range map[string]int{"FactsOfTheNew": 1, "FactsOfTheOld": 2, "RanBefore": 3} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			w, _ := cluster{rules: testRules(t), facts: around{ran: true, before: func(context.Context) error {
				if calls++; calls == fail {
					return errors.New("no answer")
				}
				return nil
			}}}.webhooks()
			relabelled := strings.Replace(worded("Deployment", "a", ""), "}}}", "}}, spec: {template: {metadata: {labels: {a: b}}}}}", 1)
			response := ask{entry: "validate-enforce", object: relabelled, old: worded("Deployment", "", "")}.answer(t, w)
			assert.False(t, response.Allowed)
			assert.Contains(t, response.Result.Message, "tealgate could not decide: no answer")
		})
	}
}

func TestDelete(t *testing.T) {
	var seen policy.Input
	w, _ := cluster{rules: rulesFunc(func(_ context.Context, in policy.Input) ([]policy.Violation, error) {
		seen = in
		return nil, nil
	})}.webhooks()
	for _, kind := range []string{"Deployment", "Service"} {
		response := ask{entry: "validate-enforce", operation: admissionv1.Delete, old: worded(kind, "a", "")}.answer(t, w)
		assert.True(t, response.Allowed)
		assert.Equal(t, "DELETE", seen.Operation)
		assert.Equal(t, kind, seen.Kind)
		assert.Empty(t, seen.Object)
		assert.NotEmpty(t, seen.Old)
		assert.Equal(t, facts.None(), seen.Facts)
	}
}

func TestExemptIsAskedForNewDeclarations(t *testing.T) {
	declined := strings.Replace(goodDeployment, "annotations: {", "annotations: {tealgate.dev/blue-green: disabled, ", 1)
	live := facts.Facts{Services: []facts.Service{{Name: "shop", Color: "blue", Selector: map[string]string{"app": "shop"}}}}
	for name, test := range map[string]struct {
		reason string
		old    string
		exempt bool
		want   bool
	}{
		"May":     {reason: "who holds the verb exempt may", old: goodDeployment, exempt: true, want: true},
		"MayNot":  {reason: "it takes away what protects live traffic", old: goodDeployment, want: false},
		"Already": {reason: "nothing is declared anew", old: declined, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: embeddedRules(t), facts: around{deployment: live, exempt: test.exempt}}.webhooks()
			response := ask{entry: "validate-enforce", object: declined, old: test.old}.answer(t, w)
			assert.Equal(t, test.want, response.Allowed, "%s: %s", test.reason, response.Result.Message)
		})
	}
}

// Audit mutates nothing and judges what enforce would have made of the object.
func TestAuditJudgesAsEnforceWould(t *testing.T) {
	w, registry := cluster{rules: embeddedRules(t)}.webhooks()
	response := ask{entry: "validate-audit", object: shop("shop-green", "", "tealgate.dev/config: none", "app: shop", "app: shop")}.answer(t, w)
	assert.True(t, response.Allowed)
	assert.Empty(t, response.Warnings)
	assert.Empty(t, response.Patch)
	assert.Equal(t, "would-deny readiness-probe spec.template.spec.containers; would-deny version-label spec.template.metadata.labels; "+
		"warn graceful-shutdown spec.template.spec.containers[0].lifecycle",
		response.AuditAnnotations["problems"])
	assert.Equal(t, 1, requests(t, registry, "validate-audit", outcomeAllowed))
}
