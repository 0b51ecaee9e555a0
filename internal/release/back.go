package release

import (
	"fmt"
	"strings"
	"time"
)

// back finds out whether a release that has moved Services must, or did, go back: because a
// person says so, because the Services were moved by hand, or because the new color
// is plainly broken. It returns nil if the release goes on.
func (d *decider) back() *Plan {
	// A NoGo that came too late stands beside it, and must not hide it.
	if rollback := d.word(Rollback); rollback != nil {
		plan := d.rollBack("Decision", "%s said Rollback: %s", rollback.By, rollback.Reason)
		return &plan
	}
	if plan := d.strayed(); plan != nil {
		return plan
	}
	reason, message := d.broken()
	if reason == "" {
		return nil
	}
	plan := d.retreat(reason, message)
	return &plan
}

// strayed deals with Services that are not where the release put them.
func (d *decider) strayed() *Plan {
	r := d.State.Release
	var astray []string
	back, lost := 0, 0
	for i := range d.Services {
		switch s := &d.Services[i]; {
		case s.Color == r.To:
		case s.Color == r.From && d.State.Phase == Switching && !d.Paused:
			// Not written yet.
		default:
			astray = append(astray, fmt.Sprintf("Service %s selects %s", s.Name, colored(s.Color)))
			if s.Color == r.From {
				back++
			} else {
				lost++
			}
		}
	}
	var plan Plan
	switch {
	case len(astray) == 0:
		return nil
	case back == len(d.Services) && d.State.Phase == Switching:
		return nil // Paused before anything was written.
	case back == len(d.Services):
		d.release().Left = d.now
		plan = d.finish(RolledBack, r.From, "MovedByHand", "the Services select %s again, and no Decision said so", r.From)
	case lost == 0 && d.State.Phase == Switching:
		plan = d.rollBack("Paused", "paused, or releases are frozen, in the middle of the switch: %s", strings.Join(astray, ", "))
	default:
		plan = d.rollBack("MovedByHand", "%s", strings.Join(astray, ", "))
	}
	return &plan
}

// broken says what is plainly wrong with the new color. These rules need no measurement
// and hold from the first written selector until the old color is retired; but restarts add
// up for ever, and count only until the watch is over.
func (d *decider) broken() (reason, message string) {
	r := d.State.Release
	for i := range d.Services {
		if s := &d.Services[i]; s.Color == r.To && s.Ready[r.To] == 0 {
			return "NoReadyPods", fmt.Sprintf("%s has no ready pod behind Service %s", r.To, s.Name)
		}
	}
	for _, deployment := range d.on(r.To) {
		if len(deployment.Crashing) > 0 {
			return "CrashLoop", fmt.Sprintf("%s in CrashLoopBackOff", strings.Join(deployment.Crashing[:min(3, len(deployment.Crashing))], ", "))
		}
		if restarts := deployment.Restarts - r.Restarts[deployment.Name]; restarts >= restartLimit && d.State.Phase != Retiring {
			return "Restarts", fmt.Sprintf("containers of %s restarted %d times since the switch", deployment.Name, restarts)
		}
	}
	return "", ""
}

// retreat rolls back, or says that somebody should, for as long as the phase may last.
func (d *decider) retreat(reason, message string) Plan {
	r := d.State.Release
	if !r.Spec.ManualRollback {
		return d.rollBack(reason, "%s", message)
	}
	limit := d.patience()
	switch over := !d.Paused && !d.now.Before(limit); {
	case over && d.State.Phase == Switching:
		// A switch is whole or undone, whoever else decides on rollback.
		return d.rollBack(reason, "%s", message)
	case over:
		return d.finish(Aborted, r.To, "NotProven", "%s (%s), and nobody rolled back; %s stays live, %s is kept", message, reason, r.To, r.From)
	case d.Paused:
		limit = time.Time{}
	}
	plan := d.stall(limit, "RollbackAdvised", "%s (%s). Rollback is manual: kubectl tealgate rollback %s", message, reason, d.Name)
	return d.watchful(plan)
}

// patience is until when people are waited for who should roll back.
func (d *decider) patience() time.Time {
	switch r := d.State.Release; d.State.Phase {
	case Watching:
		return d.deadline(r.Spec.Watch.Duration + dataDeadline)
	case Retiring:
		return d.deadline(r.Spec.Retire.After + retireDeadline)
	default:
		return r.Moving.Add(endpointsDeadline)
	}
}
