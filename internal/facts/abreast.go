package facts

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// Abreast brings up to date what decides whether a Deployment that gets pods with a color
// is the second behind a Service that names none. In one apply the Service, the first
// color and the second come within milliseconds, and the cache is behind all three. A
// Service that is pinned, as the cache has it, needs no look. Two live reads, more only
// where a namespace fills more than a page.
func (g *Gatherer) Abreast(ctx context.Context, deployment *appsv1.Deployment, gathered Facts) (Facts, error) {
	c, colored := color.Parse(deployment.Spec.Template.Labels[v1alpha1.LabelColor])
	if !colored || pinned(gathered.Services) {
		return gathered, nil
	}
	services, reads, err := g.liveServices(ctx, deployment.Namespace)
	if err != nil {
		return Facts{}, err
	}
	gathered.Reads += reads
	around := NewAround(deployment, services)
	var deployments []*appsv1.Deployment
	if around.NeedsOthers() {
		if deployments, err = g.cachedDeployments(ctx, deployment.Namespace); err != nil {
			return Facts{}, err
		}
	}
	now := around.Facts(deployments)
	if len(now.Services) > 0 && !pinned(now.Services) {
		others, reads, err := g.liveDeployments(ctx, deployment.Namespace, client.MatchingLabels{v1alpha1.LabelColor: string(c.Other())})
		if err != nil {
			return Facts{}, err
		}
		gathered.Reads += reads
		now = around.Facts(append(others, withoutColorOf(deployments, c.Other())...))
	}
	gathered.Services, gathered.Pair = now.Services, now.Pair
	return gathered, nil
}

// pinned says that there are Services which carry traffic, and that each names a color.
func pinned(services []Service) bool {
	carrying := slices.DeleteFunc(slices.Clone(services), func(s Service) bool { return s.Role != "" })
	return len(carrying) > 0 && !slices.ContainsFunc(carrying, func(s Service) bool { return s.Color == "" })
}

func withoutColorOf(deployments []*appsv1.Deployment, c color.Color) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(d *appsv1.Deployment) bool {
		return d.Labels[v1alpha1.LabelColor] == string(c)
	})
}

// coming returns the colors of the Deployments whose pods a Service would select and that
// want any, each once, sorted. One live read: a Service that is applied right behind its
// Deployments comes before their pods, and before the cache has them.
func (g *Gatherer) coming(ctx context.Context, service *corev1.Service) ([]string, error) {
	deployments, _, err := g.liveDeployments(ctx, service.Namespace, client.HasLabels{v1alpha1.LabelColor})
	if err != nil {
		return nil, err
	}
	colors := []string{}
	for _, deployment := range wanted(service, deployments) {
		if c := deployment.Spec.Template.Labels[v1alpha1.LabelColor]; !slices.Contains(colors, c) {
			colors = append(colors, c)
		}
	}
	slices.Sort(colors)
	return colors, nil
}

// wanted are the Deployments with a color that want pods which a Service selects.
func wanted(service *corev1.Service, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		template, replicas := deployment.Spec.Template, deployment.Spec.Replicas
		return deployment.DeletionTimestamp != nil || (replicas != nil && *replicas == 0) ||
			template.Labels[v1alpha1.LabelColor] == "" || !Selects(service, template.Labels) ||
			template.Annotations[v1alpha1.AnnotationTraffic] == v1alpha1.TrafficNone
	})
}

// First returns the color that stands longest behind a Service, of two that want pods
// there; blue if both are as old. It returns false where there are not two.
func First(service *corev1.Service, deployments []appsv1.Deployment) (color.Color, bool) {
	oldest := map[color.Color]*appsv1.Deployment{}
	for _, deployment := range wanted(service, pointers(deployments)) {
		c, ok := color.Parse(deployment.Spec.Template.Labels[v1alpha1.LabelColor])
		if !ok {
			return "", false
		}
		if oldest[c] == nil || deployment.CreationTimestamp.Before(&oldest[c].CreationTimestamp) {
			oldest[c] = deployment
		}
	}
	blue, green := oldest[color.Blue], oldest[color.Green]
	switch {
	case blue == nil || green == nil:
		return "", false
	case green.CreationTimestamp.Before(&blue.CreationTimestamp):
		return color.Green, true
	default:
		return color.Blue, true
	}
}

// cachedDeployments are shared with the cache, which has no more of each than Projection keeps.
func (g *Gatherer) cachedDeployments(ctx context.Context, namespace string) ([]*appsv1.Deployment, error) {
	var list appsv1.DeploymentList
	if err := g.cached.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Deployments of namespace %s: %w", namespace, err)
	}
	return pointers(list.Items), nil
}

// cachedServices are like cachedDeployments.
func (g *Gatherer) cachedServices(ctx context.Context, namespace string) ([]*corev1.Service, error) {
	var list corev1.ServiceList
	if err := g.cached.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Services of namespace %s: %w", namespace, err)
	}
	return pointers(list.Items), nil
}
