package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// Decide says what to do now. It is a pure function and may be called as often as one
// likes: with the same observation and time it says the same.
func Decide(o Observation, now time.Time) Plan {
	d := &decider{Observation: &o, now: now, next: o.State.clone()}
	if o.State.Phase == "" || (o.State.Phase != Idle && o.State.Release == nil) {
		return d.baseline()
	}
	if plan := d.pause(); plan != nil {
		return *plan
	}
	switch o.State.Phase {
	case Idle:
		return d.idle()
	case Deploying:
		return d.deploying()
	case Verifying:
		return d.verifying()
	case AwaitingDecision:
		return d.awaiting()
	case Switching:
		return d.switching()
	case Watching:
		return d.watching()
	case Retiring:
		return d.retiring()
	case RollingBack:
		return d.rollingBack()
	default:
		return d.stall(time.Time{}, "UnknownPhase", "status.phase is %q, which this version of tealgate does not know", o.State.Phase)
	}
}

// baseline takes what is there for settled: a status that is new or was lost must not
// start a release of something that has stood there for weeks.
func (d *decider) baseline() Plan {
	live, where := d.selected()
	if live == "" {
		return d.stall(time.Time{}, "NoLiveColor", "%s", where)
	}
	d.next = State{
		Phase: Idle, Live: live, LiveVersion: d.version(live), Settled: d.version(live.Other()),
		Handled: d.Requested, Number: max(d.State.Number, d.Highest), History: d.next.History,
	}
	return d.record(note("Observed", "%s is live with %s; what stands on %s is not released by itself",
		live, named(d.next.LiveVersion), live.Other()))
}

// pause stops the clocks while a BlueGreen is paused or releases are frozen. Only rolling
// back goes on.
func (d *decider) pause() *Plan {
	switch since := d.State.PausedSince; {
	case d.Paused && since.IsZero():
		d.next.PausedSince = d.now
		plan := d.record(note("Paused", "everything but rollback waits"))
		return &plan
	case !d.Paused && !since.IsZero():
		d.next.PausedSince = time.Time{}
		if r := d.release(); r != nil {
			r.Since = shifted(r.Since, since, d.now)
			r.Moving = shifted(r.Moving, since, d.now)
		}
		plan := d.record(note("Resumed", "deadlines go on from where they stood"))
		return &plan
	case !d.Paused || d.State.Phase == RollingBack:
		return nil
	}
	if d.underway() {
		if plan := d.back(); plan != nil {
			return plan
		}
	}
	if d.underway() && d.State.Phase == Watching {
		if reason, message := d.condemned(); reason != "" {
			plan := d.retreat(reason, message)
			return &plan
		}
	}
	plan := d.stall(time.Time{}, "Paused", "paused, or releases are frozen: only a rollback goes on")
	plan.Wake = d.wakeForSignals()
	return &plan
}

// shifted moves a time by as much of a pause as came after it.
func shifted(t, pause, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	if t.Before(pause) {
		return t.Add(now.Sub(pause))
	}
	return now
}

// underway says whether Services have been ordered to move, and going back is still possible.
func (d *decider) underway() bool {
	r := d.State.Release
	return r != nil && !r.Moving.IsZero() && !r.Retired && r.Outcome == "" &&
		(d.State.Phase == Switching || d.State.Phase == Watching || d.State.Phase == Retiring)
}

// selected is the color that all Services select, or "" and why there is none.
func (d *decider) selected() (color.Color, string) {
	var where []string
	found := map[color.Color]bool{}
	for i := range d.Services {
		found[d.Services[i].Color] = true
		where = append(where, fmt.Sprintf("Service %s selects %s", d.Services[i].Name, colored(d.Services[i].Color)))
	}
	if len(found) == 1 && !found[""] {
		return d.Services[0].Color, ""
	}
	if len(where) == 0 {
		return "", "there is no Service"
	}
	return "", strings.Join(where, ", ")
}

// version is the version label of a color; where its Deployments differ, all of them.
func (d *decider) version(c color.Color) string {
	found := map[string]bool{}
	for _, deployment := range d.on(c) {
		if deployment.Version != "" {
			found[deployment.Version] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), ", ")
}

// revisions are the pod-template-hashes of a color, by Deployment.
func (d *decider) revisions(c color.Color) map[string]string {
	found := map[string]string{}
	for _, deployment := range d.on(c) {
		found[deployment.Name] = deployment.Revision
	}
	return found
}

// deployers are the users who brought a color to what it is.
func (d *decider) deployers(c color.Color) []string {
	found := map[string]bool{}
	for _, deployment := range d.on(c) {
		if deployment.Deployer != "" {
			found[deployment.Deployer] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// restarts are how often containers of a color have restarted, by Deployment.
func (d *decider) restarts(c color.Color) map[string]int32 {
	found := map[string]int32{}
	for _, deployment := range d.on(c) {
		found[deployment.Name] = deployment.Restarts
	}
	return found
}

// finish ends the release and goes idle, where live serves.
func (d *decider) finish(outcome Outcome, live color.Color, reason, format string, args ...any) Plan {
	d.end(outcome, reason, fmt.Sprintf(format, args...))
	d.settle(live)
	return d.enter(Idle, d.ended())
}

// end writes down how the release ended.
func (d *decider) end(outcome Outcome, reason, message string) {
	r := d.release()
	r.Outcome, r.Reason, r.Message, r.Ended = outcome, reason, message, d.now
}

// ended tells how the release ended.
func (d *decider) ended() *Note {
	r := d.release()
	return &Note{Reason: string(r.Outcome), Message: r.Name + ": " + r.Message, Warning: r.Outcome != Succeeded}
}

// settle writes down what serves, and that what does not is not to be released by itself.
func (d *decider) settle(live color.Color) {
	if d.next.Live != live {
		d.next.Live, d.next.Previous = live, live.Other()
	}
	d.next.LiveVersion = d.version(live)
	if left := d.version(live.Other()); left == "" || !d.ending(live.Other()) {
		d.next.Settled = left
	}
}

// ending says whether the end of a color was decided before: what was settled then is what
// was to go, and what was deployed to it since is new.
func (d *decider) ending(c color.Color) bool {
	r := d.State.Release
	return d.State.Phase == Retiring && r.Retire == c && (r.Retired || r.Outcome != "")
}

// colored and named put a word where a value is missing.
func colored(c color.Color) string {
	if c == "" {
		return "no color"
	}
	return string(c)
}

func named(version string) string {
	if version == "" {
		return "no version"
	}
	return version
}

// pods counts in words.
func pods(n int) string {
	if n == 1 {
		return "1 ready pod"
	}
	return fmt.Sprintf("%d ready pods", n)
}
