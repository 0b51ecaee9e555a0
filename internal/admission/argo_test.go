package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestArgoManagedService(t *testing.T) {
	annotated := func(object string) string {
		return strings.Replace(object, "annotations: {", "annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: shop, ", 1)
	}
	selecting := func(selector, object string) string {
		return strings.TrimSuffix(object, "}") + ", spec: {selector: {" + selector + "}}}"
	}
	argo := func(object string) string {
		return selecting("app: shop, rollouts-pod-template-hash: 6bd9f4d9bd", annotated(object))
	}
	for name, test := range map[string]struct {
		reason      string
		object, old string
		want        bool
	}{
		"Created": {reason: "nobody moved it yet", object: argo(worded("Service", "a", "")), want: false},
		"Updated": {reason: "left alone", object: argo(worded("Service", "a", "")), old: argo(worded("Service", "", "")), want: true},
		"Becomes": {
			reason: "an annotation must not take a Service out of the checks in the same step",
			object: argo(worded("Service", "a", "")), old: worded("Service", "", ""), want: false,
		},
		"AnnotatedBefore": {
			reason: "nor one step later: anybody may annotate",
			object: selecting("app: other", annotated(worded("Service", "a", ""))),
			old:    selecting("app: shop, tealgate.dev/color: blue", annotated(worded("Service", "", ""))), want: false,
		},
		"Leaves": {reason: "it is ours again", object: worded("Service", "a", ""), old: argo(worded("Service", "", "")), want: false},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: testRules(t)}.webhooks()
			response := ask{entry: "validate-enforce", object: test.object, old: test.old}.answer(t, w)
			assert.Equal(t, test.want, response.Allowed, test.reason)
		})
	}
}
