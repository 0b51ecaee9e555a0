package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// maxBehind bounds how many Deployments are looked at behind one Service: both
// colors, and one that should not be there.
const maxBehind = 3

// Behind is a Deployment that a new Service selects, with its own facts.
type Behind struct {
	Deployment *appsv1.Deployment
	Facts      Facts
}

// Behind returns the Deployments whose pods a Service would select, the first ones
// by name, with the facts that they would have if the Service stood there. Which ones
// the cache knows; they themselves are read live, because rules are asked about them and
// may read any field: one live read for each, and one for the claims where one of them
// shares any with its pair. ConfigMaps stay unknown, because nothing that denies depends
// on them.
func (g *Gatherer) Behind(ctx context.Context, service *corev1.Service) ([]Behind, error) {
	if !routes(service) {
		return nil, nil
	}
	deployments, err := g.cachedDeployments(ctx, service.Namespace)
	if err != nil {
		return nil, err
	}
	selected := selectedBy(service, deployments)
	if len(selected) == 0 {
		return nil, nil
	}
	services, err := g.cachedServices(ctx, service.Namespace)
	if err != nil {
		return nil, err
	}
	services = append(services, service)
	claims := New(Options{Live: &claimsOnce{Reader: g.live}})
	var found []Behind
	for _, known := range selected {
		deployment := &appsv1.Deployment{}
		err := g.live.Get(ctx, client.ObjectKeyFromObject(known), deployment)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading Deployment %s/%s: %w", known.Namespace, known.Name, err)
		}
		gathered, err := claims.shared(ctx, deployment, NewAround(deployment, services).Facts(deployments))
		if err != nil {
			return nil, err
		}
		found = append(found, Behind{named(deployment), gathered})
	}
	return found, nil
}

// selectedBy leaves out what is about to go, and what declares that no Service may
// select it: of that the Service itself is told.
func selectedBy(service *corev1.Service, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	selected := slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		template := deployment.Spec.Template
		return deployment.DeletionTimestamp != nil || !Selects(service, template.Labels) ||
			template.Annotations[v1alpha1.AnnotationTraffic] == v1alpha1.TrafficNone
	})
	slices.SortFunc(selected, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	return selected[:min(len(selected), maxBehind)]
}
