package release

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// deploying waits for the idle color to be complete, and brings it to the size of the live one.
func (d *decider) deploying() Plan {
	if plan := d.interrupted(); plan != nil {
		return *plan
	}
	r := d.State.Release
	limit := d.deadline(r.Spec.DeployDeadline)
	unfit := d.unfit()
	if len(unfit) > 0 && d.expired(r.Spec.DeployDeadline) {
		return d.abort("DeployDeadline", "%s was not ready after %s: %s", r.To, r.Spec.DeployDeadline, strings.Join(unfit, "; "))
	}
	if plan := d.grow(limit); plan != nil && !d.expired(r.Spec.DeployDeadline) {
		return *plan
	}
	if len(unfit) > 0 {
		return d.poll(limit, "NotReady", "%s", strings.Join(unfit, "; "))
	}
	// Whoever decides from here on, however fast, is heard.
	if next := settled(r.Revised); d.now.Before(next) {
		return d.wait(next, "JustChanged", "%s has just been deployed: Decisions count from the next second on", r.To)
	}
	return d.enter(Verifying, note("Deployed", "%s is complete on %s", named(r.Version), r.To))
}

// grow brings the idle color to the size that it needs. It says each number once: whoever
// sets another afterwards is told, not fought.
func (d *decider) grow(limit time.Time) *Plan {
	for _, deployment := range d.on(d.State.Release.To) {
		need := d.size(&deployment)
		if deployment.Desired >= need {
			continue
		}
		var plan Plan
		switch order, given := d.State.Release.Orders[deployment.Name]; {
		case deployment.Autoscaler != "" && deployment.Desired > 0:
			plan = d.poll(limit, "AutoscalerTooSmall", "HorizontalPodAutoscaler %s keeps %s at %d: set its minReplicas to %d",
				deployment.Autoscaler, deployment.Name, deployment.Desired, need)
		case !given || order.UID != deployment.UID || order.Replicas < need:
			plan = d.order(&deployment, need)
		case order.open(&deployment):
			plan = d.do(Scale{deployment.Name, order.Replicas}, "Scaling", "%s goes to %d replicas, as many as serve", deployment.Name, need)
		default:
			plan = d.poll(limit, "ScaledBack", "%s was scaled to %d, and something has set %d again: write %d where it is set",
				deployment.Name, order.Replicas, deployment.Desired, need)
		}
		return &plan
	}
	return nil
}

// size is how many replicas a Deployment needs to take over from its counterpart.
func (d *decider) size(of *Deployment) int32 {
	other := d.counterpart(of)
	switch {
	case other == nil:
		return max(1, of.Desired)
	case other.Ready > 0:
		return other.Ready
	default:
		return max(1, other.Desired)
	}
}

// order records what is to happen to a Deployment, before it happens.
func (d *decider) order(deployment *Deployment, replicas int32) Plan {
	r := d.release()
	r.Orders = with(r.Orders, deployment.Name, Order{Replicas: replicas, UID: deployment.UID, Generation: deployment.Generation})
	return d.record(nil)
}

// open says whether an order was not carried out yet.
func (o Order) open(deployment *Deployment) bool {
	return o.UID == deployment.UID && o.Generation == deployment.Generation
}

// with returns a copy of a map with one more value.
func with[V any](m map[string]V, key string, value V) map[string]V {
	changed := maps.Clone(m)
	if changed == nil {
		changed = map[string]V{}
	}
	changed[key] = value
	return changed
}

// unfit says what keeps the new color from taking the traffic. Nothing is fit to be
// switched to while it says anything.
func (d *decider) unfit() []string {
	r := d.State.Release
	var reasons []string
	for _, deployment := range d.on(r.To) {
		if deployment.Incomplete != "" {
			reasons = append(reasons, fmt.Sprintf("%s: %s", deployment.Name, deployment.Incomplete))
		}
	}
	for i := range d.Services {
		s := &d.Services[i]
		if s.Color != r.From {
			reasons = append(reasons, fmt.Sprintf("Service %s selects %s, not %s", s.Name, colored(s.Color), r.From))
		}
		switch needed, ready := int(r.Need[s.Name]), s.Ready[r.To]; {
		case ready < max(1, s.Serving[r.From]):
			reasons = append(reasons, fmt.Sprintf("Service %s: %s has %s, %s serves with %d",
				s.Name, r.To, pods(ready), r.From, s.Serving[r.From]))
		case ready < needed:
			// It is moved only with as many as served when it was decided.
			reasons = append(reasons, fmt.Sprintf("Service %s: %s has %s of %d", s.Name, r.To, pods(ready), needed))
		}
		for _, why := range s.Unfit[r.To] {
			reasons = append(reasons, fmt.Sprintf("Service %s: %s", s.Name, why))
		}
	}
	if len(d.Services) == 0 {
		reasons = append(reasons, "there is no Service")
	}
	return reasons
}

// interrupted ends or restarts a release that has not moved anything yet, because of what
// people did.
func (d *decider) interrupted() *Plan {
	r := d.State.Release
	revisions := d.revisions(r.To)
	selected, _ := d.selected()
	var plan Plan
	switch no := d.no(); {
	case selected == r.To:
		plan = d.finish(Superseded, r.To, "MovedByHand", "the Services select %s already, and no release moved them", r.To)
	case len(revisions) == 0:
		plan = d.finish(Aborted, r.From, "Deleted", "there is no Deployment of %s any more", r.To)
	case no != nil:
		plan = d.abort(string(no.Verdict), "%s said %s: %s", no.By, no.Verdict, no.Reason)
	case maps.Equal(revisions, r.Revisions):
		return nil
	case d.State.Phase == Deploying:
		changed := d.release()
		changed.Revisions, changed.Deployers, changed.Version = revisions, d.deployers(r.To), d.version(r.To)
		changed.Orders, changed.Revised = nil, d.now
		plan = d.enter(Deploying, note("Revised", "%s is now about %s", r.Name, named(changed.Version)))
	default:
		d.end(Superseded, "Revised", fmt.Sprintf("%s was deployed again", r.To))
		plan = d.begin(r.From)
	}
	return &plan
}

// abort gives the release up before anything was moved, and has the new color retired.
func (d *decider) abort(reason, format string, args ...any) Plan {
	d.end(Aborted, reason, fmt.Sprintf(format, args...))
	r := d.release()
	r.Retire, r.Orders = r.To, nil
	// What was deployed since, with a NoGo beside it, is for another release.
	d.next.Settled = r.Version
	return d.enter(Retiring, d.ended())
}
