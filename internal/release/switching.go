package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// switching moves the Services: check all, write all, verify all, or undo all.
func (d *decider) switching() Plan {
	if d.State.Release.Moving.IsZero() {
		return d.preparing()
	}
	return d.moving()
}

// preparing runs the hooks and checks all once more, then records the order to move.
func (d *decider) preparing() Plan {
	if plan := d.interrupted(); plan != nil {
		return *plan
	}
	r := d.State.Release
	before := r.Spec.Before
	if failed := d.failed(StageBefore, before); failed != "" {
		return d.abort("HookFailed", "%s", failed)
	}
	waits := slices.Concat(d.running(StageBefore, before), d.unfit())
	if len(waits) > 0 && d.expired(switchDeadline) {
		return d.abort("SwitchDeadline", "nothing was moved in %s: %s", switchDeadline, strings.Join(waits, "; "))
	}
	if plan := d.run(StageBefore, before); plan != nil {
		return *plan
	}
	if len(waits) > 0 {
		return d.poll(d.deadline(switchDeadline), "NotReady", "%s", strings.Join(waits, "; "))
	}
	d.release().Moving = d.now
	return d.record(nil)
}

// moving writes the selectors and waits for the slices.
func (d *decider) moving() Plan {
	r := d.State.Release
	if plan := d.back(); plan != nil {
		return *plan
	}
	var pending, short []string
	moved := 0
	for i := range d.Services {
		switch s := &d.Services[i]; {
		case s.Color == r.To:
			moved++
		case s.Ready[r.To] < int(r.Need[s.Name]):
			short = append(short, fmt.Sprintf("Service %s: %s has %s of %d", s.Name, r.To, pods(s.Ready[r.To]), r.Need[s.Name]))
			pending = append(pending, s.Name)
		default:
			pending = append(pending, s.Name)
		}
	}
	switch {
	case len(short) > 0 && moved > 0:
		return d.rollBack("NotReady", "%s", strings.Join(short, "; "))
	case len(short) > 0:
		d.release().Moving = time.Time{}
		return d.record(nil)
	case len(pending) > 0 && !d.now.Before(r.Moving.Add(endpointsDeadline)):
		return d.rollBack("SwitchDeadline", "%s could not be moved in %s", services(pending), endpointsDeadline)
	case len(pending) > 0:
		return d.do(Move{pending, r.To}, "Moving", "%s to %s", services(pending), r.To)
	}
	if lag := d.lagging(r.To, r.Need); lag != "" {
		limit := r.Moving.Add(endpointsDeadline)
		if !d.now.Before(limit) {
			return d.rollBack("EndpointsDeadline", "%s", lag)
		}
		return d.poll(limit, "EndpointsFollow", "%s", lag)
	}
	d.release().Moved = d.now
	d.next.Live, d.next.Previous, d.next.LiveVersion = r.To, r.From, r.Version
	return d.enter(Watching, note("Switched", "all ready endpoints are %s", r.To))
}

// lagging says which slices do not hold a color only, and at least as many as needed.
func (d *decider) lagging(c color.Color, need map[string]int32) string {
	for i := range d.Services {
		s := &d.Services[i]
		if others := s.Serving[c.Other()] + s.Serving[""]; others > 0 || s.Serving[c] < max(1, int(need[s.Name])) {
			return fmt.Sprintf("the slices of Service %s hold %d of %s and %d others", s.Name, s.Serving[c], c, others)
		}
	}
	return ""
}

func services(names []string) string {
	if len(names) == 1 {
		return "Service " + names[0]
	}
	return "Services " + strings.Join(names, ", ")
}
