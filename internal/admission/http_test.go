package admission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
)

// bad are bodies that no API server with our webhook configurations sends.
// kind is what a metric calls them.
var bad = map[string]struct {
	reason string
	body   string
	uid    string
	// want is what the reason in the answer ends in, after tealgate could not decide.
	want string
	kind string
	// unseenBy are the entries that have nothing to do with what is wrong.
	unseenBy []string
	// workloads: it is none for the entry that takes ConfigMaps.
	workloads bool
}{
	"Empty":       {body: "", want: "the body is empty", kind: "malformed"},
	"Blank":       {body: " \n", want: "the body is not an AdmissionReview: unexpected end of JSON input", kind: "malformed"},
	"NotJSON":     {body: "kind: AdmissionReview", want: "the body is not an AdmissionReview: invalid character 'k' looking for beginning of value", kind: "malformed"},
	"Truncated":   {body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"b5f5"`, want: "the body is not an AdmissionReview: unexpected end of JSON input", kind: "malformed"},
	"TwoObjects":  {body: "{}{}", want: "the body is not an AdmissionReview: invalid character '{' after top-level value", kind: "malformed"},
	"Null":        {body: "null", want: "the body is '' '', not an AdmissionReview of admission.k8s.io/v1", kind: "malformed"},
	"List":        {body: "[]", want: "the body is not an AdmissionReview: json: cannot unmarshal array into Go value of type v1.AdmissionReview", kind: "malformed"},
	"EmptyObject": {body: "{}", want: "the body is '' '', not an AdmissionReview of admission.k8s.io/v1", kind: "malformed"},
	"AnotherKind": {
		body: `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}`,
		want: "the body is 'v1' 'Pod', not an AdmissionReview of admission.k8s.io/v1", kind: "malformed",
	},
	"AnotherKindWithARequest": {
		reason: "the uid is returned wherever there is one",
		body:   `{"apiVersion":"v1","kind":"Pod","request":{"uid":"b5f5"}}`, uid: "b5f5",
		want: "the body is 'v1' 'Pod', not an AdmissionReview of admission.k8s.io/v1", kind: "malformed",
	},
	"AnotherVersion": {
		body: `{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{"uid":"b5f5"}}`, uid: "b5f5",
		want: "the body is 'admission.k8s.io/v2' 'AdmissionReview', not an AdmissionReview of admission.k8s.io/v1", kind: "malformed",
	},
	"NoRequest": {
		body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`,
		want: "an AdmissionReview without a request", kind: "malformed",
	},
	"RequestOfAnotherType": {
		body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"operation":7,"uid":"b5f5"}}`, uid: "b5f5",
		want: "the body is not an AdmissionReview: json: cannot unmarshal number into Go struct field AdmissionRequest.request.operation of type v1.Operation",
		kind: "malformed",
	},
	"EmptyRequest": {
		body: request(``), want: "' ' is not a kind that tealgate reviews",
	},
	"Pod":                   {body: request(`"operation":"CREATE","kind":{"version":"v1","kind":"Pod"},"object":{"apiVersion":"v1","kind":"Pod"}`), want: "'v1 Pod' is not a kind that tealgate reviews"},
	"StatefulSet":           {body: request(`"operation":"CREATE","kind":{"group":"apps","version":"v1","kind":"StatefulSet"},"object":{}`), want: "'apps/v1 StatefulSet' is not a kind that tealgate reviews"},
	"AnotherVersionOfAKind": {body: request(`"operation":"CREATE","kind":{"group":"apps","version":"v1beta1","kind":"Deployment"},"object":{}`), want: "'apps/v1beta1 Deployment' is not a kind that tealgate reviews"},
	"ObjectOfAnotherKind": {
		reason: "the rules would find nothing wrong with it",
		body:   deployment(`"operation":"CREATE","object":{"apiVersion":"v1","kind":"Pod"}`),
		want:   "the object is 'v1 Pod', announced as 'apps/v1 Deployment'",
	},
	"ObjectOfAnotherVersion": {
		body: deployment(`"operation":"CREATE","object":{"apiVersion":"apps/v1beta1","kind":"Deployment"}`),
		want: "the object is 'apps/v1beta1 Deployment', announced as 'apps/v1 Deployment'",
	},
	"OldObjectOfAnotherKind": {
		body: deployment(`"operation":"UPDATE","object":{"apiVersion":"apps/v1","kind":"Deployment"},"oldObject":{"apiVersion":"v1","kind":"Pod"}`),
		want: "the object is 'v1 Pod', announced as 'apps/v1 Deployment'",
	},
	"Connect":         {body: deployment(`"operation":"CONNECT","object":{}`), want: "operation 'CONNECT'"},
	"NoOperation":     {body: deployment(`"object":{}`), want: "operation ''"},
	"Operation":       {body: deployment(`"operation":"create","object":{}`), want: "operation 'create'"},
	"CreateNothing":   {body: deployment(`"operation":"CREATE"`), want: "CREATE without an object"},
	"CreateNull":      {body: deployment(`"operation":"CREATE","object":null`), want: "CREATE without an object"},
	"UpdateNothing":   {body: deployment(`"operation":"UPDATE","oldObject":{}`), want: "UPDATE without an object"},
	"UpdateOfNothing": {body: deployment(`"operation":"UPDATE","object":{}`), want: "UPDATE without an old object"},
	"DeleteOfNothing": {body: deployment(`"operation":"DELETE"`), want: "DELETE without an old object"},
	"String":          {body: deployment(`"operation":"CREATE","object":"shop"`), want: "cannot unmarshal string into Go value of type v1."},
	"Array":           {body: deployment(`"operation":"CREATE","object":[{}]`), want: "cannot unmarshal array into Go value of type v1."},
	"Number":          {body: deployment(`"operation":"CREATE","object":1`), want: "cannot unmarshal number into Go value of type v1."},
	"ScaleIsAString": {
		reason: "a Scale is not decoded any further", workloads: true,
		body: request(`"operation":"UPDATE","kind":{"group":"autoscaling","version":"v1","kind":"Scale"},"object":"x","oldObject":"x"`),
		want: "cannot unmarshal string into Go value of type v1.PartialObjectMetadata",
	},
	"LabelsAreAList": {
		body: deployment(`"operation":"CREATE","object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":["x"]}}`),
		want: "cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
	},
	"LabelIsANumber": {
		body: deployment(`"operation":"CREATE","object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"version":1.4}}}`),
		want: "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
	},
	"PodLabelsAreAString": {
		body:     deployment(`"operation":"CREATE","object":{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"metadata":{"labels":"x"}}}}`),
		want:     "cannot unmarshal string into Go struct field ObjectMeta.spec.template.metadata.labels of type map[string]string",
		unseenBy: []string{"validate-policy"},
	},
	"ThreeMegabytes": {
		reason: "etcd stores half of that: it must not cost us our deadline",
		body:   deployment(`"operation":"CREATE","object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"x":"` + strings.Repeat("x", 3_000_000) + `"}}}`),
		want:   "the object has 3.0 MB, more than the 2 MB that tealgate reads (etcd stores 1.5 MB)",
	},
	"Containers": {
		body:     deployment(`"operation":"CREATE","object":` + deploymentOf(strings.TrimSuffix(strings.Repeat(`{"name":"c"},`, 501), ","), "")),
		want:     "501 containers are more than the 500 that tealgate looks at",
		unseenBy: []string{"validate-policy"},
	},
	"Variables": {
		body: deployment(`"operation":"CREATE","object":` +
			deploymentOf(`{"name":"c","args":["a"],"env":[`+strings.TrimSuffix(strings.Repeat(`{"name":"A"},`, 5000), ",")+`]}`, "")),
		want:     "the containers have more than 5000 variables and arguments, and tealgate looks at no more",
		unseenBy: []string{"validate-policy"},
	},
	"LongVariable": {
		body:     deployment(`"operation":"CREATE","object":` + deploymentOf(`{"name":"c","env":[{"name":"A","value":"`+strings.Repeat("x", 131_071)+`"}]}`, "")),
		want:     "a variable or argument of container 'c' has 131073 bytes: no process starts with more than 131072",
		unseenBy: []string{"validate-policy"},
	},
	"EightMegabytes": {
		reason: "the body is not read to its end",
		body:   deployment(`"operation":"CREATE","object":{"x":"` + strings.Repeat("x", 8_000_000) + `"}`),
		want:   "the body has more than 7 MiB", kind: "malformed",
	},
}

