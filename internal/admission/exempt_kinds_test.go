package admission

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// A Scale has no annotations: those of its Deployment count.
func TestExemptScale(t *testing.T) {
	rules, err := policy.New(t.Context(), map[string]string{"main.rego": testMain, "guard.rego": strings.Replace(testGuard, `"Deployment"`, `"Scale"`, 1)})
	require.NoError(t, err)
	for annotation, want := range map[string]bool{"": false, "guard: x until 2026-12-31": true, "guard: x until 2026-12-30": false, "guard": false} {
		w, _ := cluster{rules: rules, now: newYear, facts: around{scaled: &facts.Scaled{Exempt: annotation}}}.webhooks()
		object := strings.TrimSuffix(worded("Scale", "", "x"), "}") + ", spec: {replicas: 1}}"
		old := strings.TrimSuffix(worded("Scale", "", ""), "}") + ", spec: {replicas: 3}}"
		response := ask{entry: "validate-enforce", object: object, old: old}.answer(t, w)
		assert.Equal(t, want, response.Allowed, "%q: %s", annotation, response.Result.Message)
	}
}

// On DELETE those of what is stored count.
func TestExemptDelete(t *testing.T) {
	const guard = `# METADATA
# title: guard
# description: guard
# custom:
#   id: guard
#   action: deny
#   concern: traffic
#   messages:
#     bad: {en: "it carries traffic."}
package tealgate.rules.guard

violation contains {"message": "bad", "subject": "", "field": "", "with": {}} if input.operation == "DELETE"
`
	rules, err := policy.New(t.Context(), map[string]string{"main.rego": testMain, "guard.rego": guard})
	require.NoError(t, err)
	for annotation, want := range map[string][]string{
		"":                          nil,
		"guard: x until 2026-12-31": {"Service shop/shop: guard is exempt until 2026-12-31 (x)"},
		"guard: x until 2026-12-30": {"Service shop/shop: the exemption from guard (x) ended on 2026-12-30"},
	} {
		w, _ := cluster{rules: rules, now: newYear}.webhooks()
		old := strings.Replace(worded("Service", "", ""), "annotations: {", "annotations: {tealgate.dev/exempt: '"+annotation+"', ", 1)
		response := ask{entry: "validate-enforce", operation: admissionv1.Delete, old: old}.answer(t, w)
		assert.Equal(t, annotation == "guard: x until 2026-12-31", response.Allowed, annotation)
		assert.Equal(t, want, response.Warnings, annotation)
	}
}

// A problem of a Service is on loan as well, until its spec changes.
func TestExemptService(t *testing.T) {
	rules := testRules(t)
	service := func(annotation, guard, port string) string {
		object := strings.Replace(worded("Service", "", guard), "annotations: {", "annotations: {tealgate.dev/exempt: '"+annotation+"', ", 1)
		return strings.TrimSuffix(object, "}") + ", spec: {selector: {app: shop}, ports: [{port: " + port + "}]}}"
	}
	const running, ended = "guard: x until 2026-12-31", "guard: x until 2026-12-30"
	for name, test := range map[string]struct {
		object, old string
		want        bool
	}{
		"Covered":        {service(running, "x", "81"), service(running, "x", "80"), true},
		"EndedUnchanged": {service(ended, "x", "80"), strings.Replace(service(ended, "x", "80"), "quality: ''", "quality: note", 1), true},
		"EndedChanged":   {service(ended, "x", "81"), service(ended, "x", "80"), false},
		"Removed":        {service("", "x", "80"), service(running, "x", "80"), false},
		"Before":         {service("", "x", "81"), service("", "x", "80"), true},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: rules, now: newYear}.webhooks()
			response := ask{entry: "validate-enforce", object: test.object, old: test.old}.answer(t, w)
			assert.Equal(t, test.want, response.Allowed, "%s %v", response.Result.Message, response.Warnings)
		})
	}
}

// A new Service is not told about what its Deployments are exempt from.
func TestExemptBehindAService(t *testing.T) {
	for annotation, want := range map[string]int{lasting: 0, shorter: 1, "": 1} {
		stored := facts.Behind{Facts: facts.None()}
		require.NoError(t, yaml.Unmarshal([]byte(exempt(annotation)), &stored.Deployment))
		w, _ := cluster{rules: embeddedRules(t), now: newYear, facts: around{
			only:   "blue",
			behind: func(context.Context, *corev1.Service) ([]facts.Behind, error) { return []facts.Behind{stored}, nil },
		}}.webhooks()
		response := ask{entry: "validate-enforce", object: goodService}.answer(t, w)
		assert.True(t, response.Allowed, response.Result.Message)
		assert.Len(t, response.Warnings, want, "%s: %v", annotation, response.Warnings)
	}
}
