package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// stored is an API server in which objects stand and nothing runs.
type stored struct {
	client.Reader

	objects []*unstructured.Unstructured
}

func (s *stored) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var wanted client.ListOptions
	wanted.ApplyOptions(options)
	if _, metadata := list.(*metav1.PartialObjectMetadataList); metadata {
		return errors.New("which ConfigMaps there are is not known, as offline")
	}
	for _, object := range s.objects {
		if object.GetNamespace() != wanted.Namespace {
			continue
		}
		var err error
		switch list := list.(type) {
		case *corev1.ServiceList:
			if object.GetKind() == "Service" {
				err = decodeInto(object, &list.Items)
			}
		case *appsv1.DeploymentList:
			if object.GetKind() == "Deployment" {
				err = decodeInto(object, &list.Items)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func decodeInto[T any](object *unstructured.Unstructured, items *[]T) error {
	item, err := typed[T](object)
	*items = append(*items, *item)
	return err
}

func (s *stored) Labels(context.Context, string) map[string]string { return nil }

// send puts an object before a webhook, as the API server does.
func send(t *testing.T, webhooks *admission.Webhooks, entry string, object *unstructured.Unstructured) *admissionv1.AdmissionResponse {
	t.Helper()
	raw, err := json.Marshal(object.Object)
	require.NoError(t, err)
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Kind: metav1.GroupVersionKind(object.GroupVersionKind()), Operation: admissionv1.Create,
			Name: object.GetName(), Namespace: object.GetNamespace(), Object: runtime.RawExtension{Raw: raw},
			UserInfo: authenticationv1.UserInfo{Username: "alice"},
		},
	}
	body, err := json.Marshal(review)
	require.NoError(t, err)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+entry+"?timeout=30s", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	webhooks.Handlers()["/"+entry].ServeHTTP(recorder, request)
	var answer admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
	return answer.Response
}

// apart leaves out what a webhook says of the Deployments behind a new Service: the
// check says it of the Deployments themselves.
type apart struct{ *facts.Gatherer }

func (apart) Behind(context.Context, *corev1.Service) ([]facts.Behind, error) { return nil, nil }

// TestSameAsWebhook puts the same objects before the webhooks, over HTTP and with
// the facts that they read from an API server, and before the check.
func TestSameAsWebhook(t *testing.T) {
	root := filepath.Join("..", "..")
	corpora := map[string]Sources{
		"Examples": {Files: []string{filepath.Join(root, "docs", "examples")}, Namespace: "shop"},
		"Shared":   {Files: []string{filepath.Join(root, "test", "integration", "testdata", "shared")}},
		"Goldens":  {Files: []string{filepath.Join(root, "cmd", "kubectl-tealgate", "testdata", "check")}},
		"Many":     many(t, 5),
	}
	for name, sources := range corpora {
		for _, language := range policy.Languages() {
			t.Run(name+"/"+string(language), func(t *testing.T) {
				result := check(t, sources, language)
				require.NotEmpty(t, result.Checked)
				cluster := &stored{}
				for _, checked := range result.Checked {
					cluster.objects = append(cluster.objects, checked.object.Unstructured)
				}
				webhooks := admission.New(admission.Options{
					Edition: func() admission.Edition { return admission.Edition{Rules: engine(t), Settings: settings.Default()} }, Namespaces: cluster, Language: language, Registerer: prometheus.NewRegistry(),
					Facts: apart{facts.New(facts.Options{Cached: cluster, Live: cluster})},
				})
				for i, object := range cluster.objects {
					cluster.objects[i] = patched(t, object, send(t, webhooks, "mutate", object))
				}
				for i, checked := range result.Checked {
					assertSame(t, checked, send(t, webhooks, "validate-enforce", cluster.objects[i]))
				}
			})
		}
	}
}

func patched(t *testing.T, object *unstructured.Unstructured, response *admissionv1.AdmissionResponse) *unstructured.Unstructured {
	t.Helper()
	require.True(t, response.Allowed)
	if len(response.Patch) == 0 {
		return object
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	require.NoError(t, err)
	raw, err := json.Marshal(object.Object)
	require.NoError(t, err)
	raw, err = patch.Apply(raw)
	require.NoError(t, err)
	changed := &unstructured.Unstructured{}
	require.NoError(t, changed.UnmarshalJSON(raw))
	return changed
}

func assertSame(t *testing.T, checked Checked, response *admissionv1.AdmissionResponse) {
	t.Helper()
	about := checked.Kind + " " + checked.Namespace + "/" + checked.Name
	assert.Equal(t, response.Allowed, !checked.Denied(), about)
	if len(checked.Findings)-len(checked.Warnings)-len(checked.Advice) <= 5 {
		assert.Equal(t, response.Result.Message, checked.Denial, about)
	}
	if said := append(append([]string{}, checked.Told...), checked.Warnings...); len(said) <= 3 {
		assert.ElementsMatch(t, response.Warnings, said, about)
	}
}
