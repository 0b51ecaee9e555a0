package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// maxBehind bounds how many Deployments are looked at behind one Service: both
// colors, and one that should not be there.
const maxBehind = 3

// Behind is a Deployment that a new Service selects, with its own facts.
type Behind struct {
	// Deployment is shared with the cache: it must not be changed.
	Deployment *appsv1.Deployment
	Facts      Facts
}

// Behind returns the Deployments whose pods a Service would select, the first ones
// by name, with the facts that they would have if the Service stood there. All come
// from the cache, except for claims that one of them shares with its pair: a live
// read for each such Deployment, none where nothing is shared. ConfigMaps stay
// unknown, because nothing that denies depends on them.
func (g *Gatherer) Behind(ctx context.Context, service *corev1.Service) ([]Behind, error) {
	if !routes(service) {
		return nil, nil
	}
	var deployments appsv1.DeploymentList
	if err := g.cached.List(ctx, &deployments, client.InNamespace(service.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Deployments of namespace %s: %w", service.Namespace, err)
	}
	selected := selectedBy(service, pointers(deployments.Items))
	if len(selected) == 0 {
		return nil, nil
	}
	var services corev1.ServiceList
	if err := g.cached.List(ctx, &services, client.InNamespace(service.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Services of namespace %s: %w", service.Namespace, err)
	}
	beside := append(pointers(services.Items), service)
	found := make([]Behind, len(selected))
	for i, deployment := range selected {
		gathered, err := g.shared(ctx, deployment, NewAround(deployment, beside).Facts(pointers(deployments.Items)))
		if err != nil {
			return nil, err
		}
		found[i] = Behind{deployment, gathered}
	}
	return found, nil
}

// selectedBy leaves out what is about to go, and what declares that no Service may
// select it: of that the Service itself is told.
func selectedBy(service *corev1.Service, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	selected := slices.DeleteFunc(deployments, func(deployment *appsv1.Deployment) bool {
		template := deployment.Spec.Template
		return deployment.DeletionTimestamp != nil || !Selects(service, template.Labels) ||
			template.Annotations[v1alpha1.AnnotationTraffic] == v1alpha1.TrafficNone
	})
	slices.SortFunc(selected, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	selected = selected[:min(len(selected), maxBehind)]
	for i, deployment := range selected {
		selected[i] = named(deployment)
	}
	return selected
}
