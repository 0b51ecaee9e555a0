package message_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

var acme = message.Object{Kind: "ConfigMap", Namespace: "tealgate-system", Name: "acme"}

// problems has one of each kind.
func problems() policy.Problems {
	here := func(kind policy.ProblemKind, subject, detail string) policy.Problem {
		return policy.Problem{File: "acme/owner.rego", Line: 17, Column: 6, Kind: kind, Subject: subject, Detail: detail}
	}
	twice := here(policy.Twice, "tealgate.rules.team_owner", "unused")
	twice.Between = [2]string{"ConfigMap tealgate-system/acme", "ConfigMap tealgate-system/platform"}
	return policy.Problems{
		here(policy.NotRego, "", "undefined ref: input.object.spec.replicaz; there is minReadySeconds, paused, \"replicas\", selector, template"),
		here(policy.Forbidden, "http.send", "undefined function http.send"),
		here(policy.Forbidden, "opa.runtime", "undefined function opa.runtime"),
		here(policy.Forbidden, "time.now_ns", "undefined function time.now_ns"),
		here(policy.Unknown, "data.tealgate.lib.worklod.is_deployment", "unused"),
		here(policy.BadAnnotations, "", "annotations: custom.messages is empty"),
		here(policy.NoViolation, "tealgate.rules.team_owner", "unused"),
		here(policy.NeverAsked, "acme.owner", "unused"),
		{
			File: "acme/owner_test.rego", Line: 5, Kind: policy.TestFailed, Subject: "test_owner/none",
			Detail: "count(rule.violation) == 1 with input as {\"kind\": \"Deployment\"}, here 0 == 1",
		},
		{File: "acme/owner.rego", Kind: policy.TooLarge, Between: [2]string{"512 KiB", "500"}, Detail: "unused"},
		here(policy.NotYours, "tealgate.lib.workload", "unused"),
		twice,
		here(policy.NoTestPackage, "tealgate.rules.replicas", "unused"),
		here(policy.LikeATest, "tealgate.rules.load_test", "unused"),
		here(policy.Fails, "CREATE Deployment", "to_number: strconv.ParseFloat: parsing \"plain\": invalid syntax"),
		{Kind: policy.NotRead, Detail: "open /policies: permission denied"},
		{Kind: policy.TooSlow, Detail: "compiling and testing took more than 30s"},
		here("new-kind", "", strings.Repeat("long ", 100)),
	}
}

// policyTexts are what a platform team reads about its policies and settings.
func policyTexts(t *testing.T, language policy.Language) map[string]string {
	t.Helper()
	goldens := map[string]string{}
	for i, some := range slices.Collect(slices.Chunk(problems(), message.MaxProblems)) {
		goldens[fmt.Sprintf("policy-%d", i+1)] = message.PolicyDenial(language, acme, "policy", some)
	}
	goldens["policy-more"] = message.PolicyDenial(language, acme, "policy", problems())
	settings := message.Object{Kind: "ConfigMap", Namespace: "tealgate-system", Name: "tealgate-settings"}
	goldens["settings"] = message.PolicyDenial(language, settings, "settings", policy.Problems{{
		File: "tealgate-settings/settings.yaml", Line: 3, Kind: policy.BadSettings, Detail: "unknown key \"rulez\": expected docsURL, rules",
	}})
	var doubts []string
	for _, doubt := range []policy.Problem{{Kind: policy.NoTests}, {Kind: policy.NoFiles}, {Kind: policy.BadLabel, Subject: "yes"}, {Kind: policy.Elsewhere, Subject: "shop"}} {
		doubts = append(doubts, message.PolicyDoubt(language, acme, "policy", doubt))
	}
	goldens["policy-doubts"] = strings.Join(append(doubts, message.UndecidedAllowed(language, assert.AnError, message.NotTried)), "\n")
	return goldens
}
