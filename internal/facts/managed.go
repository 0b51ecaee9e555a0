package facts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// ManagedService says which BlueGreen moves a Service, one that carries traffic or a
// preview. Cached.
func (g *Gatherer) ManagedService(ctx context.Context, namespace, name string) (Managed, error) {
	blueGreens, err := g.blueGreens(ctx, namespace)
	if err != nil {
		return Managed{}, err
	}
	return managedService(blueGreens, name), nil
}

// managedService takes the BlueGreens from the oldest on.
func managedService(blueGreens []*v1alpha1.BlueGreen, name string) Managed {
	for _, blueGreen := range blueGreens {
		for _, pair := range blueGreen.Spec.Services {
			if pair.Name == name || (pair.Preview != nil && pair.Preview.Name == name) {
				return managedFact(blueGreen, name)
			}
		}
	}
	return Managed{}
}

// ManagedPods says which BlueGreen moves a Service that would send traffic to pods with
// these labels if it had no color. Cached.
func (g *Gatherer) ManagedPods(ctx context.Context, namespace string, pod map[string]string) (Managed, error) {
	blueGreens, err := g.blueGreens(ctx, namespace)
	if err != nil || len(blueGreens) == 0 {
		return Managed{}, err
	}
	services, err := g.cachedServices(ctx, namespace)
	if err != nil {
		return Managed{}, err
	}
	return managedPods(blueGreens, services, pod), nil
}

// managedPods takes the BlueGreens from the oldest on.
func managedPods(blueGreens []*v1alpha1.BlueGreen, services []*corev1.Service, pod map[string]string) Managed {
	paired := map[string]bool{}
	for _, service := range services {
		paired[service.Name] = Pairs(service, pod)
	}
	for _, blueGreen := range blueGreens {
		for _, pair := range blueGreen.Spec.Services {
			if paired[pair.Name] {
				managed := managedFact(blueGreen, pair.Name)
				managed.Keeps = managed.Kept != "" && managed.Kept == pod[v1alpha1.LabelColor]
				return managed
			}
		}
	}
	return Managed{}
}

// StillThere says whether a BlueGreen is there to stay: one that was deleted a moment ago is still
// in the cache. One live read.
func (g *Gatherer) StillThere(ctx context.Context, namespace, blueGreen string) (bool, error) {
	object := &v1alpha1.BlueGreen{}
	err := g.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: blueGreen}, object)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("reading BlueGreen %s/%s: %w", namespace, blueGreen, err)
	}
	return err == nil && object.DeletionTimestamp == nil, nil
}

// blueGreens are those of a namespace that are there to stay, the oldest first: of two that name a Service the
// older has it. They are shared with the cache.
func (g *Gatherer) blueGreens(ctx context.Context, namespace string) ([]*v1alpha1.BlueGreen, error) {
	var list v1alpha1.BlueGreenList
	if err := g.cached.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing BlueGreens of namespace %s: %w", namespace, err)
	}
	found := slices.DeleteFunc(pointers(list.Items), func(b *v1alpha1.BlueGreen) bool { return b.DeletionTimestamp != nil })
	slices.SortFunc(found, OlderBlueGreen)
	return found, nil
}

// OlderBlueGreen orders the ones that name the same Service: the first has it.
func OlderBlueGreen(a, b *v1alpha1.BlueGreen) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

func managedFact(blueGreen *v1alpha1.BlueGreen, service string) Managed {
	managed := Managed{By: blueGreen.Name, Service: service, Phase: string(blueGreen.Status.Phase)}
	if wayBack := wayBack(&blueGreen.Status); wayBack != "" {
		managed.Release, managed.Kept = blueGreen.Status.Release.Name, string(wayBack)
	}
	return managed
}

// wayBack is the color that a release under way would go back to, "" if none would: from
// Switching until it is ordered to be retired, or has to be repaired before it can be gone back to.
func wayBack(status *v1alpha1.BlueGreenStatus) color.Color {
	release := status.Release
	if release == nil || release.Outcome != "" || release.RetireOrdered {
		return ""
	}
	switch status.Phase {
	case v1alpha1.PhaseRollingBack:
		if status.Waiting != nil && status.Waiting.Stalled {
			return ""
		}
		return release.From
	case v1alpha1.PhaseSwitching, v1alpha1.PhaseWatching, v1alpha1.PhaseRetiring:
		return release.From
	default:
		return ""
	}
}
