package release

import (
	"fmt"
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// idle waits for something new on the idle color.
func (d *decider) idle() Plan {
	live, where := d.selected()
	if live == "" {
		return d.stall(time.Time{}, "NoLiveColor", "%s", where)
	}
	if live != d.State.Live {
		d.settle(live)
		return d.record(warning("MovedByHand", "the Services select %s now, and no release moved them", live))
	}
	requested := d.Requested != "" && d.Requested != d.State.Handled
	version := d.version(live.Other())
	switch {
	case requested && len(d.on(live.Other())) == 0:
		d.next.Handled = d.Requested
		return d.record(warning("NothingToRelease", "there is no Deployment of %s", live.Other()))
	case requested, version != "" && version != d.State.Settled && version != d.version(live):
		return d.begin(live)
	case d.version(live) != d.State.LiveVersion:
		d.next.LiveVersion = d.version(live)
		return d.record(nil)
	}
	if plan := d.show(live.Other()); plan != nil {
		return *plan
	}
	if dead := d.dead(live); len(dead) > 0 {
		return d.outage(live, dead)
	}
	return d.wait(time.Time{}, "Idle", "%s is live with %s; %s", live, named(d.State.LiveVersion), d.standing(live.Other()))
}

// dead are the Services that have no ready pod of a color.
func (d *decider) dead(c color.Color) []string {
	var names []string
	for i := range d.Services {
		if s := &d.Services[i]; s.Ready[c] == 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// outage says that what is live does not serve. Without a release nothing is moved; the
// pods may come by themselves, as they do at first. It takes a person where the other color
// could serve, and where a release has given up on this one.
func (d *decider) outage(live color.Color, dead []string) Plan {
	other := live.Other()
	could := len(d.dead(other)) == 0
	cure := fmt.Sprintf("and neither has %s: repair %s, or deploy to %s to begin a release", other, live, other)
	if could {
		cure = fmt.Sprintf("and %s has: kubectl tealgate release %s brings its %s live", other, d.Name, named(d.version(other)))
	}
	plan := d.wait(time.Time{}, "NoReadyPods", "%s is live with %s and has no ready pod for %s, %s",
		live, named(d.State.LiveVersion), services(dead), cure)
	r := d.State.Release
	plan.Unready, plan.Stalled = true, could || r != nil && r.Outcome == Aborted && r.To == live
	return plan
}

// standing says what is on the idle color, and why nothing comes of it.
func (d *decider) standing(idle color.Color) string {
	switch version := d.version(idle); version {
	case "":
		return fmt.Sprintf("deploy to %s to begin a release", idle)
	case d.State.LiveVersion:
		return fmt.Sprintf("%s has the same version", idle)
	default:
		return fmt.Sprintf("%s on %s was there before: kubectl tealgate release %s begins one all the same", version, idle, d.Name)
	}
}

// begin starts a release of what stands on the idle color.
func (d *decider) begin(live color.Color) Plan {
	if old := d.next.Release; old != nil {
		d.next.History = append([]Summary{old.summary()}, d.next.History...)
		d.next.History = d.next.History[:min(len(d.next.History), historyLimit)]
	}
	to := live.Other()
	d.next.Handled = d.Requested
	d.next.LiveVersion = d.version(live)
	d.next.Number = max(d.next.Number, d.Highest) + 1
	d.next.Release = &Release{
		Name: fmt.Sprintf("%s-%d", d.Name, d.next.Number), From: live, To: to,
		FromVersion: d.next.LiveVersion, Version: d.version(to),
		Revisions: d.revisions(to), Deployers: d.deployers(to), Spec: d.Spec,
		Started: d.now, Revised: d.now,
	}
	return d.enter(Deploying, note("Started", "%s brings %s to %s, beside %s on %s",
		d.release().Name, named(d.release().Version), to, named(d.next.LiveVersion), live))
}

// show moves the first preview Service that does not follow a color.
func (d *decider) show(c color.Color) *Plan {
	for i := range d.Services {
		if p := d.Services[i].Preview; p != nil && !p.Missing && p.Color != c {
			plan := d.do(Show{Service: p.Name, To: c}, "ShowingPreview", "preview Service %s moves to %s", p.Name, c)
			return &plan
		}
	}
	return nil
}
