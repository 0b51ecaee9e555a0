package corpus

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

// applied holds the Deployments and Services of one entry, and nothing else.
type applied struct {
	client.Reader

	deployments appsv1.DeploymentList
	services    corev1.ServiceList
}

// List implements client.Reader.
func (a *applied) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *appsv1.DeploymentList:
		a.deployments.DeepCopyInto(list)
	case *corev1.ServiceList:
		a.services.DeepCopyInto(list)
	}
	return nil
}

// nobody has a right.
type nobody struct{ client.Writer }

// Create implements client.Writer.
func (nobody) Create(context.Context, client.Object, ...client.CreateOption) error { return nil }

// add keeps a Deployment or a Service, as transform returns it.
func (a *applied) add(t *testing.T, object *unstructured.Unstructured, transform func(any) (any, error)) {
	t.Helper()
	var into runtime.Object
	switch object.GetKind() {
	case "Deployment":
		into = &appsv1.Deployment{}
	case "Service":
		into = &corev1.Service{}
	default:
		return
	}
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into))
	kept, err := transform(into)
	require.NoError(t, err)
	switch kept := kept.(type) {
	case *appsv1.Deployment:
		a.deployments.Items = append(a.deployments.Items, *kept)
	case *corev1.Service:
		a.services.Items = append(a.services.Items, *kept)
	}
}

// TestProjection judges every manifest in a cluster that holds the others of its entry, once
// as they are and once as the cache keeps them: what rules find must not depend on it.
func TestProjection(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	entries, err := Entries(".")
	require.NoError(t, err)
	findings := 0
	for _, entry := range entries {
		t.Run(entry.Name, func(t *testing.T) {
			manifests, err := offline.Read(t.Context(), offline.Sources{Files: []string{entry.Path}, Namespace: entry.Namespace()})
			require.NoError(t, err)
			full, kept, projection := &applied{}, &applied{}, facts.NewProjection()
			for _, object := range manifests.Objects {
				full.add(t, object.Unstructured, func(object any) (any, error) { return object, nil })
				kept.add(t, object.Unstructured, projection.Transform)
			}
			judge := func(cached *applied) *admission.Judge {
				return admission.NewJudge(admission.JudgeOptions{
					Edition: admission.Edition{Rules: engine, Settings: settings.Default()},
					Facts:   facts.New(facts.Options{Cached: cached, Live: full, Authorizer: nobody{}}),
				})
			}
			for _, object := range manifests.Objects {
				if !admission.Judges(object.GroupVersionKind()) {
					continue
				}
				want, got := verdicts(t, judge(full), object.Unstructured), verdicts(t, judge(kept), object.Unstructured)
				for i := range want {
					findings += len(want[i].Denied) + len(want[i].Warned) + len(want[i].Advised)
				}
				assert.Equal(t, want, got, "%s %s", object.GetKind(), object.GetName())
			}
		})
	}
	assert.Positive(t, findings)
}

// verdicts are those on an object that is created, and that stands there.
func verdicts(t *testing.T, judge *admission.Judge, object *unstructured.Unstructured) []admission.Verdict {
	t.Helper()
	mutated, err := judge.Mutate(t.Context(), object)
	require.NoError(t, err)
	created, err := judge.Validate(t.Context(), mutated)
	require.NoError(t, err)
	standing, err := judge.Standing(t.Context(), object)
	require.NoError(t, err)
	return []admission.Verdict{created, standing}
}
