package rulebook_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

// owner is a rule that denies every Deployment, and its test.
const (
	owner = `# METADATA
# title: Every Deployment names its team
# description: Whoever is called at night wants to know whose it is.
# custom:
#   id: team-owner
#   action: deny
#   messages:
#     missing:
#       en: nobody owns {{.name}}.
` + bare
	bare = `package tealgate.rules.team_owner

violation contains {"message": "missing", "field": "metadata", "subject": "", "with": {"name": input.name}} if {
	input.kind == "Deployment"
	input.operation != "DELETE"
}
`
	ownerTest = `package tealgate.rules.team_owner_test

import data.tealgate.rules.team_owner as rule

test_denies if count(rule.violation) == 1 with input as {"kind": "Deployment", "operation": "CREATE", "name": "x"}
`
)

// source is a ConfigMap; files are pairs of key and text.
func source(name string, files ...string) rulebook.Source {
	s := rulebook.Source{Name: rulebook.ConfigMapName("tealgate-system", name), Files: map[string]string{}}
	for i := 0; i < len(files); i += 2 {
		s.Files[name+"/"+files[i]] = files[i+1]
	}
	return s
}

func embedded(t *testing.T) []*policy.Module {
	t.Helper()
	modules, err := rulebook.Embedded()
	require.NoError(t, err)
	return modules
}

// few are the embedded modules that tests need which do not ask what all rules say.
func few(t *testing.T) []*policy.Module {
	t.Helper()
	return slices.DeleteFunc(embedded(t), func(m *policy.Module) bool {
		return m.Rule() != "" && m.Rule() != "replicas" || m.Below("tealgate", "lib") && m.PackageName() != "tealgate.lib.workload"
	})
}

// found are the rules that find something wrong with a plain Deployment.
func found(t *testing.T, engine *policy.Engine) []string {
	t.Helper()
	violations, err := engine.Evaluate(t.Context(), policy.Input{
		Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop", Facts: facts.None(),
		Object: []byte(`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"replicas": 1}}`),
	})
	require.NoError(t, err)
	var ids []string
	for _, violation := range violations {
		ids = append(ids, violation.Rule.ID)
	}
	return ids
}

func TestBuild(t *testing.T) {
	base := embedded(t)
	for name, test := range map[string]struct {
		reason   string
		sources  []rulebook.Source
		finds    []string
		not      string
		untested []string
	}{
		"EmbeddedOnly": {reason: "nobody added anything", finds: []string{"replicas"}, not: "team-owner"},
		"Added": {
			reason: "a rule beside the embedded ones", sources: []rulebook.Source{source("acme", "owner.rego", owner, "owner_test.rego", ownerTest)},
			finds: []string{"team-owner", "replicas"},
		},
		"Untested": {
			reason: "is said, not refused", sources: []rulebook.Source{source("acme", "owner.rego", owner)},
			finds: []string{"team-owner"}, untested: []string{"ConfigMap tealgate-system/acme"},
		},
		"TestInTheRulesFile": {
			reason:  "a test may stand where the rule does",
			sources: []rulebook.Source{source("acme", "owner.rego", owner+"\n"+"test_nothing if count(violation) == 0 with input as {\"kind\": \"Service\"}\n")},
			finds:   []string{"team-owner"},
		},
		"TestInTheRulesPackage": {
			reason: "OPA's other habit", sources: []rulebook.Source{source("acme", "owner.rego", owner, "owner_test.rego",
				"package tealgate.rules.team_owner\n\ntest_nothing if count(violation) == 0 with input as {\"kind\": \"Service\"}\n")},
			finds: []string{"team-owner"},
		},
		"Replaced": {
			reason: "the whole folder of the embedded rule is gone", finds: []string{"replicas"}, not: "external-config",
			sources: []rulebook.Source{source("acme", "config.rego",
				strings.NewReplacer("team-owner", "external-config", "team_owner", "external_config", `"Deployment"`, `"Service"`).Replace(owner))},
			untested: []string{"ConfigMap tealgate-system/acme"},
		},
		"OwnLibrary": {
			reason: "in a package of their own",
			sources: []rulebook.Source{source("acme", "lib.rego", "package acme.lib.kinds\n\nmeant if input.kind == \"Deployment\"\n",
				"owner.rego", strings.Replace(owner, `input.kind == "Deployment"`, "data.acme.lib.kinds.meant", 1), "owner_test.rego", ownerTest)},
			finds: []string{"team-owner"},
		},
		"LibraryOfTealgate": {
			reason: "theirs to use, not to change", finds: []string{"team-owner"},
			sources: []rulebook.Source{source("acme", "owner.rego",
				strings.Replace(owner, `input.kind == "Deployment"`, "data.tealgate.lib.workload.is_deployment", 1), "owner_test.rego",
				strings.Replace(ownerTest, `"CREATE",`, `"CREATE", "object": {},`, 1))},
		},
		"LibraryOfAnother": {
			reason: "sources are put together before they are compiled", finds: []string{"team-owner"},
			sources: []rulebook.Source{
				source("acme", "owner.rego", strings.Replace(owner, `input.kind == "Deployment"`, "data.shared.meant", 1), "owner_test.rego", ownerTest),
				source("shared", "lib.rego", "package shared\n\nmeant if input.kind == \"Deployment\"\n"),
			},
			untested: []string{"ConfigMap tealgate-system/shared"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			built, err := rulebook.Build(t.Context(), base, test.sources)
			require.NoError(t, err, test.reason)
			assert.Subset(t, found(t, built.Engine), test.finds, test.reason)
			assert.NotContains(t, found(t, built.Engine), test.not, test.reason)
			assert.Equal(t, test.untested, built.Untested)
		})
	}
}

