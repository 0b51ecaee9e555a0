package integration

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/test/env"
)

const (
	// modeEntry is the only one about namespaces.
	modeEntry = "namespace-mode.tealgate.dev"
	// contractEntry is the only one about Jobs.
	contractEntry = "contract-migration.tealgate.dev"
)

// entry is what mutating and validating webhooks have in common.
type entry struct {
	name          string
	rules         []admissionregistrationv1.RuleWithOperations
	namespaces    *metav1.LabelSelector
	failurePolicy *admissionregistrationv1.FailurePolicyType
	matchPolicy   *admissionregistrationv1.MatchPolicyType
	sideEffects   *admissionregistrationv1.SideEffectClass
	timeout       *int32
	client        admissionregistrationv1.WebhookClientConfig
	conditions    []admissionregistrationv1.MatchCondition
	objects       *metav1.LabelSelector
}

func (e entry) matches(t *testing.T, namespace, mode string) bool {
	t.Helper()
	return selects(t, e.namespaces, namespace, mode)
}

// TestWebhooksCannotTakeTheClusterDown holds what the manifests must never say:
// a rule that matches leases, nodes or everything, a namespace of the cluster's
// own, a CA of somebody else.
func TestWebhooksCannotTakeTheClusterDown(t *testing.T) {
	resources := map[string]bool{
		"apps/deployments": true, "apps/deployments/scale": true, "apps/deployments/status": true,
		"/services": true, "/services/status": true,
	}
	modeResources := map[string]bool{"/namespaces": true}
	for _, e := range append(validating(t), mutating(t)...) {
		if e.name == ofPolicies {
			continue // TestPoliciesCanAlwaysBeRepaired
		}
		t.Run(e.name, func(t *testing.T) {
			resources, scope := resources, admissionregistrationv1.NamespacedScope
			switch e.name {
			case modeEntry:
				resources, scope = modeResources, admissionregistrationv1.ClusterScope
			case contractEntry:
				resources = map[string]bool{"batch/jobs": true}
				require.NotNil(t, e.objects, "every Job would wait for tealgate")
				assert.Equal(t, map[string]string{"tealgate.dev/migration": "contract"}, e.objects.MatchLabels)
			}
			for _, rule := range e.rules {
				for _, group := range rule.APIGroups {
					for _, resource := range rule.Resources {
						assert.True(t, resources[group+"/"+resource], "%s/%s is nothing that tealgate reviews", group, resource)
					}
				}
				assert.NotContains(t, rule.APIVersions, "*")
				assert.NotContains(t, rule.Operations, admissionregistrationv1.OperationAll)
				assert.Equal(t, scope, *rule.Scope)
			}
			for _, namespace := range []string{"kube-system", "tealgate-system"} {
				for _, mode := range []string{"", "enforce", "warn", "audit", "enforced"} {
					assert.False(t, e.matches(t, namespace, mode), "matches %s in mode %q", namespace, mode)
				}
			}
			assert.False(t, e.matches(t, "shop", ""), "matches a namespace without a mode")
			assert.Equal(t, int32(3), *e.timeout)
			assert.Equal(t, admissionregistrationv1.Equivalent, *e.matchPolicy)
			assert.Equal(t, admissionregistrationv1.SideEffectClassNoneOnDryRun, *e.sideEffects)
			assert.Empty(t, e.client.CABundle, "tealgate fills in the CA")
			closed := *e.failurePolicy == admissionregistrationv1.Fail
			assert.False(t, closed && e.matches(t, "shop", "warn"), "our outage would deny in warn")
			assert.False(t, closed && e.matches(t, "shop", "audit"), "our outage would deny in audit")
			assert.Equal(t, "not-tealgate", e.conditions[0].Name, "tealgate's own writes must pass")
		})
	}
}

// ofPolicies is the entry for tealgate's own ConfigMaps.
const ofPolicies = "validate-policy.tealgate.dev"

