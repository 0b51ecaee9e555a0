package admission

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	if left, err := r.unmanaged(); err != nil || left {
		return admission.Allowed(""), err
	}
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
	content, err := w.colored(ctx, r)
	if err != nil {
		return admission.Response{}, err
	}
	return patched(r, content)
}

// colored returns the Deployment under review as it is to be. Why a new one got
// its color is recorded: the user is told by the entry that validates, which
// knows whether the Deployment comes to be.
func (w *Webhooks) colored(ctx context.Context, r *review) (*unstructured.Unstructured, error) {
	object, old, err := r.deployments()
	if err != nil {
		return nil, err
	}
	content, err := decodeContent(r.Object.Raw)
	if err != nil {
		return nil, err
	}
	if takesColor(object) || keepsColor(old) {
		c, from, err := w.chooseColor(ctx, object, old)
		if err != nil {
			return nil, err
		}
		if paint(content, object, old, c) && old == nil {
			if err := annotate(content, v1alpha1.AnnotationColorFrom, string(from)); err != nil {
				return nil, err
			}
		}
	}
	return content, recordDeployer(content, object, old, r.UserInfo.Username)
}

// takesColor excludes pods without traffic and who declined.
func takesColor(deployment *appsv1.Deployment) bool {
	return deployment.Spec.Template.Annotations[v1alpha1.AnnotationTraffic] != v1alpha1.TrafficNone &&
		deployment.Annotations[v1alpha1.AnnotationBlueGreen] != v1alpha1.BlueGreenDisabled
}

// keepsColor says that the stored selector has a color. It cannot change any more,
// whatever the object declares now.
func keepsColor(old *appsv1.Deployment) bool { return old != nil && selectorColor(old) != "" }

// chooseColor takes, in this order: what the stored selector has, the object's
// own label, the stored pods' label, its name's suffix, the idle color of its
// pair, blue.
func (w *Webhooks) chooseColor(ctx context.Context, object, old *appsv1.Deployment) (color.Color, message.ColorFrom, error) {
	named := []string{
		selectorColor(object), object.Spec.Template.Labels[v1alpha1.LabelColor], object.Labels[v1alpha1.LabelColor],
	}
	if old != nil {
		named = slices.Concat([]string{selectorColor(old)}, named, []string{old.Spec.Template.Labels[v1alpha1.LabelColor]})
	}
	for _, name := range named {
		if c, ok := color.Parse(name); ok {
			return c, message.ColorFromLabel, nil
		}
	}
	if c, ok := color.FromName(object.Name); ok {
		return c, message.ColorFromName, nil
	}
	around, err := w.facts.ForDeployment(ctx, object)
	if err != nil {
		return "", "", err
	}
	if c := around.IdleColor(); c != "" {
		return c, message.ColorFromPair, nil
	}
	return color.Blue, message.ColorFromFirst, nil
}

func selectorColor(deployment *appsv1.Deployment) string {
	if deployment.Spec.Selector == nil {
		return ""
	}
	return deployment.Spec.Selector.MatchLabels[v1alpha1.LabelColor]
}

// paint adds the color where it is absent and may be, and says whether it added
// any. A stored selector cannot change. A pod template gets back the color that it
// had, because another one would be a rollout; one that had none is only touched
// when it changes anyway.
func paint(content *unstructured.Unstructured, object, old *appsv1.Deployment, c color.Color) bool {
	added := addLabel(content, c, "metadata", "labels")
	if old == nil || selectorColor(old) != "" {
		added = addLabel(content, c, "spec", "selector", "matchLabels") || added
	}
	if old == nil || templateChanged(object, old) {
		if old != nil {
			if had, ok := color.Parse(old.Spec.Template.Labels[v1alpha1.LabelColor]); ok {
				c = had
			}
		}
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
	if old != nil && !templateChanged(painted(content, object), old) {
		deployer = old.Annotations[v1alpha1.AnnotationDeployedBy]
	}
	if deployer == "" {
		return nil
	}
	return annotate(content, v1alpha1.AnnotationDeployedBy, deployer)
}

func annotate(content *unstructured.Unstructured, key, value string) error {
	annotations, _, err := unstructured.NestedStringMap(content.Object, "metadata", "annotations")
	if err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	return unstructured.SetNestedStringMap(content.Object, annotations, "metadata", "annotations")
}

// painted is the object with the color that its pod template has in content.
func painted(content *unstructured.Unstructured, object *appsv1.Deployment) *appsv1.Deployment {
	c, found, err := unstructured.NestedString(content.Object, "spec", "template", "metadata", "labels", v1alpha1.LabelColor)
	if err != nil || !found {
		return object
	}
	object = object.DeepCopy()
	metav1.SetMetaDataLabel(&object.Spec.Template.ObjectMeta, v1alpha1.LabelColor, c)
	return object
}

// colorService pins a new Service to the color of its pods when all have the
// same. Without pods it stays as it is: a StatefulSet may follow, and the
// controller pins it once the pods of one color serve.
func (w *Webhooks) colorService(ctx context.Context, r *review) (admission.Response, error) {
	content, c, err := w.pinned(ctx, r)
	if err != nil {
		return admission.Response{}, err
	}
	if c == "" {
		return patched(r, content)
	}
	return patched(r, content, message.Pinned(r.language, r.object(), c))
}

// pinned returns the Service under review as it is to be, and the color that was added
// to its selector. A new one has not switched, whatever an old copy of it says.
func (w *Webhooks) pinned(ctx context.Context, r *review) (*unstructured.Unstructured, color.Color, error) {
	content, err := decodeContent(r.Object.Raw)
	if err != nil || r.Operation != admissionv1.Create {
		return content, "", err
	}
	if _, claims := content.GetAnnotations()[v1alpha1.AnnotationSwitched]; claims {
		if err := unannotate(content, v1alpha1.AnnotationSwitched); err != nil {
			return nil, "", err
		}
	}
	c, err := w.colorOfPods(ctx, r)
	if err != nil || c == "" {
		return content, "", err
	}
	addLabel(content, c, "spec", "selector")
	return content, c, nil
}

// colorOfPods returns the color that a new Service is to be pinned to, the zero
// value when it stays as it is.
func (w *Webhooks) colorOfPods(ctx context.Context, r *review) (color.Color, error) {
	object, _, err := r.services()
	if err != nil || !facts.Pinnable(object) {
		return "", err
	}
	c, ok, err := w.facts.OnlyColor(ctx, object)
	if err != nil || !ok {
		return "", err
	}
	return c, nil
}

// decodeContent keeps integers as they are; encoding/json would make floats of them.
func decodeContent(raw []byte) (*unstructured.Unstructured, error) {
	content := map[string]any{}
	if err := utiljson.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	return &unstructured.Unstructured{Object: content}, nil
}
