package release

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// inUse says where the color to retire still is, or is all that could serve; "" if it is out of
// all selectors and slices, and not the last one.
func (d *decider) inUse() string {
	c := d.State.Release.Retire
	for i := range d.Services {
		switch s := &d.Services[i]; {
		case s.Color == c || s.Serving[c] > 0:
			return fmt.Sprintf("Service %s still has %s", s.Name, c)
		case s.Ready[c] > 0 && s.Ready[c.Other()] == 0:
			return fmt.Sprintf("%s has no ready pod for Service %s", c.Other(), s.Name)
		}
	}
	return ""
}

// retiring waits until the color is not needed, orders its end once, and sees it through.
func (d *decider) retiring() Plan {
	r := d.State.Release
	if r.Retired {
		return d.removing()
	}
	retire := r.Spec.Retire
	if r.Outcome == "" {
		if plan := d.back(); plan != nil {
			return *plan
		}
		if left := d.deadline(retire.After); d.now.Before(left) {
			if plan := d.show(r.From); plan != nil {
				return *plan
			}
			plan := d.wait(left, "Retiring", "%s stays until then, to go back to", r.From)
			return d.watchful(plan)
		}
	}
	used := d.inUse()
	if used == "" && r.Outcome == "" && retire.Evidence {
		used = d.busy()
	}
	switch {
	case used != "" && (r.Outcome != "" || d.expired(retire.After+retireDeadline)):
		return d.retired("Kept", fmt.Sprintf("%s was not retired: %s", r.Retire, used))
	case used != "":
		return d.watchful(d.poll(d.deadline(retire.After+retireDeadline), "StillUsed", "%s", used))
	case retire.Keep:
		return d.retired("Kept", fmt.Sprintf("%s stays, as its spec says", r.Retire))
	}
	return d.orderEnd()
}

// busy says whether the old color still has traffic, where that is measured.
func (d *decider) busy() string {
	switch traffic := d.OldTraffic; {
	case traffic == nil:
		return "its traffic is not measured yet"
	case traffic.Trouble != "":
		return "its traffic is not known: " + traffic.Trouble
	case math.IsNaN(traffic.Value) || traffic.Value > 0: // A rate over nothing proves nothing.
		return fmt.Sprintf("its traffic is %g, not 0", traffic.Value)
	default:
		return ""
	}
}

// orderEnd records that the color is to be retired. There is no way back from here. Of an
// aborted release only what it was about goes; what is settled is what goes.
func (d *decider) orderEnd() Plan {
	r := d.release()
	r.Retired, r.Orders = true, nil
	if r.Outcome == "" {
		d.next.Settled = d.version(r.Retire)
	}
	for _, deployment := range d.on(r.Retire) {
		if r.Retire == r.To && r.Revisions[deployment.Name] != deployment.Revision {
			continue
		}
		r.Orders = with(r.Orders, deployment.Name, Order{UID: deployment.UID, Generation: deployment.Generation})
	}
	return d.record(nil)
}

// removing carries out the recorded orders, each once, unless the color came into use again.
func (d *decider) removing() Plan {
	r := d.State.Release
	if used := d.inUse(); used != "" {
		return d.retired("Kept", fmt.Sprintf("%s was not retired: %s", r.Retire, used))
	}
	var left, since []string
	for _, deployment := range d.on(r.Retire) {
		switch order, given := r.Orders[deployment.Name]; {
		case given && order.open(&deployment) && (r.Spec.Retire.Delete || deployment.Desired > 0):
			left = append(left, deployment.Name)
		case deployment.Desired > 0:
			since = append(since, deployment.Name)
		}
	}
	slices.Sort(left)
	slices.Sort(since)
	if len(left) > 0 && d.expired(r.Spec.Retire.After+retireDeadline) {
		return d.retired("Kept", fmt.Sprintf("%s was not retired in %s", strings.Join(left, ", "), retireDeadline))
	}
	if len(left) > 0 {
		return d.do(Remove{left, r.Spec.Retire.Delete}, "Retiring", "retiring %s: %s", r.Retire, strings.Join(left, ", "))
	}
	if len(since) > 0 {
		return d.retired("Kept", fmt.Sprintf("%s was not retired: %s was deployed or scaled meanwhile", r.Retire, strings.Join(since, ", ")))
	}
	return d.retired("Finished", fmt.Sprintf("%s is live with %s; %s is retired", r.Retire.Other(), named(d.version(r.Retire.Other())), r.Retire))
}

// retired ends the release: with the outcome that it has already, or as a success.
func (d *decider) retired(reason, message string) Plan {
	r := d.release()
	if r.Outcome == "" {
		return d.finish(Succeeded, r.To, reason, "%s", message)
	}
	live, _ := d.selected()
	if live == "" {
		live = r.From
	}
	r.Ended = d.now
	d.settle(live)
	return d.enter(Idle, note("Retired", "%s", message))
}
