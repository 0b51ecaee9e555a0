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

// maxInventory bounds how many Deployments of a namespace are looked at.
const maxInventory = 500

// Inventory is what stands in a namespace, and the facts around each Deployment, as the
// cache had them at one moment. The Deployments themselves are read live, because rules
// are asked about them and may read any field: one live read, and one at most of the
// claims, where the colors of a pair share some. ConfigMaps stay unknown, because nothing
// that denies depends on them. It is not safe for concurrent use.
type Inventory struct {
	*Gatherer

	// Deployments are those that are there to stay, by name, the first maxInventory.
	Deployments []*appsv1.Deployment
	// Of is how many there are.
	Of int

	snapshot *Snapshot
}

// Inventory lists a namespace.
func (g *Gatherer) Inventory(ctx context.Context, namespace string) (*Inventory, error) {
	deployments, err := g.cachedDeployments(ctx, namespace)
	if err != nil {
		return nil, err
	}
	services, err := g.cachedServices(ctx, namespace)
	if err != nil {
		return nil, err
	}
	var now appsv1.DeploymentList
	if err := g.live.List(ctx, &now, client.InNamespace(namespace), client.Limit(maxInventory)); err != nil {
		return nil, fmt.Errorf("reading the Deployments of namespace %s: %w", namespace, err)
	}
	return NewInventory(g.live, pointers(now.Items), deployments, services), nil
}

// NewInventory makes one of Deployments to judge, and of all Deployments and Services of
// their namespace as a cache has them. Claims are read from live.
func NewInventory(live client.Reader, judged, around []*appsv1.Deployment, services []*corev1.Service) *Inventory {
	i := &Inventory{Gatherer: New(Options{Live: &claimsOnce{Reader: live}}), snapshot: NewSnapshot()}
	for _, service := range services {
		i.snapshot.AddService(service)
	}
	for _, deployment := range staying(around) {
		i.snapshot.AddDeployment(deployment)
		i.Of++
	}
	for _, deployment := range staying(judged) {
		i.Deployments = append(i.Deployments, named(deployment))
	}
	slices.SortFunc(i.Deployments, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	i.Of = max(i.Of, len(i.Deployments))
	i.Deployments = i.Deployments[:min(len(i.Deployments), maxInventory)]
	return i
}

// staying leaves out what is about to go.
func staying(deployments []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(d *appsv1.Deployment) bool { return d.DeletionTimestamp != nil })
}

// named says of what comes from a list, or a Get, what it is.
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
	claims []corev1.PersistentVolumeClaim
}

// List implements client.Reader. It answers with all pages as one.
func (o *claimsOnce) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	claims, ok := list.(*corev1.PersistentVolumeClaimList)
	if !ok {
		return fmt.Errorf("%T is not read for an inventory", list)
	}
	if !o.known {
		asked := (&client.ListOptions{}).ApplyOptions(options)
		var all []corev1.PersistentVolumeClaim
		_, err := pages(ctx, o.Reader, asked.Namespace, persistentVolumeClaims, claimsPerPage, func(page *corev1.PersistentVolumeClaimList) {
			all = append(all, page.Items...)
		})
		if err != nil {
			return err
		}
		o.claims, o.known = all, true
	}
	claims.Items = o.claims
	return nil
}
