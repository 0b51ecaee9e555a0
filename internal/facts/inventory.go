package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Inventory is what stands in a namespace, as the cache had it at one moment, and the
// facts around each Deployment. It costs one live read at most, of the claims, where
// the colors of a pair share some. ConfigMaps stay unknown, because nothing that
// denies depends on them. It is not safe for concurrent use.
type Inventory struct {
	*Gatherer

	// Deployments are those that are there to stay, by name. They are shared with the
	// cache: they must not be changed.
	Deployments []*appsv1.Deployment

	snapshot *Snapshot
}

// Inventory lists a namespace.
func (g *Gatherer) Inventory(ctx context.Context, namespace string) (*Inventory, error) {
	var deployments appsv1.DeploymentList
	if err := g.cached.List(ctx, &deployments, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Deployments of namespace %s: %w", namespace, err)
	}
	var services corev1.ServiceList
	if err := g.cached.List(ctx, &services, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Services of namespace %s: %w", namespace, err)
	}
	return NewInventory(g.live, pointers(deployments.Items), pointers(services.Items)), nil
}

// NewInventory makes one of all Deployments and Services of a namespace. Claims are
// read from live.
func NewInventory(live client.Reader, deployments []*appsv1.Deployment, services []*corev1.Service) *Inventory {
	i := &Inventory{Gatherer: New(Options{Live: &claimsOnce{Reader: live}}), snapshot: NewSnapshot()}
	for _, service := range services {
		i.snapshot.AddService(service)
	}
	for _, deployment := range deployments {
		if deployment.DeletionTimestamp == nil {
			i.Deployments = append(i.Deployments, named(deployment))
		}
	}
	slices.SortFunc(i.Deployments, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	for _, deployment := range i.Deployments {
		i.snapshot.AddDeployment(deployment)
	}
	return i
}

// named says of what comes from a cache what it is.
func named(deployment *appsv1.Deployment) *appsv1.Deployment {
	typed := *deployment
	typed.TypeMeta = metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"}
	return &typed
}

// ForDeployment looks into the inventory.
func (i *Inventory) ForDeployment(_ context.Context, deployment *appsv1.Deployment) (Facts, error) {
	return i.snapshot.Around(deployment), nil
}

// ManagedPods knows no BlueGreens: they work where a namespace is in enforce already, and
// an inventory is of one that is not.
func (i *Inventory) ManagedPods(context.Context, string, map[string]string) (Managed, error) {
	return Managed{}, nil
}

// ManagedService is like ManagedPods.
func (i *Inventory) ManagedService(context.Context, string, string) (Managed, error) {
	return Managed{}, nil
}

// Attached adds the claims that are shared with the pair.
func (i *Inventory) Attached(ctx context.Context, deployment, _ *appsv1.Deployment, gathered Facts) (Facts, error) {
	return i.shared(ctx, deployment, gathered)
}

// claimsOnce reads the claims of a namespace once. Nothing else is read through it.
type claimsOnce struct {
	client.Reader

	known  bool
	claims corev1.PersistentVolumeClaimList
}

// List implements client.Reader.
func (o *claimsOnce) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	claims, ok := list.(*corev1.PersistentVolumeClaimList)
	if !ok {
		return fmt.Errorf("%T is not read for an inventory", list)
	}
	if !o.known {
		if err := o.Reader.List(ctx, &o.claims, options...); err != nil {
			return err
		}
		o.known = true
	}
	*claims = o.claims
	return nil
}
