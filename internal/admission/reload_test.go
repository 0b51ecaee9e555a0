package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/rulebook"
)

// editionOf writes a rule that denies every Deployment and says which edition it is of,
// and settings that name a page of the same edition.
func editionOf(number string) rulebook.Wanted {
	configMap := func(name, key, text string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "tealgate-system", Name: name}, Data: map[string]string{key: text},
		}
	}
	rule := fmt.Sprintf(`# METADATA
# title: Says which edition it is of
# description: For this test.
# custom:
#   id: edition
#   action: deny
#   messages:
#     which:
#       en: this is edition %[1]s.
package tealgate.rules.edition

violation contains {"message": "which", "field": "", "subject": "", "with": {}} if input.kind == "Deployment"

test_it if count(violation) == 1 with input as {"kind": "Deployment"}
`, number)
	settings := rulebook.FromSettings(configMap("tealgate-settings", "settings.yaml", "docsURL: https://wiki.example/"+number+"\n"))
	return rulebook.Wanted{
		Sources:  []rulebook.Source{rulebook.FromConfigMap(configMap("edition", "edition.rego", rule))},
		Settings: &settings,
	}
}

// TestReloadUnderLoad asks over HTTP, from many sides at once, while the edition that is
// in force changes again and again: every answer comes, denies, and is of one edition
// from beginning to end.
func TestReloadUnderLoad(t *testing.T) {
	book, err := rulebook.Open(t.Context(), prometheus.NewRegistry())
	require.NoError(t, err)
	load := func(wanted rulebook.Wanted) {
		_, err := book.Load(t.Context(), wanted)
		require.NoError(t, err)
	}
	first, second := editionOf("1"), editionOf("2")
	load(first)
	w := New(Options{
		Edition: func() Edition {
			edition := book.Edition()
			return Edition{Rules: edition.Rules, Settings: edition.Settings}
		},
		Facts: around{}, Namespaces: namespacesFunc(func(context.Context, string) map[string]string { return nil }), Registerer: prometheus.NewRegistry(),
	})
	mux := http.NewServeMux()
	for path, handler := range w.Handlers() {
		mux.Handle(path, handler)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	body := ask{object: goodDeployment}.body(t)

	var stop atomic.Bool
	var asking sync.WaitGroup
	var lock sync.Mutex
	answers := map[string]int{}
	for range 3 {
		asking.Go(func() {
			for !stop.Load() {
				answer, err := answerOf(server.URL, body)
				if err != nil {
					answer = err.Error()
				}
				lock.Lock()
				answers[answer]++
				lock.Unlock()
			}
		})
	}
	digests := map[string]bool{}
	for range 3 {
		for _, wanted := range []rulebook.Wanted{second, first} {
			load(wanted)
			digests[book.Edition().Digest] = true
		}
	}
	stop.Store(true)
	asking.Wait()

	var got []string
	total := 0
	for answer, times := range answers {
		got, total = append(got, answer), total+times
	}
	want := "1 problem in Deployment shop/shop-blue: edition\n\n1. edition: this is edition N.\n\nMore: https://wiki.example/N"
	assert.ElementsMatch(t, []string{strings.ReplaceAll(want, "N", "1"), strings.ReplaceAll(want, "N", "2")}, got)
	assert.Len(t, digests, 2)
	assert.Greater(t, total, 20, "answers while editions changed")
}

// answerOf is what a person would read; an object that is allowed is an error.
func answerOf(url string, body []byte) (string, error) {
	response, err := http.Post(url+"/validate-enforce?timeout=30s", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&review); err != nil {
		return "", err
	}
	if review.Response == nil || review.Response.Allowed {
		return "", fmt.Errorf("allowed: %v", review.Response)
	}
	return review.Response.Result.Message, nil
}
