package desk

import (
	"fmt"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// offers are the commands that fit where a release stands, for somebody with every right.
func offers(bg *v1alpha1.BlueGreen, now time.Time) []string {
	var all []string
	if open := Open(bg); len(open) > 0 {
		all = append(all, fmt.Sprintf("kubectl tealgate check-off %s %s", bg.Name, strings.Join(open, " ")))
	}
	for _, offer := range []struct {
		verdict v1alpha1.Verdict
		command string
	}{
		{v1alpha1.VerdictGo, "go %s --release %s"}, {v1alpha1.VerdictNoGo, "no-go %s --release %s"}, {v1alpha1.VerdictRollback, "rollback %s --release %s"},
	} {
		if (Word{Verdict: offer.verdict}).Fits(bg, now) == nil {
			all = append(all, fmt.Sprintf("kubectl tealgate "+offer.command, bg.Name, bg.Status.Release.Name))
		}
	}
	if bg.Spec.Paused {
		all = append(all, "kubectl tealgate resume "+bg.Name)
	}
	if bg.Status.Release != nil && !Running(bg) && Releasable(bg, true) == nil {
		all = append(all, "kubectl tealgate retry "+bg.Name)
	}
	return all
}