// TestPoliciesCanAlwaysBeRepaired holds what the entry for policies must never do:
// fail closed, see a DELETE or anything outside tealgate's own namespace, or be asked
// about ConfigMaps that are none of its business.
func TestPoliciesCanAlwaysBeRepaired(t *testing.T) {
	entries := validating(t)
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == ofPolicies })
	require.GreaterOrEqual(t, i, 0)
	e := entries[i]
	assert.Equal(t, admissionregistrationv1.Ignore, *e.failurePolicy)
	require.Len(t, e.rules, 1)
	rule := e.rules[0]
	assert.Equal(t, []string{""}, rule.APIGroups)
	assert.Equal(t, []string{"v1"}, rule.APIVersions)
	assert.Equal(t, []string{"configmaps"}, rule.Resources)
	assert.Equal(t, []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}, rule.Operations)
	assert.Equal(t, admissionregistrationv1.NamespacedScope, *rule.Scope)
	for _, mode := range []string{"", "enforce", "warn", "audit"} {
		assert.True(t, e.matches(t, "tealgate-system", mode))
		assert.False(t, e.matches(t, "shop", mode))
		assert.False(t, e.matches(t, "kube-system", mode))
	}
	assert.Equal(t, int32(20), *e.timeout, "the manifest says why")
	assert.Equal(t, admissionregistrationv1.SideEffectClassNoneOnDryRun, *e.sideEffects)
	assert.Empty(t, e.client.CABundle, "tealgate fills in the CA")
	var conditions []string
	for _, condition := range e.conditions {
		conditions = append(conditions, condition.Name)
	}
	assert.Equal(t, []string{"not-tealgate", "policy-or-settings", "not-terminating", "changes-what-matters"}, conditions)
}

// TestOneEntryJudges holds that of several denials none is lost: an entry that judges
// and one that records a broken glass see a namespace, and never the same request.
func TestOneEntryJudges(t *testing.T) {
	for mode, want := range map[string][]string{
		"enforce":  {"validate-enforce.tealgate.dev", "break-glass.tealgate.dev"},
		"warn":     {"validate-warn.tealgate.dev", "break-glass-warn.tealgate.dev"},
		"audit":    {"validate-audit.tealgate.dev", "break-glass-warn.tealgate.dev"},
		"enforced": {"validate-warn.tealgate.dev", "break-glass-warn.tealgate.dev"},
	} {
		var found []entry
		var names []string
		for _, e := range validating(t) {
			if e.name != modeEntry && e.name != contractEntry && e.matches(t, "shop", mode) {
				found, names = append(found, e), append(names, e.name)
			}
		}
		require.Equal(t, want, names, "mode %s", mode)
		judges, records := found[0], found[1]
		assert.Equal(t, judges.rules, records.rules)
		last := len(records.conditions) - 1
		require.Len(t, judges.conditions, last+1)
		assert.Equal(t, judges.conditions[:last], records.conditions[:last])
		assert.Equal(t, "!("+records.conditions[last].Expression+")", judges.conditions[last].Expression, "the opposite")
	}
}

// regexps are the parts of a regular expression in CEL.
var regexps = regexp.MustCompile(`r'([^']*)'`)

// TestBrokenGlassSkipsWhatFailsClosed holds that it works while tealgate is down, and
// that both sides read the annotation alike.
func TestBrokenGlassSkipsWhatFailsClosed(t *testing.T) {
	broken := ""
	for _, e := range validating(t) {
		if e.name == "break-glass.tealgate.dev" {
			broken = e.conditions[len(e.conditions)-1].Expression
		}
	}
	require.NotEmpty(t, broken)
	pattern := ""
	for _, part := range regexps.FindAllStringSubmatch(broken, -1) {
		pattern += part[1]
	}
	assert.Equal(t, admission.BreakGlassPattern, pattern)
	assert.Contains(t, broken, fmt.Sprintf("<= %d &&", admission.BreakGlassRunes))
	closed := 0
	for _, e := range append(validating(t), mutating(t)...) {
		// A Job in an emergency leaves the label out.
		if *e.failurePolicy == admissionregistrationv1.Fail && e.name != contractEntry {
			closed++
			want := admissionregistrationv1.MatchCondition{Name: "no-break-glass", Expression: "!(" + broken + ")"}
			assert.Contains(t, e.conditions, want, e.name)
		}
	}
	assert.Equal(t, 2, closed)
}

