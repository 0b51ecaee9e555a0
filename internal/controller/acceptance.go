package controller

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
)

// acceptance is what tealgate needs to work on a BlueGreen: its namespace is in enforce, and
// no older one has one of its Services. It can change at any time.
type acceptance struct {
	enforced bool
	// conflict says which older BlueGreen has one of the Services, "" if none does.
	conflict string
}

func (r *Releaser) acceptance(ctx context.Context, bg *v1alpha1.BlueGreen) (acceptance, error) {
	conflict, err := r.conflict(ctx, bg)
	return acceptance{
		enforced: r.namespaces.Labels(ctx, bg.Namespace)[v1alpha1.LabelMode] == v1alpha1.ModeEnforce, conflict: conflict,
	}, err
}

// refuses says whether nothing is done. A release that is on its way goes on all the same:
// nobody would roll it back otherwise.
func (a acceptance) refuses(bg *v1alpha1.BlueGreen) bool {
	running := bg.Status.Phase != "" && bg.Status.Phase != v1alpha1.PhaseIdle
	return !running && (!a.enforced || a.conflict != "")
}

// write says it in conditions.
func (a acceptance) write(bg *v1alpha1.BlueGreen) {
	if a.enforced {
		set(bg, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "the namespace is in enforce")
	} else {
		set(bg, v1alpha1.ConditionAccepted, false, v1alpha1.ReasonNotEnforced, fmt.Sprintf(
			"nothing guards the Services of this namespace: kubectl label namespace %s %s=%s", bg.Namespace, v1alpha1.LabelMode, v1alpha1.ModeEnforce))
	}
	if a.conflict == "" {
		set(bg, v1alpha1.ConditionConflict, false, v1alpha1.ReasonNoConflict, "no other BlueGreen has its Services")
	} else {
		set(bg, v1alpha1.ConditionConflict, true, v1alpha1.ReasonOlderOwner, a.conflict)
	}
}

// refuse writes down that nothing is done, and why, if that is news.
func (r *Releaser) refuse(ctx context.Context, bg *v1alpha1.BlueGreen, accepted acceptance) error {
	before := bg.DeepCopy()
	accepted.write(bg)
	set(bg, v1alpha1.ConditionReady, false, "NotAccepted", "see the conditions Accepted and Conflict")
	bg.Status.ObservedGeneration = bg.Generation
	if apiequality.Semantic.DeepEqual(before.Status, bg.Status) {
		return nil
	}
	return r.patchStatus(ctx, bg, before)
}

// conflict says which older BlueGreen has one of the Services, "" if none does.
func (r *Releaser) conflict(ctx context.Context, bg *v1alpha1.BlueGreen) (string, error) {
	var all v1alpha1.BlueGreenList
	if err := r.client.List(ctx, &all, client.InNamespace(bg.Namespace)); err != nil {
		return "", err
	}
	own := serviceNames(bg)
	for i := range all.Items {
		other := &all.Items[i]
		if other.UID == bg.UID || other.DeletionTimestamp != nil || facts.OlderBlueGreen(other, bg) > 0 {
			continue
		}
		for name := range serviceNames(other) {
			if own[name] {
				return fmt.Sprintf("Service %s belongs to BlueGreen %s, which is older", name, other.Name), nil
			}
		}
	}
	return "", nil
}

// serviceNames are the Services of a BlueGreen, previews included.
func serviceNames(bg *v1alpha1.BlueGreen) map[string]bool {
	found := map[string]bool{}
	for _, pair := range bg.Spec.Services {
		found[pair.Name] = true
		if pair.Preview != nil {
			found[pair.Preview.Name] = true
		}
	}
	return found
}
