package facts

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Bounds of live reads of a whole namespace. Past them nothing is decided: what is left
// out could be what counts.
const (
	maxPages           = 5
	servicesPerPage    = 1000
	deploymentsPerPage = 200 // They are large.
)

// liveServices reads all Services of a namespace.
func (g *Gatherer) liveServices(ctx context.Context, namespace string) ([]corev1.Service, error) {
	var found []corev1.Service
	err := pages(ctx, g.live, namespace, "Services", servicesPerPage, func(list *corev1.ServiceList) {
		found = append(found, list.Items...)
	})
	return found, err
}

// liveDeployments reads the Deployments of a namespace with the labels that are asked for.
func (g *Gatherer) liveDeployments(ctx context.Context, namespace string, which client.ListOption) ([]*appsv1.Deployment, error) {
	var found []*appsv1.Deployment
	err := pages(ctx, g.live, namespace, "Deployments with a color", deploymentsPerPage, func(list *appsv1.DeploymentList) {
		found = append(found, pointers(list.Items)...)
	}, which)
	return found, err
}

// pages reads a list page by page, each into a list of its own.
func pages[T any, L interface {
	*T
	client.ObjectList
}](ctx context.Context, live client.Reader, namespace, what string, size int64, visit func(L), which ...client.ListOption) error {
	more := ""
	for range maxPages {
		list := L(new(T))
		options := append([]client.ListOption{client.InNamespace(namespace), client.Limit(size), client.Continue(more)}, which...)
		if err := live.List(ctx, list, options...); err != nil {
			return fmt.Errorf("reading the %s of namespace %s: %w", what, namespace, err)
		}
		visit(list)
		if more = list.GetContinue(); more == "" {
			return nil
		}
	}
	return fmt.Errorf("namespace %s has more than %d %s", namespace, maxPages*size, what)
}
