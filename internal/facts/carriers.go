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

// maxCarriers bounds the live reads for one Deployment: more Services than that
// which send live traffic to the same pods are read no further, because one that
// carries traffic is enough to decide.
const maxCarriers = 3

// Carriers returns the Services without a role that send traffic to pods with
// these labels, and what stands behind each: at most three, one live read each.
func (g *Gatherer) Carriers(ctx context.Context, namespace string, pod map[string]string) ([]Carrier, error) {
	return g.carriers(ctx, namespace, func(service *corev1.Service) bool { return Selects(service, pod) })
}

// Doors returns the Services with a color that would send traffic to pods with
// these labels and did not to pods with those that they had; before is nil for
// pods that are new. At most three live reads.
func (g *Gatherer) Doors(ctx context.Context, namespace string, pod, before map[string]string) ([]Carrier, error) {
	return g.carriers(ctx, namespace, func(service *corev1.Service) bool {
		return service.Spec.Selector[v1alpha1.LabelColor] != "" && Selects(service, pod) &&
			(before == nil || !Selects(service, before))
	})
}

func (g *Gatherer) carriers(ctx context.Context, namespace string, matches func(*corev1.Service) bool) ([]Carrier, error) {
	var services corev1.ServiceList
	if err := g.cached.List(ctx, &services, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Services of namespace %s: %w", namespace, err)
	}
	matching := slices.DeleteFunc(pointers(services.Items), func(service *corev1.Service) bool {
		return !CarriesTraffic(service) || !matches(service)
	})
	slices.SortFunc(matching, func(a, b *corev1.Service) int { return strings.Compare(a.Name, b.Name) })
	found := []Carrier{}
	for _, service := range matching[:min(len(matching), maxCarriers)] {
		carrier, err := g.carrier(ctx, service)
		if err != nil {
			return nil, err
		}
		found = append(found, carrier)
	}
	return found, nil
}

func (g *Gatherer) carrier(ctx context.Context, service *corev1.Service) (Carrier, error) {
	serving, err := g.serving(ctx, service.Namespace, service.Name)
	if err != nil {
		return Carrier{}, err
	}
	return Carrier{
		Name: service.Name, Color: service.Spec.Selector[v1alpha1.LabelColor], Ready: serving.Ready,
		Workloads: workloads(serving.Pods), Selector: service.Spec.Selector,
	}, nil
}

// CarriersNow is Carriers for pods that are about to go. The Services of their
// application are read live as well, at most three: one that was deleted or moved a
// moment ago is still in the cache as it was. A Service that is being deleted carries
// nothing that is to be kept.
func (g *Gatherer) CarriersNow(ctx context.Context, namespace string, pod map[string]string) ([]Carrier, error) {
	candidates, err := g.pairing(ctx, namespace, pod)
	if err != nil {
		return nil, err
	}
	found := []Carrier{}
	for _, candidate := range candidates[:min(len(candidates), maxCarriers)] {
		service := &corev1.Service{}
		err := g.live.Get(ctx, client.ObjectKeyFromObject(candidate), service)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading Service %s/%s: %w", namespace, candidate.Name, err)
		}
		if service.DeletionTimestamp != nil || !CarriesTraffic(service) || !Selects(service, pod) {
			continue
		}
		carrier, err := g.carrier(ctx, service)
		if err != nil {
			return nil, err
		}
		found = append(found, carrier)
	}
	return found, nil
}

// pairing returns the Services without a role that select pods with these labels, and
// behind them those that would with another color. Cached.
func (g *Gatherer) pairing(ctx context.Context, namespace string, pod map[string]string) ([]*corev1.Service, error) {
	var services corev1.ServiceList
	if err := g.cached.List(ctx, &services, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing Services of namespace %s: %w", namespace, err)
	}
	found := slices.DeleteFunc(pointers(services.Items), func(service *corev1.Service) bool {
		return !CarriesTraffic(service) || !Pairs(service, pod)
	})
	slices.SortFunc(found, func(a, b *corev1.Service) int {
		if selects := Selects(a, pod); selects != Selects(b, pod) {
			if selects {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return found, nil
}

// workloads guesses the owners of pods from their names.
func workloads(pods []string) []string {
	names := []string{}
	for _, pod := range pods {
		name := pod
		for range 2 { // the pod's own ending, and the hash of its ReplicaSet
			if i := strings.LastIndexByte(name, '-'); i > 0 {
				name = name[:i]
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Deployment returns a Deployment from the cache, or live when the cache does not
// have it yet; nil when there is none.
func (g *Gatherer) Deployment(ctx context.Context, namespace, name string) (*appsv1.Deployment, error) {
	for _, reader := range []client.Reader{g.cached, g.live} {
		deployment := &appsv1.Deployment{}
		err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, deployment)
		if err == nil {
			return deployment, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("reading Deployment %s/%s: %w", namespace, name, err)
		}
	}
	return nil, nil //nolint:nilnil // nothing is there, and nothing went wrong
}

// Terminating says whether a namespace is being deleted. One live read.
func (g *Gatherer) Terminating(ctx context.Context, namespace string) (bool, error) {
	object := NamespaceMetadata()
	if err := g.live.Get(ctx, client.ObjectKey{Name: namespace}, object); err != nil {
		return false, fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	return object.DeletionTimestamp != nil, nil
}