// TestAuditMutatesNothing holds that audit only looks.
func TestAuditMutatesNothing(t *testing.T) {
	for _, e := range mutating(t) {
		assert.False(t, e.matches(t, "shop", "audit"), e.name)
	}
}

// TestAuditOnlyDeniesNothing holds what the overlay promises: whatever the modes of
// namespaces, one entry looks, it fails open, and the rest of what could deny notes only.
func TestAuditOnlyDeniesNothing(t *testing.T) {
	kinds := map[string]int{}
	for _, raw := range documents(t, manifestsDir) {
		kinds[identity(t, raw)]++
	}
	for _, raw := range documents(t, auditOnlyDir) {
		kinds[identity(t, raw)]--
		switch kind := identity(t, raw); {
		case strings.HasPrefix(kind, "ValidatingWebhookConfiguration/"):
			var configuration admissionregistrationv1.ValidatingWebhookConfiguration
			require.NoError(t, yaml.UnmarshalStrict(raw, &configuration))
			seen := map[string]string{}
			for _, w := range configuration.Webhooks {
				seen[w.Name] = *w.ClientConfig.Service.Path
				assert.Equal(t, admissionregistrationv1.Ignore, *w.FailurePolicy, w.Name)
				assert.False(t, selects(t, w.NamespaceSelector, "kube-system", "enforce"), w.Name)
				if w.Name == "validate-audit.tealgate.dev" {
					assert.True(t, selects(t, w.NamespaceSelector, "shop", ""))
					assert.True(t, selects(t, w.NamespaceSelector, "shop", "enforce"))
				}
			}
			assert.Equal(t, map[string]string{
				"validate-audit.tealgate.dev": "/validate-audit", modeEntry: "/namespace-mode", ofPolicies: "/validate-policy",
			}, seen)
		case strings.HasPrefix(kind, "MutatingWebhookConfiguration/"):
			var configuration admissionregistrationv1.MutatingWebhookConfiguration
			require.NoError(t, yaml.UnmarshalStrict(raw, &configuration))
			for _, w := range configuration.Webhooks {
				assert.False(t, selects(t, w.NamespaceSelector, "shop", "enforce"), w.Name)
				assert.False(t, selects(t, w.NamespaceSelector, "shop", ""), w.Name)
			}
		case strings.HasPrefix(kind, "ValidatingAdmissionPolicyBinding/"):
			var binding admissionregistrationv1.ValidatingAdmissionPolicyBinding
			require.NoError(t, yaml.UnmarshalStrict(raw, &binding))
			want := []admissionregistrationv1.ValidationAction{admissionregistrationv1.Audit}
			if slices.Contains([]string{"decision.tealgate.dev", "bluegreen-jobs.tealgate.dev"}, binding.Name) {
				want = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny} // tealgate's own kinds
			}
			assert.Equal(t, want, binding.Spec.ValidationActions, binding.Name)
		case strings.HasPrefix(kind, "Deployment/"):
			assert.Contains(t, string(raw), "- serve\n        - --audit-only\n")
		}
	}
	for kind, count := range kinds {
		assert.Zero(t, count, "%s is in one of the two only", kind)
	}
}

