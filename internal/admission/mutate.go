package admission

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// mutate adds what is absent and changes nothing that is there; asked twice it
// answers the second time without a patch.
func (w *Webhooks) mutate(ctx context.Context, r *review) (admission.Response, error) {
	switch r.Kind.Kind {
	case kindDeployment:
		return w.colorDeployment(ctx, r)
	case kindService:
		return w.colorService(ctx, r)
	default:
		return admission.Allowed(""), nil
	}
}

// colorDeployment gives a new Deployment its color, keeps the one that a stored
// selector has, and records who deployed.
func (w *Webhooks) colorDeployment(ctx context.Context, r *review) (admission.Response, error) {
	object, old, err := r.deployments()
	if err != nil {
		return admission.Response{}, err
	}
	content, err := decodeContent(r.Object.Raw)
	if err != nil {
		return admission.Response{}, err
	}
	var warnings []string
	if takesColor(object) {
		c, from, err := w.chooseColor(ctx, object, old)
		if err != nil {
			return admission.Response{}, err
		}
		if paint(content, object, old, c) && old == nil {
			warnings = append(warnings, message.Colored(r.language, r.object(), c, from))
		}
	}
	if err := recordDeployer(content, object, old, r.UserInfo.Username); err != nil {
		return admission.Response{}, err
	}
	return patched(r, content, warnings...)
}

// takesColor excludes pods without traffic and who declined.
func takesColor(deployment *appsv1.Deployment) bool {
	return deployment.Spec.Template.Annotations[v1alpha1.AnnotationTraffic] != v1alpha1.TrafficNone &&
		deployment.Annotations[v1alpha1.AnnotationBlueGreen] != v1alpha1.BlueGreenDisabled
}

// chooseColor takes, in this order: what the stored selector has, the object's
// own label, its name's suffix, the idle color of its pair, blue.
func (w *Webhooks) chooseColor(ctx context.Context, object, old *appsv1.Deployment) (color.Color, message.ColorFrom, error) {
	if old != nil {
		if c, ok := color.Parse(selectorColor(old)); ok {
			return c, message.ColorFromLabel, nil
		}
	}
	for _, own := range []string{
		selectorColor(object), object.Spec.Template.Labels[v1alpha1.LabelColor], object.Labels[v1alpha1.LabelColor],
	} {
		if c, ok := color.Parse(own); ok {
			return c, message.ColorFromLabel, nil
		}
	}
	if c, ok := color.FromName(object.Name); ok {
		return c, message.ColorFromName, nil
	}
	around, err := w.facts.ForDeployment(ctx, object)
	if err != nil {
		return "", 0, err
	}
	if c := around.IdleColor(); c != "" {
		return c, message.ColorIdle, nil
	}
	return color.Blue, message.ColorFirst, nil
}

func selectorColor(deployment *appsv1.Deployment) string {
	if deployment.Spec.Selector == nil {
		return ""
	}
	return deployment.Spec.Selector.MatchLabels[v1alpha1.LabelColor]
}

// paint adds the color where it is absent and may be, and says whether it added
// any. A stored selector cannot change; a pod template that had no color is only
// touched when it changes anyway, so that no rollout is caused here.
func paint(content *unstructured.Unstructured, object, old *appsv1.Deployment, c color.Color) bool {
	added := addLabel(content, c, "metadata", "labels")
	if old == nil || selectorColor(old) != "" {
		added = addLabel(content, c, "spec", "selector", "matchLabels") || added
	}
	if old == nil || old.Spec.Template.Labels[v1alpha1.LabelColor] != "" || templateChanged(object, old) {
		added = addLabel(content, c, "spec", "template", "metadata", "labels") || added
	}
	return added
}

