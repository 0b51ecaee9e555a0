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
// as soon as the old one has a ready pod for it.
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
	limit := d.deadline(rollbackDeadline)
	if d.now.Before(limit) {
		if len(movable) > 0 {
			return d.do(Move{movable, r.From}, "RollingBack", "%s back to %s", services(movable), r.From)
		}
		if plan := d.regrow(); plan != nil {
			return *plan
		}
	}
	lag := d.lagging(r.From, nil)
	if len(pending) > 0 {
		lag = fmt.Sprintf("%s has no ready pod for %s", r.From, services(pending))
	}
	if len(movable) > 0 {
		lag = fmt.Sprintf("%s could not be moved", services(movable))
	}
	switch {
	case lag == "":
		d.release().Left = d.now
		return d.finish(RolledBack, r.From, r.Reason, "%s", r.Message)
	case d.now.Before(limit):
		return d.poll(limit, "RollingBack", "%s", lag)
	case len(pending) == len(d.Services):
		return d.finish(Aborted, r.To, "RollbackDeadline", "not rolled back after %s: %s", rollbackDeadline, lag)
	default:
		return d.finish(Aborted, r.From, "RollbackDeadline", "rolled back in part after %s: %s", rollbackDeadline, lag)
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
