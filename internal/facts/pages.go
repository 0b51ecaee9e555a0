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
	claimsPerPage      = 1000
	deploymentsPerPage = 200 // They are large.
)

// persistentVolumeClaims is what errors call them.
const persistentVolumeClaims = "PersistentVolumeClaims"

// liveServices reads all Services of a namespace, and says in how many reads.
func (g *Gatherer) liveServices(ctx context.Context, namespace string) ([]*corev1.Service, int, error) {
	var found []*corev1.Service
	reads, err := pages(ctx, g.live, namespace, "Services", servicesPerPage, func(list *corev1.ServiceList) {
		found = append(found, pointers(list.Items)...)
	})
	return found, reads, err
}

// liveDeployments reads the Deployments of a namespace with the labels that are asked for,
// and says in how many reads.
func (g *Gatherer) liveDeployments(ctx context.Context, namespace string, which client.ListOption) ([]*appsv1.Deployment, int, error) {
	var found []*appsv1.Deployment
	reads, err := pages(ctx, g.live, namespace, "Deployments with a color", deploymentsPerPage, func(list *appsv1.DeploymentList) {
		found = append(found, pointers(list.Items)...)
	}, which)
	return found, reads, err
}

// pages reads a list page by page, each into a list of its own, and counts them.
func pages[T any, L interface {
	*T
	client.ObjectList
}](ctx context.Context, live client.Reader, namespace, what string, size int64, visit func(L), which ...client.ListOption) (int, error) {
	more := ""
	for page := range maxPages {
		list := L(new(T))
		options := append([]client.ListOption{client.InNamespace(namespace), client.Limit(size), client.Continue(more)}, which...)
		if err := live.List(ctx, list, options...); err != nil {
			return 0, fmt.Errorf("reading the %s of namespace %s: %w", what, namespace, err)
		}
		visit(list)
		if more = list.GetContinue(); more == "" {
			return page + 1, nil
		}
	}
	return 0, fmt.Errorf("namespace %s has more than %d %s", namespace, maxPages*size, what)
}
