package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// ladder is a rule of the action deny with a message of each strength.
const ladder = `# METADATA
# title: Ladder
# description: A sample.
# custom:
#   id: ladder
#   action: deny
#   messages:
#     problem: {en: "it is wrong."}
#     hint: {action: warn, en: "it could be better."}
#     note: {action: advise, en: "it could be nicer."}
package tealgate.rules.ladder

violation contains {"message": message, "field": "spec", "subject": message, "with": {}} if {
	some message in ["problem", "hint", "note", "forgotten"]
}
`

func tuned(t *testing.T, tuning policy.Tuning, modules ...string) []policy.Violation {
	t.Helper()
	all := map[string]string{"main.rego": mainModule, "ladder.rego": ladder}
	for _, module := range modules {
		all["more.rego"] = module
	}
	engine, err := policy.New(t.Context(), all)
	require.NoError(t, err)
	engine, err = engine.Tuned(tuning)
	require.NoError(t, err)
	violations, err := engine.Evaluate(t.Context(), created())
	require.NoError(t, err)
	return violations
}

func actionsOf(violations []policy.Violation) map[string]policy.Action {
	found := map[string]policy.Action{}
	for _, violation := range violations {
		found[violation.Subject] = violation.Action
	}
	return found
}

func TestTunedAction(t *testing.T) {
	own := map[string]policy.Action{"problem": policy.Deny, "hint": policy.Warn, "note": policy.Advise, "forgotten": policy.Deny}
	for name, test := range map[string]struct {
		reason string
		set    policy.Action
		want   map[string]policy.Action
	}{
		"NotSet": {"the rule's own actions count", "", own},
		"Deny":   {"a hint never gets stronger than it is", policy.Deny, own},
		"Warn": {
			"what is weaker stays weaker; what no annotation knows is a finding like the rule's own", policy.Warn,
			map[string]policy.Action{"problem": policy.Warn, "hint": policy.Warn, "note": policy.Advise, "forgotten": policy.Warn},
		},
		"Advise": {
			"everything is silent at admission", policy.Advise,
			map[string]policy.Action{"problem": policy.Advise, "hint": policy.Advise, "note": policy.Advise, "forgotten": policy.Advise},
		},
		"Off": {"findings are dropped", policy.Off, map[string]policy.Action{}},
	} {
		t.Run(name, func(t *testing.T) {
			asked := map[string]bool{}
			got := tuned(t, policy.Tuning{Settings: policy.DefaultSettings(), Action: func(namespace, rule string) policy.Action {
				asked[namespace+"/"+rule] = true
				return test.set
			}})
			assert.Equal(t, test.want, actionsOf(got), test.reason)
			assert.Equal(t, map[string]bool{"shop/ladder": true}, asked, "the namespace of the object counts")
		})
	}
}

// A rule that is a hint as a whole may be made to deny.
func TestTunedActionOfARuleThatWarns(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)
	strict, err := engine.Tuned(policy.Tuning{
		Settings: policy.DefaultSettings(), Action: func(string, string) policy.Action { return policy.Deny },
	})
	require.NoError(t, err)
	for _, test := range []struct {
		engine *policy.Engine
		want   policy.Action
	}{{engine, policy.Warn}, {strict, policy.Deny}} {
		violations, err := test.engine.Evaluate(t.Context(), created())
		require.NoError(t, err)
		require.Len(t, violations, 1)
		assert.Equal(t, test.want, violations[0].Action, "tuning one engine leaves the other")
	}
}

func TestTunedDocs(t *testing.T) {
	for _, violation := range tuned(t, policy.Tuning{
		Settings: policy.DefaultSettings(), Docs: func(rule string) string { return "https://wiki.example/" + rule },
	}) {
		assert.Equal(t, "https://wiki.example/ladder", violation.Docs)
	}
	for _, violation := range tuned(t, policy.Tuning{Settings: policy.DefaultSettings()}) {
		assert.Empty(t, violation.Docs)
	}
}

// Rules see the settings, defaults included, and a misspelt name is an error.
func TestSettingsInRules(t *testing.T) {
	const rule = `package tealgate.rules.seen

violation contains {"message": "x", "subject": name} if {
	some name in input.settings.sidecars
}

violation contains {"message": "x", "subject": pattern.name} if {
	some pattern in input.settings.patterns.add
	pattern.kind == "token"
}

violation contains {"message": "x", "subject": pattern.value} if {
	some pattern in input.settings.patterns.drop
}
`
	settings := policy.DefaultSettings()
	settings.Sidecars = []string{"my-agent"}
	settings.Patterns.Add = []policy.Pattern{{Kind: "token", Name: "^ACME$"}, {Kind: "key", Name: "^OTHER$"}}
	settings.Patterns.Drop = []policy.Pattern{{Value: "^dummy$"}}
	seen := func(settings policy.Settings) []string {
		var subjects []string
		for _, violation := range tuned(t, policy.Tuning{Settings: settings}, rule) {
			if violation.Rule.ID == "seen" {
				subjects = append(subjects, violation.Subject)
			}
		}
		return subjects
	}
	assert.ElementsMatch(t, []string{"my-agent", "^ACME$", "^dummy$"}, seen(settings))
	assert.ElementsMatch(t, policy.DefaultSettings().Sidecars, seen(policy.DefaultSettings()))

	_, err := policy.New(t.Context(), withRule("\n\nviolation contains 1 if input.settings.sidecar"))
	assert.ErrorContains(t, err, "undefined ref: input.settings.sidecar")
}

// What has no effect is not asked for: a rule that would break the whole answer does
// not, once it is switched off.
func TestRulesThatAreNotAsked(t *testing.T) {
	const broken = `# METADATA
# title: Broken
# description: A sample.
# custom: {id: broken, action: advise, messages: {note: {en: "it could be nicer."}}}
package tealgate.rules.broken

violation contains {"message": "note", "field": "spec", "subject": "", "with": {}} if regex.match(input.name, "x")
`
	for name, test := range map[string]struct {
		set       policy.Action
		unadvised bool
		asked     bool
	}{
		"Advice":          {asked: true},
		"NoAdvice":        {unadvised: true},
		"AdviceThatWarns": {set: policy.Warn, unadvised: true, asked: true},
		"Off":             {set: policy.Off},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := policy.New(t.Context(), map[string]string{"main.rego": mainModule, "broken.rego": broken})
			require.NoError(t, err)
			engine, err = engine.Tuned(policy.Tuning{
				Settings: policy.DefaultSettings(), Action: func(string, string) policy.Action { return test.set },
			})
			require.NoError(t, err)
			in := created()
			in.Name, in.Unadvised = "(", test.unadvised
			_, err = engine.Evaluate(t.Context(), in)
			if test.asked {
				assert.ErrorContains(t, err, "missing closing )")
			} else {
				assert.NoError(t, err)
			}
		})
	}
}
