package release

import (
	"fmt"
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// Plan is what to do now. Either State differs from the observed one and is to be recorded,
// or Act is to be done, or there is nothing to do before Wake or the next change.
type Plan struct {
	State State
	Act   Act
	// Wake is when to look again although nothing has changed; zero is never.
	Wake time.Time
	// Reason and Message say what the release waits for, for a condition. Until is when it
	// stops waiting, zero if it waits for ever.
	Reason, Message string
	Until           time.Time
	// Stalled says that it takes a person to go on, Unready that what is live does not serve.
	Stalled, Unready bool
	// Note is what has just happened, for an Event; only with a changed State.
	Note *Note
}

// Note tells that something happened.
type Note struct {
	Reason, Message string
	// Warning says that somebody should look.
	Warning bool
}

// Act is one change of the world. All of them can be repeated: what is done is not done twice.
type Act interface{ act() }

// Scale sets the replicas of a Deployment.
type Scale struct {
	Deployment string
	Replicas   int32
}

// Run starts a job of the present release.
type Run struct{ Job JobKey }

// Show moves a preview Service to a color.
type Show struct {
	Service string
	To      color.Color
}

// Move moves live Services to a color, each only if its selector still is the one observed.
type Move struct {
	Services []string
	To       color.Color
}

// Remove retires Deployments: to zero replicas, or for good.
type Remove struct {
	Deployments []string
	Delete      bool
}

func (Scale) act()  {}
func (Run) act()    {}
func (Show) act()   {}
func (Move) act()   {}
func (Remove) act() {}

// decider is one decision on its way: the observation, the time and the state to come.
type decider struct {
	*Observation
	now time.Time
	// next is the state that a record would write. It starts as a copy of the observed one.
	next State
}

// release is the one of the state to come.
func (d *decider) release() *Release { return d.next.Release }

// record writes the state to come, with what happened.
func (d *decider) record(note *Note) Plan {
	return Plan{State: d.next, Wake: d.now, Note: note}
}

// do acts. What it does stands in the state already.
func (d *decider) do(act Act, reason, format string, args ...any) Plan {
	return Plan{State: d.State, Act: act, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// poll is a wait for something that nobody announces: it looks again soon, and less often once
// the phase has lasted a while. Services that are on their way are never kept waiting.
func (d *decider) poll(until time.Time, reason, format string, args ...any) Plan {
	plan := d.wait(until, reason, format, args...)
	r, interval := d.State.Release, pollInterval
	moving := d.State.Phase == RollingBack || d.State.Phase == Switching && !r.Moving.IsZero()
	if !moving && d.now.Sub(r.Since) >= pollEagerly {
		interval = max(interval, r.Spec.Watch.Interval)
	}
	if soon := d.now.Add(interval); until.IsZero() || soon.Before(until) {
		plan.Wake = soon
	}
	return plan
}

// wait does nothing until a change, or a time.
func (d *decider) wait(until time.Time, reason, format string, args ...any) Plan {
	return Plan{State: d.State, Wake: until, Until: until, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// stall is a wait that only a person can end.
func (d *decider) stall(until time.Time, reason, format string, args ...any) Plan {
	plan := d.wait(until, reason, format, args...)
	plan.Stalled = true
	return plan
}

// enter goes to another phase of the release.
func (d *decider) enter(phase Phase, note *Note) Plan {
	d.next.Phase = phase
	d.release().Since = d.now
	return d.record(note)
}

// expired says whether the present phase has lasted that long.
func (d *decider) expired(after time.Duration) bool { return !d.now.Before(d.deadline(after)) }

func (d *decider) deadline(after time.Duration) time.Time { return d.release().Since.Add(after) }

func note(reason, format string, args ...any) *Note {
	return &Note{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func warning(reason, format string, args ...any) *Note {
	n := note(reason, format, args...)
	n.Warning = true
	return n
}
