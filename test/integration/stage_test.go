package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/test/corpus"
)

// stage is a real cluster in which manifests stand as if a team had applied them, each
// entry in namespaces of its own, so that their questions can be asked all at once.
type stage struct {
	world     *world
	entries   []*staged
	admin     dynamic.Interface
	developer dynamic.Interface
	kinds     meta.RESTMapper
	warnings  *warnings
	// markers counts how often settle was called.
	markers int
}

// answer is what the API server said to a create request.
type answer struct {
	denial           string
	causes, warnings []string
}

// warnings collects the API server's, of one request after the other.
type warnings struct{ lines []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.lines = append(w.lines, text) }

func newStage(t *testing.T, w *world, entries []corpus.Entry) *stage {
	t.Helper()
	s := &stage{world: w, warnings: &warnings{}}
	developer, err := clientcmd.BuildConfigFromFlags("", w.kubeconfig)
	require.NoError(t, err)
	developer.QPS, developer.WarningHandler = -1, s.warnings
	s.developer, err = dynamic.NewForConfig(developer)
	require.NoError(t, err)
	admin := rest.CopyConfig(w.cluster.Config)
	admin.WarningHandler = rest.NoWarnings{}
	s.admin, err = dynamic.NewForConfig(admin)
	require.NoError(t, err)
	client, err := discovery.NewDiscoveryClientForConfig(admin)
	require.NoError(t, err)
	groups, err := restmapper.GetAPIGroupResources(client)
	require.NoError(t, err)
	s.kinds = restmapper.NewDiscoveryRESTMapper(groups)

	owners := map[string]string{}
	for _, entry := range entries {
		e := &staged{Entry: entry, objects: readObjects(t, entry)}
		for _, namespace := range e.namespaces() {
			require.Empty(t, owners[namespace], "namespace %s of %s: another entry has it too", namespace, e.Name)
			owners[namespace] = e.Name
		}
		s.entries = append(s.entries, e)
	}
	return s
}

// play asks about every Service and Deployment, in both languages.
func (s *stage) play(t *testing.T) map[policy.Language]map[string]answer {
	t.Helper()
	answers := map[policy.Language]map[string]answer{policy.English: {}, policy.Chinese: {}}
	s.furnish(t)
	s.ask(t, answers[policy.English], "Service")
	s.label(t, "enforce", policy.Chinese)
	s.ask(t, answers[policy.Chinese], "Service")

	s.label(t, "warn", policy.Chinese)
	s.store(t)
	s.label(t, "enforce", policy.Chinese)
	s.ask(t, answers[policy.Chinese], "Deployment")
	s.label(t, "enforce", policy.English)
	s.ask(t, answers[policy.English], "Deployment")
	return answers
}

// furnish creates the namespaces, in enforce, and in them what is neither Service nor
// Deployment. A quota keeps pods from being created.
func (s *stage) furnish(t *testing.T) {
	t.Helper()
	last := ""
	for _, entry := range s.entries {
		for _, name := range entry.namespaces() {
			s.namespace(t, name, "enforce")
			last = name
		}
	}
	s.namespace(t, barrier, "warn")
	require.NoError(t, s.world.tealgate.WaitForMode(t.Context(), last, "enforce"))
	require.NoError(t, s.world.tealgate.WaitForMode(t.Context(), barrier, "warn"))
	for _, entry := range s.entries {
		for _, object := range entry.objects {
			if !isKind(object, "Service", "Deployment", "Namespace", "Pod") && s.serves(object) {
				require.NoError(t, s.create(t.Context(), s.admin, object), "%s: %s", entry.Name, object.GetName())
			}
		}
		for _, object := range entry.judged() {
			for _, name := range namedConfigMaps(object.Object) {
				err := s.create(t.Context(), s.admin, plain("v1", "ConfigMap", object.GetNamespace(), name))
				require.True(t, err == nil || apierrors.IsAlreadyExists(err), err)
			}
		}
	}
}

func (s *stage) namespace(t *testing.T, name, mode string) {
	t.Helper()
	namespace := plain("v1", "Namespace", "", name)
	namespace.SetLabels(map[string]string{"tealgate.dev/mode": mode})
	require.NoError(t, s.create(t.Context(), s.admin, namespace))
	quota := plain("v1", "ResourceQuota", name, "no-pods")
	quota.Object["spec"] = map[string]any{"hard": map[string]any{"pods": "0"}}
	require.NoError(t, s.create(t.Context(), s.admin, quota))
}

