package admission

import (
	"context"
	"fmt"
	"maps"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// recordSwitch writes onto a Service what its traffic leaves, so that the way back is
// known. It keeps what is recorded while the selector stays, whoever leaves it out or
// claims something else, and takes it away when the selector changes in another way:
// a record is of the last switch or there is none. A claim where nothing was recorded
// is left to the rule about it.
func (w *Webhooks) recordSwitch(ctx context.Context, r *review) (admission.Response, error) {
	if r.Kind.Kind != kindService || r.Operation != admissionv1.Update {
		return admission.Allowed(""), nil
	}
	if left, err := r.unmanaged(); err != nil || left {
		return admission.Allowed(""), err
	}
	object, old, err := r.services()
	if err != nil || managedByArgo(object, old) {
		return admission.Allowed(""), err
	}
	record, had := old.Annotations[v1alpha1.AnnotationSwitched]
	switch {
	case !maps.Equal(object.Spec.Selector, old.Spec.Selector):
		if record, err = w.facts.Switched(ctx, object, old); err != nil {
			return admission.Response{}, err
		}
	case !had:
		return admission.Allowed(""), nil
	}
	return w.recorded(r, object, record)
}

// recorded patches an object so that it has this record, or none.
func (w *Webhooks) recorded(r *review, object *corev1.Service, record string) (admission.Response, error) {
	if claimed, has := object.Annotations[v1alpha1.AnnotationSwitched]; claimed == record && has == (record != "") {
		return admission.Allowed(""), nil
	}
	content, err := decodeContent(r.Object.Raw)
	if err != nil {
		return admission.Response{}, err
	}
	if record == "" {
		err = unannotate(content, v1alpha1.AnnotationSwitched)
	} else {
		err = annotate(content, v1alpha1.AnnotationSwitched, record)
	}
	if err != nil {
		return admission.Response{}, err
	}
	return patched(r, content)
}

func unannotate(content *unstructured.Unstructured, key string) error {
	annotations, _, err := unstructured.NestedStringMap(content.Object, "metadata", "annotations")
	if err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	delete(annotations, key)
	return unstructured.SetNestedStringMap(content.Object, annotations, "metadata", "annotations")
}
