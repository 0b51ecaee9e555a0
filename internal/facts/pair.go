package facts

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// Selects says whether a Service routes to pods with these labels.
func Selects(service *corev1.Service, pod map[string]string) bool {
	return routes(service) && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod))
}

// Pairs says whether a Service would route to pods with these labels if its
// selector had no color: whether they are one side of its application.
func Pairs(service *corev1.Service, pod map[string]string) bool {
	return routes(service) && labels.SelectorFromSet(colorless(service.Spec.Selector)).Matches(labels.Set(pod))
}

// routes excludes Services whose selector means nothing, and those that Argo
// Rollouts moves.
func routes(service *corev1.Service) bool {
	return len(service.Spec.Selector) > 0 && service.Spec.Type != corev1.ServiceTypeExternalName && !ArgoManaged(service)
}

// argoSelector is the key that Argo Rollouts puts into the selector of each
// Service it moves.
const argoSelector = "rollouts-pod-template-hash"

// ArgoManaged says that Argo Rollouts moves a Service. Its annotation alone does
// not say so: anybody may write that on a coloured Service and leave every check.
func ArgoManaged(service *corev1.Service) bool {
	_, moved := service.Spec.Selector[argoSelector]
	_, colored := service.Spec.Selector[v1alpha1.LabelColor]
	return moved && !colored && service.Annotations[v1alpha1.AnnotationArgoRollouts] != ""
}

// colorless returns the selector without its color. A selector of nothing but a
// color stays as it is: without it, it would match the whole namespace.
func colorless(selector map[string]string) map[string]string {
	rest := make(map[string]string, len(selector))
	for key, value := range selector {
		if key != v1alpha1.LabelColor {
			rest[key] = value
		}
	}
	if len(rest) == 0 {
		return selector
	}
	return rest
}

// CarriesTraffic says that a Service has no role beside live traffic.
func CarriesTraffic(service *corev1.Service) bool {
	switch service.Labels[v1alpha1.LabelRole] {
	case v1alpha1.RolePreview, v1alpha1.RoleMetrics:
		return false
	default:
		return true
	}
}

// Pinnable says whether a Service may be given a color: it routes live traffic by
// a selector that has none.
func Pinnable(service *corev1.Service) bool {
	_, has := service.Spec.Selector[v1alpha1.LabelColor]
	return !has && routes(service) && CarriesTraffic(service)
}

// IdleColor returns the color that a new side of the pair takes: the other of
// what its live Service pins; without one, the other of the only color that is
// there; the zero value when nothing tells.
func (f Facts) IdleColor() color.Color {
	for _, service := range f.Services {
		if live, ok := color.Parse(service.Color); ok && service.Role == "" {
			return live.Other()
		}
	}
	only := color.Color("")
	for _, side := range f.Pair {
		present, ok := color.Parse(side.Color)
		if !ok || (only != "" && present != only) {
			return ""
		}
		only = present
	}
	return only.Other()
}

func serviceFact(service *corev1.Service) Service {
	fact := Service{
		Name: service.Name, Color: service.Spec.Selector[v1alpha1.LabelColor], Selector: service.Spec.Selector,
		SessionAffinity: string(service.Spec.SessionAffinity),
	}
	if !CarriesTraffic(service) {
		fact.Role = service.Labels[v1alpha1.LabelRole]
	}
	return fact
}

func deploymentFact(deployment *appsv1.Deployment, live bool) Deployment {
	labels, pod := deployment.Spec.Template.Labels, &deployment.Spec.Template.Spec
	return Deployment{
		Name: deployment.Name, Color: labels[v1alpha1.LabelColor], Version: Version(labels), Live: live,
		References: references(pod.Containers), Secrets: secrets(pod), Settings: settings(pod.Containers),
		Claims: claimNames(pod), Images: images(deployment),
		Declined: deployment.Annotations[v1alpha1.AnnotationBlueGreen] == v1alpha1.BlueGreenDisabled,
	}
}

// images are those that become a fact: of a Deployment without a color.
func images(deployment *appsv1.Deployment) []Image {
	found := []Image{}
	if deployment.Spec.Template.Labels[v1alpha1.LabelColor] != "" {
		return found
	}
	for i := range deployment.Spec.Template.Spec.Containers {
		container := &deployment.Spec.Template.Spec.Containers[i]
		found = append(found, Image{Container: container.Name, Image: container.Image})
	}
	return found
}

// Version reads the version of pods from their labels; the recommended label
// counts before the short one.
func Version(pod map[string]string) string {
	if version := pod[v1alpha1.LabelVersion]; version != "" {
		return version
	}
	return pod[v1alpha1.LabelVersionShort]
}

// Kinds of what a variable is read from.
const (
	kindSecret    = "Secret"
	kindConfigMap = "ConfigMap"
)

func references(containers []corev1.Container) []Reference {
	found := []Reference{}
	for _, container := range containers {
		for i := range container.Env {
			if reference, is := referenceOf(&container.Env[i]); is {
				reference.Container = container.Name
				found = append(found, reference)
			}
		}
	}
	return found
}

// referenceOf leaves the container open.
func referenceOf(env *corev1.EnvVar) (Reference, bool) {
	if env.ValueFrom == nil {
		return Reference{}, false
	}
	switch from := env.ValueFrom; {
	case from.SecretKeyRef != nil:
		return Reference{Env: env.Name, Kind: kindSecret, Name: from.SecretKeyRef.Name, Key: from.SecretKeyRef.Key}, true
	case from.ConfigMapKeyRef != nil:
		return Reference{Env: env.Name, Kind: kindConfigMap, Name: from.ConfigMapKeyRef.Name, Key: from.ConfigMapKeyRef.Key}, true
	default:
		return Reference{}, false
	}
}