// TestComponentsTogether: the trial, with certificates of cert-manager. Nothing of the one is
// lost in the other.
func TestComponentsTogether(t *testing.T) {
	dir := t.TempDir()
	manifests, err := filepath.Abs(manifestsDir)
	require.NoError(t, err)
	manifests, err = filepath.Rel(dir, manifests)
	require.NoError(t, err)
	const both = "resources: [%[1]s]\ncomponents: [%[1]s/components/audit-only, %[1]s/components/cert-manager]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), fmt.Appendf(nil, both, manifests), 0o600))
	identities := func(dir string) (found []string) {
		for _, raw := range documents(t, dir) {
			found = append(found, identity(t, raw))
		}
		return found
	}
	assert.ElementsMatch(t, identities(filepath.Join(manifestsDir, "overlays", "cert-manager")), identities(dir))
	for _, raw := range documents(t, dir) {
		switch kind := identity(t, raw); {
		case strings.HasSuffix(kind, "WebhookConfiguration/tealgate"):
			assert.Contains(t, string(raw), "cert-manager.io/inject-ca-from: tealgate-system/tealgate-webhook\n", kind)
			assert.NotContains(t, string(raw), "-enforce.tealgate.dev", kind)
		case strings.HasPrefix(kind, "Deployment/"):
			assert.Contains(t, string(raw), "- serve\n        - --audit-only\n        - --certificates=cert-manager\n")
		}
	}
}

func identity(t *testing.T, raw []byte) string {
	t.Helper()
	var object metav1.PartialObjectMetadata
	require.NoError(t, yaml.Unmarshal(raw, &object))
	return object.Kind + "/" + object.Name
}

func validating(t *testing.T) []entry {
	t.Helper()
	var entries []entry
	for _, raw := range rendered(t, "ValidatingWebhookConfiguration") {
		var configuration admissionregistrationv1.ValidatingWebhookConfiguration
		require.NoError(t, yaml.UnmarshalStrict(raw, &configuration))
		for _, w := range configuration.Webhooks {
			entries = append(entries, entry{
				w.Name, w.Rules, w.NamespaceSelector, w.FailurePolicy, w.MatchPolicy, w.SideEffects, w.TimeoutSeconds, w.ClientConfig, w.MatchConditions, w.ObjectSelector,
			})
		}
	}
	require.NotEmpty(t, entries)
	return entries
}

func mutating(t *testing.T) []entry {
	t.Helper()
	var entries []entry
	for _, raw := range rendered(t, "MutatingWebhookConfiguration") {
		var configuration admissionregistrationv1.MutatingWebhookConfiguration
		require.NoError(t, yaml.UnmarshalStrict(raw, &configuration))
		for _, w := range configuration.Webhooks {
			entries = append(entries, entry{
				w.Name, w.Rules, w.NamespaceSelector, w.FailurePolicy, w.MatchPolicy, w.SideEffects, w.TimeoutSeconds, w.ClientConfig, w.MatchConditions, w.ObjectSelector,
			})
		}
	}
	require.NotEmpty(t, entries)
	return entries
}

// rendered returns the objects of a kind that `kubectl apply -k manifests` sends.
func rendered(t *testing.T, kind string) [][]byte {
	t.Helper()
	return slices.DeleteFunc(documents(t, manifestsDir), func(raw []byte) bool {
		var object metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal(raw, &object))
		return object.Kind != kind
	})
}

// documents returns the objects of a folder, in the order in which kubectl sends them.
func documents(t *testing.T, dir string) [][]byte {
	t.Helper()
	output, err := kustomized(dir)()
	require.NoError(t, err)
	var objects [][]byte
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(output)))
	for {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		require.NoError(t, err)
		objects = append(objects, raw)
	}
}

// kustomizations are those that have been rendered, by their folder.
var kustomizations sync.Map

func kustomized(dir string) func() ([]byte, error) {
	once, _ := kustomizations.LoadOrStore(dir, sync.OnceValues(func() ([]byte, error) {
		kubectl, err := env.FindBinary(context.Background(), "kubectl")
		if err != nil {
			return nil, err
		}
		return exec.Command(kubectl, "kustomize", dir).Output()
	}))
	return once.(func() ([]byte, error))
}
