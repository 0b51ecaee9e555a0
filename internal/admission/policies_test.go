package admission

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

type policiesFunc func(context.Context, *corev1.ConfigMap) (rulebook.Trial, error)

func (f policiesFunc) Try(ctx context.Context, configMap *corev1.ConfigMap) (rulebook.Trial, error) {
	return f(ctx, configMap)
}

const policyMap = `{apiVersion: v1, kind: ConfigMap, metadata: {name: acme, labels: {tealgate.dev/policy: "true"}}, data: {owner.rego: x}}`

func tries(trial rulebook.Trial, err error) cluster {
	return cluster{policies: policiesFunc(func(context.Context, *corev1.ConfigMap) (rulebook.Trial, error) { return trial, err })}
}

func TestPolicies(t *testing.T) {
	here := ask{entry: "validate-policy", object: policyMap, namespace: "tealgate-system"}
	problems := policy.Problems{
		{File: "acme/owner.rego", Line: 3, Column: 7, Kind: policy.Forbidden, Subject: "http.send", Detail: "undefined function http.send"},
		{Kind: policy.TooSlow, Detail: "compiling and testing took more than 30s"},
	}
	for name, test := range map[string]struct {
		reason  string
		cluster cluster
		ask     ask
		allowed bool
		says    string
		warns   []string
		counted string
	}{
		"Good": {reason: "nothing to say", cluster: tries(rulebook.Trial{}, nil), ask: here, allowed: true, counted: "allowed"},
		"Bad": {
			reason: "all problems at once", cluster: tries(rulebook.Trial{Problems: problems}, nil), ask: here, counted: "denied",
			says: `2 problems in ConfigMap tealgate-system/acme: policy

1. policy: acme/owner.rego:3:7: rules may not call http.send: it reaches the
   network, and an answer has to come in time and to be the same again.
   Decide by input: the object, the facts around it, the settings.

2. policy: compiling and testing took more than 30s.

Nothing was changed; what was in force stays in force.
More: kubectl tealgate policy test DIR`,
		},
		"Settings": {
			reason:  "other words for other things",
			cluster: tries(rulebook.Trial{Problems: policy.Problems{{File: "tealgate-settings/settings.yaml", Line: 1, Kind: policy.BadSettings, Detail: "unknown"}}}, nil),
			ask:     ask{entry: here.entry, namespace: here.namespace, object: `{apiVersion: v1, kind: ConfigMap, metadata: {name: tealgate-settings}}`},
			counted: "denied",
			says: `1 problem in ConfigMap tealgate-system/tealgate-settings: settings

1. settings: tealgate-settings/settings.yaml:1: unknown.

Nothing was changed; what was in force stays in force.`,
		},
		"Doubtful": {
			reason: "said, not refused", cluster: tries(rulebook.Trial{Doubts: policy.Problems{{Kind: policy.NoTests}}}, nil), ask: here,
			allowed: true, counted: "allowed",
			warns: []string{"ConfigMap tealgate-system/acme: policy: it has no test, so nothing shows that its rules deny what they should."},
		},
		"NotTried": {
			reason: "our failure refuses nothing here", cluster: tries(rulebook.Trial{}, assert.AnError), ask: here, allowed: true, counted: "undecided",
			warns: []string{"tealgate could not decide: assert.AnError general error for testing. " +
				"Stored without a test: if it cannot be loaded, it is set aside and an Event tells."},
		},
		"Deleted": {
			reason: "what is taken away is not tried", cluster: tries(rulebook.Trial{Problems: problems}, nil), allowed: true, counted: "allowed",
			ask: ask{entry: here.entry, namespace: here.namespace, old: policyMap, operation: admissionv1.Delete},
		},
		"OtherNamespace": {
			reason: "the manifests send none", cluster: tries(rulebook.Trial{Problems: problems}, nil), allowed: true, counted: "undecided",
			ask: ask{entry: here.entry, namespace: "shop", object: policyMap},
			warns: []string{"tealgate could not decide: bad request: a ConfigMap of namespace 'shop'. " +
				"Stored without a test: if it cannot be loaded, it is set aside and an Event tells."},
		},
		"OtherKind": {
			reason: "the manifests send none", cluster: tries(rulebook.Trial{}, nil), allowed: true, counted: "undecided",
			ask: ask{entry: here.entry, namespace: here.namespace, object: goodService},
			warns: []string{"tealgate could not decide: bad request: 'v1 Service' is not a kind that tealgate reviews. " +
				"Stored without a test: if it cannot be loaded, it is set aside and an Event tells."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, registry := test.cluster.webhooks()
			response := test.ask.answer(t, w)
			assert.Equal(t, test.allowed, response.Allowed, test.reason)
			assert.Equal(t, test.says, response.Result.Message)
			assert.Equal(t, test.warns, response.Warnings)
			assert.Equal(t, 1, requests(t, registry, "validate-policy", test.counted))
		})
	}
}

// TestPoliciesForMachines holds what stands beside the text.
func TestPoliciesForMachines(t *testing.T) {
	w, _ := tries(rulebook.Trial{Problems: policy.Problems{
		{File: "acme/owner.rego", Line: 3, Column: 7, Kind: policy.NotRego, Detail: "unexpected }"},
	}}, nil).webhooks()
	response := ask{entry: "validate-policy", object: policyMap, namespace: "tealgate-system"}.answer(t, w)
	assert.Equal(t, metav1.StatusReasonForbidden, response.Result.Reason)
	require.NotNil(t, response.Result.Details)
	assert.Equal(t, []metav1.StatusCause{{
		Type: "policy", Field: "acme/owner.rego:3:7", Message: "acme/owner.rego:3:7: unexpected }",
	}}, response.Result.Details.Causes)
	assert.Equal(t, map[string]string{"problems": "deny policy acme/owner.rego:3:7"}, response.AuditAnnotations)
}

// Entries for workloads take no ConfigMaps.
func TestConfigMapsElsewhere(t *testing.T) {
	w, _ := cluster{}.webhooks()
	response := ask{entry: "validate-enforce", object: strings.Replace(policyMap, "acme", "x", 1)}.answer(t, w)
	assert.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "is not a kind that tealgate reviews")
}