// addLabel adds the color to a map of labels. An error means that the object has
// something else in the map's place, which the API server refuses by itself.
func addLabel(content *unstructured.Unstructured, c color.Color, path ...string) bool {
	labels, _, err := unstructured.NestedMap(content.Object, path...)
	if err != nil || labels[v1alpha1.LabelColor] != nil {
		return false
	}
	if labels == nil {
		labels = map[string]any{}
	}
	labels[v1alpha1.LabelColor] = string(c)
	return unstructured.SetNestedMap(content.Object, labels, path...) == nil
}

func templateChanged(object, old *appsv1.Deployment) bool {
	return !apiequality.Semantic.DeepEqual(object.Spec.Template, old.Spec.Template)
}

// recordDeployer writes who changes the pod template, and otherwise keeps what
// is recorded.
func recordDeployer(content *unstructured.Unstructured, object, old *appsv1.Deployment, user string) error {
	deployer := user
	if old != nil {
		same := object.Spec.Template.DeepCopy()
		// The color that was added above is no change of the user's.
		if c, ok := old.Spec.Template.Labels[v1alpha1.LabelColor]; ok && same.Labels[v1alpha1.LabelColor] == "" {
			if same.Labels == nil {
				same.Labels = map[string]string{}
			}
			same.Labels[v1alpha1.LabelColor] = c
		}
		if apiequality.Semantic.DeepEqual(*same, old.Spec.Template) {
			deployer = old.Annotations[v1alpha1.AnnotationDeployedBy]
		}
	}
	if deployer == "" {
		return nil
	}
	annotations, _, err := unstructured.NestedStringMap(content.Object, "metadata", "annotations")
	if err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationDeployedBy] = deployer
	return unstructured.SetNestedStringMap(content.Object, annotations, "metadata", "annotations")
}

// colorService pins a new Service to the color of its pods when all have the
// same. Without pods it stays as it is: a StatefulSet may follow, and the
// controller pins it once the pods of one color serve.
func (w *Webhooks) colorService(ctx context.Context, r *review) (admission.Response, error) {
	object, _, err := r.services()
	if err != nil {
		return admission.Response{}, err
	}
	if r.Operation != admissionv1.Create || !facts.Pinnable(object) {
		return admission.Allowed(""), nil
	}
	c, ok, err := w.facts.OnlyColor(ctx, r.Namespace, object.Spec.Selector)
	if err != nil || !ok {
		return admission.Allowed(""), err
	}
	return w.pin(r, c, message.Pinned(r.language, r.object(), c))
}

// restore gives a Service back the color that an update took from its selector:
// a forced server-side apply of a manifest that does not mention it would make
// both colors serve.
func (w *Webhooks) restore(_ context.Context, r *review) (admission.Response, error) {
	if r.Kind.Kind != kindService || r.Operation != admissionv1.Update {
		return admission.Allowed(""), nil
	}
	object, old, err := r.services()
	if err != nil {
		return admission.Response{}, err
	}
	c, pinned := color.Parse(old.Spec.Selector[v1alpha1.LabelColor])
	if !pinned || !lostColor(object) {
		return admission.Allowed(""), nil
	}
	return w.pin(r, c)
}

// lostColor says that a selector of other keys is left without a color. An empty
// one is not restored: a color alone would select the whole namespace.
func lostColor(service *corev1.Service) bool {
	_, has := service.Spec.Selector[v1alpha1.LabelColor]
	return !has && len(service.Spec.Selector) > 0 && service.Annotations[v1alpha1.AnnotationArgoRollouts] == ""
}

func (w *Webhooks) pin(r *review, c color.Color, warnings ...string) (admission.Response, error) {
	content, err := decodeContent(r.Object.Raw)
	if err != nil {
		return admission.Response{}, err
	}
	addLabel(content, c, "spec", "selector")
	return patched(r, content, warnings...)
}

// decodeContent keeps integers as they are; encoding/json would make floats of them.
func decodeContent(raw []byte) (*unstructured.Unstructured, error) {
	content := map[string]any{}
	if err := utiljson.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	return &unstructured.Unstructured{Object: content}, nil
}
