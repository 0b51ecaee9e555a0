package admission

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// unmanaged says that the platform team's settings leave the object alone: its
// pods, or those that a Service selects. On UPDATE that holds of both sides, so
// that nothing gets out of tealgate's sight by a change of its labels.
func (r *review) unmanaged() (bool, error) {
	if len(r.edition.Settings.Unmanaged) == 0 || r.Kind.Kind == kindScale {
		return false, nil
	}
	for _, raw := range [][]byte{r.Object.Raw, r.OldObject.Raw} {
		if len(raw) == 0 {
			continue
		}
		pods, err := r.podLabels(raw)
		if err != nil {
			return false, err
		}
		if !r.edition.Settings.IsUnmanaged(r.Namespace, pods) {
			return false, nil
		}
	}
	return true, nil
}

// podLabels are those of the pods that a Deployment makes, or that a Service selects.
func (r *review) podLabels(raw []byte) (map[string]string, error) {
	if r.Kind.Kind == kindService {
		service, err := decode[corev1.Service](r, raw)
		return service.Spec.Selector, err
	}
	deployment, err := decode[appsv1.Deployment](r, raw)
	return deployment.Spec.Template.Labels, err
}

func badRequest(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errBadRequest, err)
}
