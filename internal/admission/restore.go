package admission

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// restore gives a Service back the color that an update took from its selector:
// a forced server-side apply of a manifest that does not mention it would make
// both colors serve. Git is meant not to mention it, and hears nothing each time; who
// takes it out by hand is told.
func (w *Webhooks) restore(_ context.Context, r *review) (admission.Response, error) {
	if r.Kind.Kind != kindService || r.Operation != admissionv1.Update {
		return admission.Allowed(""), nil
	}
	object, old, err := r.services()
	if err != nil {
		return admission.Response{}, err
	}
	c, pinned := color.Parse(old.Spec.Selector[v1alpha1.LabelColor])
	if !pinned || !lostColor(object, old) {
		return admission.Allowed(""), nil
	}
	if onlyColor(object, old) && byHand(r.Options.Raw) {
		return w.pin(r, c, message.Kept(r.language, r.object(), c))
	}
	return w.pin(r, c)
}

// onlyColor says that the selector loses nothing else. Otherwise the rules have something to
// say, and a warning would stand above it.
func onlyColor(object, old *corev1.Service) bool {
	rest := maps.Clone(old.Spec.Selector)
	delete(rest, v1alpha1.LabelColor)
	return maps.Equal(rest, object.Spec.Selector)
}

// byHand says that a person types the change and not a manifest, by the name under which
// kubectl writes unless it is told another.
func byHand(options []byte) bool {
	var written struct {
		FieldManager string `json:"fieldManager"`
	}
	if err := json.Unmarshal(options, &written); err != nil {
		return false
	}
	return slices.Contains([]string{"kubectl-set", "kubectl-patch", "kubectl-edit"}, written.FieldManager)
}

// lostColor says that a selector of other keys is left without a color. An empty
// one is not restored: a color alone would select the whole namespace.
func lostColor(object, old *corev1.Service) bool {
	_, has := object.Spec.Selector[v1alpha1.LabelColor]
	return !has && len(object.Spec.Selector) > 0 && !managedByArgo(object, old)
}

func (w *Webhooks) pin(r *review, c color.Color, warnings ...string) (admission.Response, error) {
	content, err := decodeContent(r.Object.Raw)
	if err != nil {
		return admission.Response{}, err
	}
	addLabel(content, c, "spec", "selector")
	return patched(r, content, warnings...)
}
