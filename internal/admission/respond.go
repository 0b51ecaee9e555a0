package admission

import (
	"encoding/json"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

// denied is the one refusal for problems of the object. The reason stays
// Forbidden: kubectl drops the text of Invalid. Machines find the same findings
// in the causes.
func denied(r *review, violations []policy.Violation) (admission.Response, error) {
	text, err := message.Denial(r.language, r.object(), violations)
	if err != nil {
		return admission.Response{}, err
	}
	causes := make([]metav1.StatusCause, len(violations))
	for i, violation := range violations {
		causes[i] = metav1.StatusCause{
			Type: metav1.CauseType(violation.Rule.ID), Field: violation.Field, Message: violation.Subject,
		}
	}
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Result: &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
			Message: text,
			Details: &metav1.StatusDetails{Name: r.name, Group: r.Kind.Group, Kind: r.Kind.Kind, Causes: causes},
		},
	}}, nil
}

// patched allows the request with the difference between what was sent and
// object. It works on unstructured content, so that fields which this binary
// does not know stay.
func patched(r *review, object *unstructured.Unstructured, warnings ...string) (admission.Response, error) {
	raw, err := json.Marshal(object.Object)
	if err != nil {
		return admission.Response{}, fmt.Errorf("mutated object: %w", err)
	}
	response := admission.PatchResponseFromRaw(r.Object.Raw, raw)
	if !response.Allowed {
		return admission.Response{}, fmt.Errorf("mutated object: %s", response.Result.Message)
	}
	return response.WithWarnings(warnings...), nil
}
