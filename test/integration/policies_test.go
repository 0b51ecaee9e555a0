package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/policies"
)

const (
	// modePolicy is about namespaces, and so binds to none by its mode.
	modePolicy = "mode-loosened.tealgate.dev"
	// decisionPolicy and jobsPolicy are about tealgate's own kinds, whatever the mode is.
	decisionPolicy = "decision.tealgate.dev"
	jobsPolicy     = "bluegreen-jobs.tealgate.dev"
)

// TestPoliciesCannotTakeTheClusterDown holds what the manifests must never say: a rule
// that matches leases, nodes, CSRs or everything, a namespace of the cluster's own,
// a denial where the mode is not enforce.
func TestPoliciesCannotTakeTheClusterDown(t *testing.T) {
	resources := map[string]bool{
		"/pods": true, "/pods/status": true, "/pods/binding": true, "/bindings": true, "/replicationcontrollers": true,
		"apps/replicasets": true, "apps/replicasets/scale": true, "apps/replicasets/status": true, "apps/statefulsets": true, "apps/daemonsets": true,
		"batch/jobs": true, "batch/cronjobs": true,
		"/namespaces": true, "/namespaces/status": true, "/namespaces/finalize": true,
		"tealgate.dev/bluegreens": true, "tealgate.dev/decisions": true,
	}
	for _, policy := range objects[admissionregistrationv1.ValidatingAdmissionPolicy](t, "ValidatingAdmissionPolicy") {
		t.Run(policy.Name, func(t *testing.T) {
			match := policy.Spec.MatchConstraints
			scope := admissionregistrationv1.NamespacedScope
			if policy.Name == modePolicy {
				scope = admissionregistrationv1.ClusterScope
			}
			for _, rule := range match.ResourceRules {
				for _, group := range rule.APIGroups {
					for _, resource := range rule.Resources {
						assert.True(t, resources[group+"/"+resource], "%s/%s is nothing that a policy is about", group, resource)
					}
				}
				assert.NotContains(t, rule.APIVersions, "*")
				assert.NotContains(t, rule.Operations, admissionregistrationv1.OperationAll)
				if policy.Name != decisionPolicy {
					assert.NotContains(t, rule.Operations, admissionregistrationv1.Delete, "what can be made can be deleted")
				}
				assert.Equal(t, scope, *rule.Scope)
			}
			assert.Equal(t, admissionregistrationv1.Equivalent, *match.MatchPolicy)
			assert.Equal(t, admissionregistrationv1.Fail, *policy.Spec.FailurePolicy)
			assert.Nil(t, policy.Spec.ParamKind, "a parameter that is missing would deny")
			for _, namespace := range []string{"kube-system", "tealgate-system"} {
				assert.False(t, selects(t, match.NamespaceSelector, namespace, "enforce"), "matches %s", namespace)
			}
			assert.True(t, selects(t, match.NamespaceSelector, "shop", "enforce"))

			conditions := validating(t)[0].conditions
			require.NotEmpty(t, policy.Spec.MatchConditions)
			assert.Equal(t, "not-tealgate", conditions[0].Name)
			assert.Equal(t, conditions[0].Expression, policy.Spec.MatchConditions[0].Expression, "tealgate's own writes must pass")
			for _, validation := range policy.Spec.Validations {
				id := strings.TrimSuffix(policy.Name, ".tealgate.dev")
				assert.Equal(t, metav1.StatusReasonForbidden, *validation.Reason, "kubectl drops the text of others")
				for _, text := range []string{validation.Message, validation.MessageExpression} {
					assert.Contains(t, text, "More: kubectl tealgate explain "+id)
					assert.NotContains(t, text, `"`)
				}
				assert.Contains(t, validation.MessageExpression, "详情：kubectl tealgate explain "+id)
			}
		})
	}
}

