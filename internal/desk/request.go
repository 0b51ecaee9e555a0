package desk

import (
	"fmt"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Releasable says why no release can be asked for now, nil if one can. With again it is
// about a release that is to be tried once more.
func Releasable(bg *v1alpha1.BlueGreen, again bool) error {
	r := bg.Status.Release
	switch {
	case Running(bg):
		return fmt.Errorf("%s is on its way (%s): one release at a time", r.Name, bg.Status.Phase)
	case !again:
		return nil
	case r == nil:
		return fmt.Errorf("%s has had no release yet: %s begins one", bg.Name, begins(bg))
	case r.Outcome != v1alpha1.OutcomeAborted && r.Outcome != v1alpha1.OutcomeSuperseded:
		return fmt.Errorf("%s has ended as %s, and only what was aborted is tried again: kubectl tealgate release %s begins a new one",
			r.Name, r.Outcome, bg.Name)
	default:
		return nil
	}
}

// Requested says what came of a request for a release, by what was there before and is there
// now; "" if tealgate has not taken it up yet.
func Requested(before, now *v1alpha1.BlueGreen, request string) string {
	r := now.Status.Release
	switch fresh := r != nil && (before.Status.Release == nil || before.Status.Release.Name != r.Name); {
	case now.Status.HandledRequest != request:
		return ""
	case !fresh:
		return fmt.Sprintf("nothing to release: there is no Deployment of %s", now.Status.LiveColor.Other())
	default:
		return fmt.Sprintf("%s brings %s to %s, beside %s on %s", r.Name, named(r.Version), r.To, named(r.FromVersion), r.From)
	}
}
