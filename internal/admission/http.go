package admission

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// maxBodyBytes holds an object and an old one of the largest size that the API
// server reads, 3 MiB each.
const maxBodyBytes = 7 << 20

const kindAdmissionReview = "AdmissionReview"

// endpoint reads AdmissionReviews and writes the answers of one entry. The
// decoder of controller-runtime would do, but what it cannot read it answers
// without version and uid and with a denial: the API server then shows an error
// of its own, and where we fail open the answer must not be a denial.
func (w *Webhooks) endpoint(e entry) http.Handler {
	webhook := &admission.Webhook{Handler: w.handler(e)}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		answer := admissionv1.AdmissionReview{TypeMeta: metav1.TypeMeta{
			APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: kindAdmissionReview,
		}}
		var judged admission.Response
		review, err := readReview(response, request)
		if err == nil {
			// v1 and v1beta1 have the same form; the answer has the version of the question.
			answer.TypeMeta = review.TypeMeta
			judged = webhook.Handle(withBudget(request.Context(), request), admission.Request{AdmissionRequest: *review.Request})
		} else {
			judged = w.malformed(e, review, err)
		}
		answer.Response = &judged.AdmissionResponse
		response.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(response).Encode(answer); err != nil {
			logf.FromContext(request.Context()).Error(err, "the answer was not written", "webhook", e.name)
		}
	})
}

// readReview returns what could be read, also beside an error: a uid is needed
// to answer at all.
func readReview(response http.ResponseWriter, request *http.Request) (review admissionv1.AdmissionReview, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBodyBytes))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return review, fmt.Errorf("%w: the body has more than %d MiB", errBadRequest, tooLarge.Limit>>20)
	}
	if err != nil {
		return review, fmt.Errorf("%w: reading the body: %w", errBadRequest, err)
	}
	if len(body) == 0 {
		return review, fmt.Errorf("%w: the body is empty", errBadRequest)
	}
	decodeErr := json.Unmarshal(body, &review)
	contentType := request.Header.Get("Content-Type")
	switch media, _, err := mime.ParseMediaType(contentType); {
	case err != nil || media != "application/json":
		return review, fmt.Errorf("%w: the body is %q, not application/json", errBadRequest, contentType)
	case decodeErr != nil:
		return review, fmt.Errorf("%w: the body is not an AdmissionReview: %w", errBadRequest, decodeErr)
	case review.Kind != kindAdmissionReview,
		review.APIVersion != "admission.k8s.io/v1" && review.APIVersion != "admission.k8s.io/v1beta1":
		return review, fmt.Errorf("%w: the body is %q %q, not an AdmissionReview of admission.k8s.io/v1",
			errBadRequest, review.APIVersion, review.Kind)
	case review.Request == nil:
		return review, fmt.Errorf("%w: an AdmissionReview without a request", errBadRequest)
	}
	return review, nil
}

// malformed answers what never becomes a request.
func (w *Webhooks) malformed(e entry, review admissionv1.AdmissionReview, err error) admission.Response {
	logf.Log.WithName("admission").Error(err, "malformed request", "webhook", e.name, "closed", e.closed)
	w.metrics.requests.WithLabelValues(e.name, "none", outcomeMalformed).Inc()
	request := admission.Request{}
	if review.Request != nil {
		request.UID = review.Request.UID
	}
	response := undecided(e, w.language, err)
	if err := response.Complete(request); err != nil {
		logf.Log.WithName("admission").Error(err, "the answer is not complete", "webhook", e.name)
	}
	return response
}