// TestOneBindingActs holds what each policy does in which mode, and that it does
// nothing where there is none.
func TestOneBindingActs(t *testing.T) {
	bindings := objects[admissionregistrationv1.ValidatingAdmissionPolicyBinding](t, "ValidatingAdmissionPolicyBinding")
	names := map[string]bool{}
	for _, policy := range objects[admissionregistrationv1.ValidatingAdmissionPolicy](t, "ValidatingAdmissionPolicy") {
		names[policy.Name] = true
		for mode, want := range map[string][]admissionregistrationv1.ValidationAction{
			"enforce": {admissionregistrationv1.Deny}, "warn": {admissionregistrationv1.Warn},
			"audit": {admissionregistrationv1.Audit}, "enforced": {admissionregistrationv1.Warn}, "": nil,
		} {
			if slices.Contains([]string{modePolicy, decisionPolicy, jobsPolicy}, policy.Name) {
				want = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}
			}
			var acts []admissionregistrationv1.ValidationAction
			for _, binding := range bindings {
				if binding.Spec.PolicyName != policy.Name {
					continue
				}
				if match := binding.Spec.MatchResources; match == nil || selects(t, match.NamespaceSelector, "shop", mode) {
					acts = append(acts, binding.Spec.ValidationActions...)
				}
			}
			assert.Equal(t, want, acts, "%s in mode %q", policy.Name, mode)
		}
	}
	for _, binding := range bindings {
		assert.True(t, names[binding.Spec.PolicyName], "%s binds nothing", binding.Name)
		assert.Nil(t, binding.Spec.ParamRef)
	}
}

// TestDoorsPage holds that docs/doors.md names each policy, and no rule that there is not,
// and that each rule and policy that closes a door there is tried.
func TestDoorsPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "doors.md"))
	require.NoError(t, err)
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	known := map[string]bool{}
	for _, rule := range engine.Rules() {
		known[fmt.Sprintf("[%[1]s](rules.md#%[1]s)", rule.ID)] = true
	}
	for _, policy := range objects[admissionregistrationv1.ValidatingAdmissionPolicy](t, "ValidatingAdmissionPolicy") {
		assert.Contains(t, string(page), "| `"+strings.TrimSuffix(policy.Name, ".tealgate.dev")+"` | policy |")
	}
	for _, link := range regexp.MustCompile(`\[[a-z-]+\]\(rules\.md#[^)]*\)`).FindAllString(string(page), -1) {
		assert.True(t, known[link], "%s is no rule", link)
	}
	rows, _ := doors(t)
	tried := map[string]bool{}
	for _, row := range rows {
		for _, id := range ids(row.up) {
			tried[id] = tried[id] || strings.HasPrefix(row.up, deniedBy) && row.down != ""
		}
	}
	claims, _, found := strings.Cut(string(page), "\n## Each of them, tried\n")
	require.True(t, found)
	closes := regexp.MustCompile("(?m)^\\| .* \\| (?:\\[|`)([a-z-]+)(?:\\]|`).* \\| (?:webhook|policy)").FindAllStringSubmatch(claims, -1)
	assert.Greater(t, len(closes), 10)
	for _, by := range closes {
		assert.True(t, tried[by[1]], "no row of the table is denied by %s", by[1])
	}
}

// policiesTypeCheck asks the API server whether an expression names a field that
// a kind does not have.
func (w *world) policiesTypeCheck(t *testing.T) {
	t.Helper()
	for _, policy := range objects[admissionregistrationv1.ValidatingAdmissionPolicy](t, "ValidatingAdmissionPolicy") {
		w.admin(t.Context(), t, "wait", "--for=jsonpath={.status.typeChecking}", "--timeout=90s", "validatingadmissionpolicy", policy.Name)
		assert.Empty(t, w.admin(t.Context(), t, "get", "validatingadmissionpolicy", policy.Name,
			"-o=jsonpath={.status.typeChecking.expressionWarnings}"), policy.Name)
	}
}

func objects[T any](t *testing.T, kind string) []T {
	t.Helper()
	var all []T
	for _, raw := range rendered(t, kind) {
		var object T
		require.NoError(t, yaml.UnmarshalStrict(raw, &object))
		all = append(all, object)
	}
	require.NotEmpty(t, all)
	return all
}

// selects says that a namespace with that mode is meant.
func selects(t *testing.T, selector *metav1.LabelSelector, namespace, mode string) bool {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(t, err)
	set := labels.Set{"kubernetes.io/metadata.name": namespace}
	if mode != "" {
		set["tealgate.dev/mode"] = mode
	}
	return parsed.Matches(set)
}