// request wraps the content of a request, deployment one of that kind.
func request(content string) string {
	uid := `"uid":"b5f5"`
	if content != "" {
		content = "," + content
	}
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{` + uid + content + `}}`
}

func deployment(content string) string {
	return request(`"namespace":"shop","name":"shop","kind":{"group":"apps","version":"v1","kind":"Deployment"},` + content)
}

// asConfigMap makes a Deployment what the entry for policies is asked about.
var asConfigMap = strings.NewReplacer(
	`"namespace":"shop"`, `"namespace":"tealgate-system"`,
	`"group":"apps","version":"v1","kind":"Deployment"`, `"version":"v1","kind":"ConfigMap"`,
	`"apiVersion":"apps/v1","kind":"Deployment"`, `"apiVersion":"v1","kind":"ConfigMap"`,
	`'apps/v1 Deployment'`, `'v1 ConfigMap'`,
)

// Bad input is answered in the API's own form: nothing panics, nothing passes a
// closed entry unseen, and nothing is denied by an open one.
func TestBadInput(t *testing.T) {
	w, registry := cluster{rules: embeddedRules(t)}.webhooks()
	for name, test := range bad {
		for entry, expected := range failing {
			test := test
			if entry == "validate-policy" && test.workloads {
				continue
			}
			if entry == "validate-policy" {
				test.body, test.want = asConfigMap.Replace(test.body), asConfigMap.Replace(test.want)
			}
			t.Run(name+"/"+entry, func(t *testing.T) {
				kind := test.kind
				if kind == "" {
					kind = "undecided"
				}
				want := test.want
				if (entry == "namespace-mode" || entry == "contract-migration") && kind == "undecided" {
					want = "is not a kind that tealgate reviews" // none of these requests is about a Namespace or a Job
				}
				before := requests(t, registry, entry, kind)
				response := post(t, w, entry, []byte(test.body))
				if slices.Contains(test.unseenBy, entry) {
					assert.True(t, response.Allowed)
					return
				}
				uid := test.uid
				if kind == "undecided" {
					uid = "b5f5"
				}
				assert.Equal(t, uid, string(response.UID), test.reason)
				assert.Equal(t, !expected.closed, response.Allowed, test.reason)
				text := response.Result.Message
				if !expected.closed {
					require.Len(t, response.Warnings, 1)
					text = response.Warnings[0]
				}
				assert.True(t, strings.HasPrefix(text, "tealgate could not decide: "), text)
				assert.Contains(t, text, shortened(want), test.reason)
				assert.Equal(t, before+1, requests(t, registry, entry, kind), "metric")
			})
		}
	}
}

// shortened is the beginning of a reason that a warning has room for.
func shortened(text string) string { return text[:min(len(text), 100)] }

// What is no bad input although it looks like it.
func TestUnusualInput(t *testing.T) {
	w, _ := cluster{rules: embeddedRules(t)}.webhooks()
	for name, test := range map[string]struct {
		reason string
		body   []byte
	}{
		"DeleteHasNoObject": {
			reason: "the object of a DELETE is nil", body: ask{operation: admissionv1.Delete, old: goodDeployment}.body(t),
		},
		"V1beta1": {
			reason: "both versions have one form, and the answer takes the version of the question",
			body:   bytes.Replace(ask{object: goodDeployment}.body(t), []byte("admission.k8s.io/v1"), []byte("admission.k8s.io/v1beta1"), 1),
		},
		"UnknownFields": {
			reason: "a newer API server may send more",
			body:   bytes.Replace(ask{object: goodDeployment}.body(t), []byte(`"request":{`), []byte(`"later":1,"request":{"later":{},`), 1),
		},
		"GenerateName": {
			reason: "there is no name yet",
			body:   ask{object: strings.Replace(goodDeployment, "name: shop-blue", "generateName: shop-", 1)}.body(t),
		},
		"LargestObject": {
			reason: "what etcd can hold is judged",
			body: ask{object: strings.Replace(goodDeployment, "annotations: {", "annotations: {padding: "+
				strings.Repeat("x", 1<<20)+", ", 1)}.body(t),
		},
	} {
		t.Run(name, func(t *testing.T) {
			// The longest that an API server waits: what is judged counts here, not how soon.
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/validate-enforce?timeout=30s", bytes.NewReader(test.body))
			request.Header.Set("Content-Type", "application/json")
			response := send(t, w, "validate-enforce", request)
			assert.True(t, response.Allowed, "%s: %s", test.reason, response.Result.Message)
			assert.Empty(t, response.Warnings)
		})
	}
}

func TestAnswerHasTheVersionOfTheQuestion(t *testing.T) {
	w, _ := cluster{}.webhooks()
	for _, version := range []string{"admission.k8s.io/v1", "admission.k8s.io/v1beta1"} {
		body := strings.Replace(string(ask{object: goodDeployment}.body(t)), "admission.k8s.io/v1", version, 1)
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		w.Handlers()["/validate-enforce"].ServeHTTP(recorder, request)
		var answer admissionv1.AdmissionReview
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
		assert.Equal(t, version, answer.APIVersion)
		assert.Equal(t, "application/json", recorder.Header().Get("Content-Type"))
	}
}

func TestContentType(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/json":                    true,
		"application/json; charset=utf-8":     true,
		"":                                    false,
		"text/plain":                          false,
		"application/vnd.kubernetes.protobuf": false,
		"application/json; charset=":          false,
	} {
		t.Run(contentType, func(t *testing.T) {
			w, registry := cluster{}.webhooks()
			body := ask{object: goodDeployment}.body(t)
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/validate-enforce", bytes.NewReader(body))
			request.Header.Set("Content-Type", contentType)
			response := send(t, w, "validate-enforce", request)
			assert.Equal(t, want, response.Allowed)
			assert.Equal(t, "b5f5", string(response.UID))
			if !want {
				assert.Contains(t, response.Result.Message, fmt.Sprintf("the body is '%s', not application/json", contentType))
				assert.Equal(t, 1, requests(t, registry, "validate-enforce", "malformed"))
			}
		})
	}
}
