package facts

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// maxConfigMaps bounds one live read.
const maxConfigMaps = 1000

// Attached completes the facts of a Deployment by what its pods would be attached
// to: at most two live reads, and none when the pod template stays as it is. Old
// is nil on CREATE. The ConfigMaps, of which only a warning depends, are read as long as
// that is one of maxReads, and of an update one is left to ask whether it goes back.
func (g *Gatherer) Attached(ctx context.Context, deployment, old *appsv1.Deployment, gathered Facts) (Facts, error) {
	if old != nil && apiequality.Semantic.DeepEqual(deployment.Spec.Template, old.Spec.Template) {
		return gathered, nil
	}
	gathered, err := g.shared(ctx, deployment, gathered)
	if err != nil {
		return Facts{}, err
	}
	after := gathered
	if old != nil {
		after.Reads++
	}
	if named := namesConfigMaps(&deployment.Spec.Template.Spec); len(named) > 0 && after.Spare() {
		gathered.Config = g.config(ctx, deployment.Namespace, named)
		gathered.Reads++
	}
	return gathered, nil
}

// shared reads the claims that a Deployment has in common with its pair, if any.
func (g *Gatherer) shared(ctx context.Context, deployment *appsv1.Deployment, gathered Facts) (Facts, error) {
	shared := SharedClaims(deployment, gathered.Pair)
	if len(shared) == 0 {
		return gathered, nil
	}
	claims, reads, err := g.claims(ctx, deployment.Namespace, shared)
	gathered.Claims = claims
	gathered.Reads += reads
	return gathered, err
}

// SharedClaims are the names of the claims that a Deployment has in common with its
// pair. Only these become facts.
func SharedClaims(deployment *appsv1.Deployment, pair []Deployment) []string {
	return slices.DeleteFunc(claimNames(&deployment.Spec.Template.Spec), func(name string) bool {
		return !slices.ContainsFunc(pair, func(other Deployment) bool { return slices.Contains(other.Claims, name) })
	})
}

// config looks which ConfigMaps there are, by their metadata. Only a warning
// depends on it, so that a failure leaves it unknown and fails nothing.
func (g *Gatherer) config(ctx context.Context, namespace string, named map[string]bool) Config {
	var list metav1.PartialObjectMetadataList
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	if err := g.live.List(ctx, &list, client.InNamespace(namespace), client.Limit(maxConfigMaps)); err != nil {
		logf.FromContext(ctx).Error(err, "ConfigMaps are not known", "namespace", namespace)
		return None().Config
	}
	found := Config{ConfigMaps: []string{}}
	for i := range list.Items {
		if name := list.Items[i].Name; named[name] {
			found.ConfigMaps = append(found.ConfigMaps, name)
		}
	}
	slices.Sort(found.ConfigMaps)
	found.Known = list.Continue == "" || len(found.ConfigMaps) == len(named)
	return found
}

// claims reads what exists of the claims with these names, and says in how many reads. More
// claims than may be read are an error: one that is not known could be what both colors
// write to.
func (g *Gatherer) claims(ctx context.Context, namespace string, names []string) ([]Claim, int, error) {
	found := []Claim{}
	reads, err := pages(ctx, g.live, namespace, persistentVolumeClaims, claimsPerPage, func(list *corev1.PersistentVolumeClaimList) {
		for i := range list.Items {
			if claim := &list.Items[i]; slices.Contains(names, claim.Name) {
				found = append(found, NewClaim(claim))
			}
		}
	})
	return found, reads, err
}

// NewClaim is what rules may know of a claim.
func NewClaim(claim *corev1.PersistentVolumeClaim) Claim {
	fact := Claim{Name: claim.Name, AccessModes: []string{}}
	for _, mode := range claim.Spec.AccessModes {
		fact.AccessModes = append(fact.AccessModes, string(mode))
	}
	if claim.Spec.StorageClassName != nil {
		fact.StorageClass = *claim.Spec.StorageClassName
	}
	return fact
}
