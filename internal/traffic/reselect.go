package traffic

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// TemplateHash is the label by which Kubernetes tells the pods of one template of a
// Deployment from those of another.
const TemplateHash = appsv1.DefaultDeploymentUniqueLabelKey

// Unpin takes the color out of the selector of a Service, provided that it is still the
// very version in service, and adds annotations in the same write. Where tealgate guards
// the Service it gives the color back, unless the annotations break the glass. Like Move
// it leaves tealgate owning nothing.
func Unpin(ctx context.Context, c client.Client, service *corev1.Service, annotations map[string]string) error {
	return without(ctx, c, service, v1alpha1.LabelColor, annotations)
}

// Narrow makes a Service select the pods of one template of a Deployment only. Otherwise
// like Unpin.
func Narrow(ctx context.Context, c client.Client, service *corev1.Service, hash string, annotations map[string]string) error {
	selector := maps.Clone(service.Spec.Selector)
	selector[TemplateHash] = hash
	return reselect(ctx, c, service, selector, annotations)
}

// Widen takes that back.
func Widen(ctx context.Context, c client.Client, service *corev1.Service, annotations map[string]string) error {
	return without(ctx, c, service, TemplateHash, annotations)
}

func without(ctx context.Context, c client.Client, service *corev1.Service, key string, annotations map[string]string) error {
	selector := maps.Clone(service.Spec.Selector)
	delete(selector, key)
	if len(selector) == 0 {
		return fmt.Errorf("take %s from %s/%s: nothing would be left: %w", key, service.Namespace, service.Name, ErrNoSelector)
	}
	return reselect(ctx, c, service, selector, annotations)
}

func reselect(ctx context.Context, c client.Client, service *corev1.Service, selector, annotations map[string]string) error {
	all := maps.Clone(service.Annotations)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, annotations)
	left := service.DeepCopy()
	err := patch(ctx, c, left, []operation{
		{Op: "test", Path: "/metadata/resourceVersion", Value: service.ResourceVersion},
		{Op: "add", Path: "/metadata/annotations", Value: all},
		{Op: "replace", Path: "/spec/selector", Value: selector},
	})
	if err != nil {
		return fmt.Errorf("change what %s/%s selects: %w", service.Namespace, service.Name, err)
	}
	return Disown(ctx, c, left)
}