// TestBuildRefuses holds what keeps a source from being loaded, as the log has it.
func TestBuildRefuses(t *testing.T) {
	base := few(t)
	for name, test := range map[string]struct {
		sources []rulebook.Source
		kind    policy.ProblemKind
		want    string
	}{
		"NotRego": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner+"\nx if {")},
			kind:    policy.NotRego, want: "acme/owner.rego:17:6: unexpected eof token",
		},
		"Forbidden": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner+"\nx if http.send({\"method\": \"get\", \"url\": \"http://x\"})\n")},
			kind:    policy.Forbidden, want: "acme/owner.rego:17:6: undefined function http.send",
		},
		"Misspelt": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner+"\nx if input.object.spec.replicaz\n")},
			kind:    policy.NotRego, want: "acme/owner.rego:17:6: undefined ref: input.object.spec.replicaz",
		},
		"UnknownLibrary": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner+"\nx if data.tealgate.lib.worklod.metadata\n")},
			kind:    policy.Unknown, want: "acme/owner.rego:17:6: data.tealgate.lib.worklod.metadata is not defined",
		},
		"TestFails": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner, "owner_test.rego", strings.ReplaceAll(ownerTest, "== 1", "== 2"))},
			kind:    policy.TestFailed,
			want: `acme/owner_test.rego:5: test_denies failed: count(rule.violation) == 2 with input as ` +
				`{"kind": "Deployment", "operation": "CREATE", "name": "x"}, here 1 == 2`,
		},
		"TealgatesLibrary": {
			sources: []rulebook.Source{source("acme", "lib.rego", "package tealgate.lib.workload\n\nis_deployment := false\n")},
			kind:    policy.NotYours,
			want: "acme/lib.rego:1:1: package tealgate.lib.workload is tealgate's: a rule is in a package tealgate.rules.NAME " +
				"(letters, digits, _), its test in tealgate.rules.NAME_test, anything else in a package of your own",
		},
		"TealgatesMain": {
			sources: []rulebook.Source{source("acme", "main.rego", "package tealgate.main\n\nverdict := {}\n")},
			kind:    policy.NotYours, want: "package tealgate.main is tealgate's",
		},
		"TestOfTealgatesLibrary": {
			sources: []rulebook.Source{source("acme", "lib_test.rego", "package tealgate.lib.workload\n\nis_deployment := true\n")},
			kind:    policy.NotYours, want: "package tealgate.lib.workload is tealgate's",
		},
		"BelowARule": {
			sources: []rulebook.Source{source("acme", "owner.rego", "package tealgate.rules.owner.more\n\nviolation contains {}\n")},
			kind:    policy.NotYours, want: "package tealgate.rules.owner.more is tealgate's",
		},
		"HyphenInTheName": {
			sources: []rulebook.Source{source("acme", "owner.rego", strings.Replace(owner, "rules.team_owner", `rules["team-owner"]`, 1))},
			kind:    policy.NotYours, want: `package tealgate.rules["team-owner"] is tealgate's`,
		},
		"RuleElsewhere": {
			sources: []rulebook.Source{source("acme", "owner.rego", "package acme.owner\n\nviolation contains {}\n")},
			kind:    policy.NeverAsked, want: "acme/owner.rego:1:1: a rule is asked only in a package tealgate.rules.NAME, not in acme.owner",
		},
		"RuleNamedLikeATest": {
			sources: []rulebook.Source{source("acme", "load.rego", strings.NewReplacer("team_owner", "load_test", "team-owner", "load-test").Replace(owner))},
			kind:    policy.LikeATest, want: "acme/load.rego:10:1: what ends in _test is a test and is never asked: give the rule another name",
		},
		"TestInAnEmbeddedRule": {
			sources: []rulebook.Source{source("acme", "replicas_test.rego", "package tealgate.rules.replicas\n\ntest_it if count(violation) == 0\n")},
			kind:    policy.NoTestPackage,
			want: "acme/replicas_test.rego:1:1: a test in package tealgate.rules.replicas would change a rule that is not in " +
				"ConfigMap tealgate-system/acme: name the package tealgate.rules.replicas_test",
		},
		"NoAnnotations": {
			sources: []rulebook.Source{source("acme", "owner.rego", bare)},
			kind:    policy.BadAnnotations,
			want:    "acme/owner.rego:1:1: annotations: there are none; a rule needs title, description and custom with id, action and messages",
		},
		"NoMessages": {
			sources: []rulebook.Source{source("acme", "owner.rego", "# METADATA\n# title: x\n# description: x\n"+
				"# custom: {id: team-owner, action: deny}\n"+bare)},
			kind: policy.BadAnnotations, want: "acme/owner.rego:1:1: annotations: custom.messages is empty",
		},
		"NoViolation": {
			sources: []rulebook.Source{source("acme", "owner.rego", strings.Replace(owner, "violation contains", "violations contains", 1))},
			kind:    policy.NoViolation, want: "acme/owner.rego:10:1: package tealgate.rules.team_owner defines no set named violation",
		},
		"RuleInTwoSources": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner), source("platform", "o.rego", owner)},
			kind:    policy.Twice,
			want: "platform/o.rego:10:1: package tealgate.rules.team_owner is in ConfigMap tealgate-system/acme " +
				"and in ConfigMap tealgate-system/platform",
		},
		"LibraryInTwoSources": {
			sources: []rulebook.Source{source("acme", "a.rego", "package shared\n\nx := 1\n"), source("platform", "b.rego", "package shared\n\ny := 1\n")},
			kind:    policy.Twice, want: "platform/b.rego:1:1: package shared is in",
		},
		"TooLarge": {
			sources: []rulebook.Source{source("acme", "owner.rego", owner), source("large", "x.rego", "package x\n#"+strings.Repeat("x", rulebook.MaxBytes))},
			kind:    policy.TooLarge, want: "large/x.rego: policies hold more than 512 KiB or 500 files",
		},
		"FailsWhenAsked": {
			sources: []rulebook.Source{source("acme", "owner.rego", strings.Replace(owner, `input.operation != "DELETE"`, "to_number(input.name) > 1", 1))},
			kind:    policy.Fails,
			want:    `acme/owner.rego:14:2: to_number: strconv.ParseFloat: parsing "plain": invalid syntax`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rulebook.Build(t.Context(), base, test.sources)
			var problems policy.Problems
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, test.kind, problems[0].Kind)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// TestBuildEnds holds that a lack of time is nobody's fault.
func TestBuildEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err := rulebook.Build(ctx, few(t), []rulebook.Source{source("acme", "owner.rego", owner)})
	require.ErrorIs(t, err, assert.AnError)
	var problems policy.Problems
	assert.NotErrorAs(t, err, &problems)
}