func plain(version, kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

// label sets what the namespaces say, and returns when API server and tealgate know it.
func (s *stage) label(t *testing.T, mode string, language policy.Language) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"metadata": {"labels": {"tealgate.dev/mode": %q, "tealgate.dev/language": %q}}}`, mode, language)
	last := ""
	for _, entry := range s.entries {
		for _, name := range entry.namespaces() {
			_, err := s.resource(plain("v1", "Namespace", "", name), s.admin).
				Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{})
			require.NoError(t, err)
			last = name
		}
	}
	require.NoError(t, s.world.tealgate.WaitForMode(t.Context(), last, mode))
	probe := deployment(last, "probe", "probe")
	s.until(t, func(ctx context.Context) bool {
		answer, err := s.request(ctx, probe)
		said := strings.Join(append(answer.warnings, answer.denial), "\n")
		return err == nil && strings.Contains(said, "处问题") == (language == policy.Chinese)
	})
}

// store creates the Services and then the Deployments one after another, as kubectl
// does, waiting each time until tealgate's cache has them: the color of one decides
// about the next. The namespaces are in warn, so that all come to be.
func (s *stage) store(t *testing.T) {
	t.Helper()
	for _, entry := range s.entries {
		for _, object := range entry.of("Service") {
			require.NoError(t, s.create(t.Context(), s.developer, object), "%s: %s", entry.Name, object.GetName())
		}
	}
	s.settle(t)
	for round, more := 0, true; more; round++ {
		more = false
		for _, entry := range s.entries {
			if deployments := entry.of("Deployment"); round < len(deployments) {
				more = true
				require.NoError(t, s.create(t.Context(), s.developer, deployments[round]), "%s: %s", entry.Name, deployments[round].GetName())
			}
		}
		s.settle(t)
	}
}

// barrier is the namespace in which settle works.
const barrier = "tealgate-test-barrier"

// settle returns when tealgate's cache has everything that was created before. It has
// if it knows a Service and a Deployment that are created now: another Deployment then
// gets the other color of the two.
func (s *stage) settle(t *testing.T) {
	t.Helper()
	s.markers++
	app := fmt.Sprintf("marker-%d", s.markers)
	service := plain("v1", "Service", barrier, app)
	service.Object["spec"] = map[string]any{"selector": map[string]any{"app": app}, "ports": []any{map[string]any{"port": int64(80)}}}
	require.NoError(t, s.create(t.Context(), s.admin, service))
	require.NoError(t, s.create(t.Context(), s.admin, deployment(barrier, app+"-blue", app)))
	probe := deployment(barrier, app, app)
	s.until(t, func(ctx context.Context) bool {
		colored, err := s.resource(probe, s.admin).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil && colored.GetLabels()["tealgate.dev/color"] == "green"
	})
}

func deployment(namespace, name, app string) *unstructured.Unstructured {
	object := plain("apps/v1", "Deployment", namespace, name)
	labels := map[string]any{"app": app}
	object.Object["spec"] = map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app"}}},
		},
	}
	return object
}

func (s *stage) until(t *testing.T, condition func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	require.NoError(t, poll(ctx, func(ctx context.Context) (bool, error) { return condition(ctx), nil }))
}

// ask sends all objects of a kind, in dry runs.
func (s *stage) ask(t *testing.T, answers map[string]answer, kind string) {
	t.Helper()
	for _, entry := range s.entries {
		for _, object := range entry.of(kind) {
			answer, err := s.request(t.Context(), object)
			require.NoError(t, err, "%s: %s", entry.Name, object.GetName())
			answers[about(kind, object.GetNamespace(), object.GetName())] = answer
		}
	}
}

// request asks for an object to be created. That it is there already is found out by
// the API server after admission, and is no denial.
func (s *stage) request(ctx context.Context, object *unstructured.Unstructured) (answer, error) {
	s.warnings.lines = nil
	_, err := s.resource(object, s.developer).Create(ctx, object,
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	got := answer{warnings: s.warnings.lines}
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		const prefix = `admission webhook "validate-enforce.tealgate.dev" denied the request: `
		if denial, ours := strings.CutPrefix(status.ErrStatus.Message, prefix); ours && apierrors.IsForbidden(err) {
			got.denial, err = denial, nil
			for _, cause := range status.ErrStatus.Details.Causes {
				got.causes = append(got.causes, string(cause.Type)+" "+cause.Field)
			}
		}
	}
	if apierrors.IsAlreadyExists(err) {
		err = nil
	}
	return got, err
}

func (s *stage) create(ctx context.Context, as dynamic.Interface, object *unstructured.Unstructured) error {
	_, err := s.resource(object, as).Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	return err
}

// serves says whether the API server knows the kind; manifests may bring others.
func (s *stage) serves(object *unstructured.Unstructured) bool {
	kind := object.GroupVersionKind()
	_, err := s.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	return err == nil
}

func (s *stage) resource(object *unstructured.Unstructured, as dynamic.Interface) dynamic.ResourceInterface {
	kind := object.GroupVersionKind()
	mapping, err := s.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		panic(err) // every kind that gets here is a built-in one, or was asked of serves
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return as.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	return as.Resource(mapping.Resource)
}
