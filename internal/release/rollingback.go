package release

import "fmt"

// rollBack turns round. Why it does is kept for the end.
func (d *decider) rollBack(reason, format string, args ...any) Plan {
	n := warning("RollingBack", format, args...)
	r := d.release()
	r.Reason, r.Message = reason, n.Message
	r.Orders = nil
	n.Message = fmt.Sprintf("%s goes back to %s: %s", r.Name, r.From, n.Message)
	return d.enter(RollingBack, n)
}

// rollingBack moves the Services back. It never looks at the new color: each Service goes
// as soon as the old one has a ready pod for it. After a while that takes a person, and it
// goes on trying for a day: nothing else brings the traffic away from what has failed.
func (d *decider) rollingBack() Plan {
	r := d.State.Release
	var pending, movable []string
	for i := range d.Services {
		s := &d.Services[i]
		if s.Color == r.From {
			continue
		}
		pending = append(pending, s.Name)
		if s.Ready[r.From] > 0 {
			movable = append(movable, s.Name)
		}
	}
	end := d.deadline(rollbackDeadline + repairDeadline)
	if d.now.Before(end) {
		if len(movable) > 0 {
			return d.moveBack(movable)
		}
		if plan := d.regrow(); plan != nil {
			return *plan
		}
	}
	lag, cure := d.notBack(pending, movable)
	switch limit := d.deadline(rollbackDeadline); {
	case lag == "":
		d.release().Left = d.now
		return d.finish(RolledBack, r.From, r.Reason, "%s", r.Message)
	case d.now.Before(limit):
		return d.poll(limit, "RollingBack", "%s", lag)
	case d.now.Before(end):
		plan := d.stall(end, "RollbackDeadline", "not rolled back after %s: %s. %s", rollbackDeadline, lag, cure)
		if soon := d.now.Add(max(r.Spec.Watch.Interval, pollInterval)); soon.Before(end) {
			plan.Wake = soon
		}
		return plan
	case len(pending) == len(d.Services):
		return d.finish(Aborted, r.To, "RollbackDeadline", "not rolled back after %s: %s", rollbackDeadline+repairDeadline, lag)
	default:
		return d.finish(Aborted, r.From, "RollbackDeadline", "rolled back in part after %s: %s", rollbackDeadline+repairDeadline, lag)
	}
}

// moveBack moves Services to the old color. That it is tried for so long already is told.
func (d *decider) moveBack(names []string) Plan {
	r := d.State.Release
	plan := d.do(Move{names, r.From}, "RollingBack", "%s back to %s", services(names), r.From)
	if d.expired(rollbackDeadline) {
		plan.Reason, plan.Stalled = "RollbackDeadline", true
		plan.Message = fmt.Sprintf("%s not back on %s after %s, and moved now: if this stays, tealgate's log says why",
			services(names), r.From, rollbackDeadline)
	}
	return plan
}

// notBack says what keeps a rollback from its end, "" if nothing does, and what people can do.
func (d *decider) notBack(pending, movable []string) (lag, cure string) {
	from := d.State.Release.From
	switch {
	case len(movable) > 0:
		return services(movable) + " could not be moved", ""
	case len(pending) > 0:
		return fmt.Sprintf("%s has no ready pod for %s", from, services(pending)),
			fmt.Sprintf("Repair %s, or deploy to it: the traffic goes back as soon as it has one", from)
	default:
		return d.lagging(from, nil), fmt.Sprintf("Take out of the slices what is not %s: kubectl -n %s get endpointslices", from, d.Namespace)
	}
}

// regrow gives the old color back the size that it had when the switch began.
func (d *decider) regrow() *Plan {
	r := d.State.Release
	for _, deployment := range d.on(r.From) {
		size, known := r.Size[deployment.Name]
		if !known || deployment.Desired >= size || (deployment.Autoscaler != "" && deployment.Desired > 0) {
			continue
		}
		var plan Plan
		switch order, given := r.Orders[deployment.Name]; {
		case !given:
			plan = d.order(&deployment, size)
		case order.open(&deployment):
			plan = d.do(Scale{deployment.Name, size}, "RollingBack", "scaling %s up first: %s to %d replicas", r.From, deployment.Name, size)
		default:
			continue
		}
		return &plan
	}
	return nil
}
