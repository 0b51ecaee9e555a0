package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

// Policies tries ConfigMaps of tealgate's namespace that hold policies or settings. An
// error means that one could not be tried. Implementations are safe for concurrent use
// and end soon after ctx does.
type Policies interface {
	Try(ctx context.Context, configMap *corev1.ConfigMap) (rulebook.Trial, error)
}

// policyID and settingsID stand where a rule's id does in other answers.
const (
	policyID   = "policy"
	settingsID = "settings"
)

// tryPolicies refuses policies and settings that could not be loaded. What gets by,
// because tealgate was away, is set aside when it is loaded.
func (w *Webhooks) tryPolicies(ctx context.Context, r *review) (admission.Response, error) {
	if r.Operation == admissionv1.Delete {
		return admission.Allowed(""), nil
	}
	if r.Namespace != v1alpha1.Namespace {
		return admission.Response{}, fmt.Errorf("%w: a ConfigMap of namespace %q", errBadRequest, r.Namespace)
	}
	var configMap corev1.ConfigMap
	if err := json.Unmarshal(r.Object.Raw, &configMap); err != nil {
		return admission.Response{}, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	trial, err := w.policies.Try(ctx, &configMap)
	if err != nil {
		return admission.Response{}, err
	}
	id := policyID
	if rulebook.IsSettings(&configMap) {
		id = settingsID
	}
	response := admission.Allowed("")
	if len(trial.Problems) > 0 {
		response = refused(r, id, trial.Problems)
	}
	for _, doubt := range trial.Doubts {
		response = response.WithWarnings(message.PolicyDoubt(r.language, r.object(), id, doubt))
	}
	return response, nil
}

// refused is denied for what is wrong inside of files.
func refused(r *review, id string, problems policy.Problems) admission.Response {
	causes := make([]metav1.StatusCause, len(problems))
	trail := make([]string, len(problems))
	for i, problem := range problems {
		causes[i] = metav1.StatusCause{Type: metav1.CauseType(id), Field: problem.Position(), Message: problem.String()}
		trail[i] = actionDeny + " " + id + " " + problem.Position()
	}
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		AuditAnnotations: map[string]string{"problems": strings.Join(trail, "; ")},
		Result: &metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
			Message: message.PolicyDenial(r.language, r.object(), id, problems),
			Details: &metav1.StatusDetails{Name: r.name, Group: r.Kind.Group, Kind: r.Kind.Kind, Causes: causes},
		},
	}}
}
