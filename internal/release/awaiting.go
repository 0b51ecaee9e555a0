package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// awaiting waits for people to say Go, unless nobody is asked.
func (d *decider) awaiting() Plan {
	if plan := d.interrupted(); plan != nil {
		return *plan
	}
	r := d.State.Release
	approval := r.Spec.Approval
	limit := d.deadline(approval.ValidFor)
	if d.Crowded && !d.expired(approval.ValidFor) {
		return d.stall(limit, "TooManyDecisions", "%s has more Decisions than are read, and a NoGo may be among them: delete those that do not count", r.Name)
	}
	if d.Crowded {
		return d.abort("TooManyDecisions", "more Decisions than are read for %s: a NoGo may have been among them", approval.ValidFor)
	}
	by, why := d.ayes()
	decided := approval.Automatic || len(by) >= max(1, approval.Approvals)
	unfit := d.unfit()
	switch {
	case decided && len(unfit) == 0 && d.unmeasured():
		return d.poll(d.baselineBy(), "Measuring", "decided; first the signals of %s are measured, to compare with", r.From)
	case decided && len(unfit) == 0:
		return d.commit(by)
	case d.expired(approval.ValidFor) && decided:
		return d.abort("NotReady", "decided, and not fit to switch in %s: %s", approval.ValidFor, strings.Join(unfit, "; "))
	case d.expired(approval.ValidFor):
		return d.abort("NoDecision", "nobody decided in %s", approval.ValidFor)
	case decided:
		return d.poll(limit, "NotReady", "decided, but %s", strings.Join(unfit, "; "))
	}
	plan := d.wait(limit, "AwaitingDecision", "%d of %d Go for %s%s", len(by), max(1, approval.Approvals), r.Name, why)
	for _, decision := range d.Decisions {
		// A Go that ends while others are missing must be seen to end.
		if ends := decision.At.Add(approval.ValidFor); decision.Verdict == Go && ends.After(d.now) && ends.Before(plan.Wake) {
			plan.Wake = ends
		}
	}
	return plan
}

// unmeasured says whether signals that are compared with what was before have not been
// measured yet. A server that does not answer is not waited for: that is an answer too.
func (d *decider) unmeasured() bool {
	return d.now.Before(d.baselineBy()) && slices.ContainsFunc(d.State.Release.Spec.Watch.Signals, func(signal Signal) bool {
		_, measured := d.Samples[signal.Name]
		return signal.Increase != nil && !measured
	})
}

// baselineBy is until when values from before the switch are waited for: what was measured
// long before the last Go is not known any more.
func (d *decider) baselineBy() time.Time {
	decided := d.State.Release.Since
	for i := range d.Decisions {
		if g := &d.Decisions[i]; g.Release == d.State.Release.Name && g.Verdict == Go && g.At.After(decided) && d.Discounted(g, d.now) == "" {
			decided = g.At
		}
	}
	return decided.Add(baselineDeadline)
}

// commit records that the switch begins, with all that later phases compare with. From
// here on a NoGo comes too late, and Rollback is the word.
func (d *decider) commit(by []string) Plan {
	r := d.release()
	r.DecidedBy = by
	r.Need, r.Size, r.Restarts, r.Baseline = map[string]int32{}, map[string]int32{}, d.restarts(r.To), map[string]float64{}
	for i := range d.Services {
		r.Need[d.Services[i].Name] = int32(max(1, d.Services[i].Serving[r.From])) //nolint:gosec // Endpoints of one Service: far below 2^31.
	}
	for _, deployment := range d.on(r.From) {
		r.Size[deployment.Name] = deployment.Desired
	}
	for _, signal := range r.Spec.Watch.Signals {
		if sample, there := d.Samples[signal.Name]; there && sample.enough(signal) == "" {
			r.Baseline[signal.Name] = sample.Value
		}
	}
	return d.enter(Switching, note("Decided", "%s switches from %s to %s%s", r.Name, r.From, r.To, said(by)))
}

func said(by []string) string {
	if len(by) == 0 {
		return ", without asking anybody"
	}
	return ": Go by " + strings.Join(by, ", ")
}

// ayes are the people whose Go counts, and why others do not.
func (d *decider) ayes() (by []string, why string) {
	r := d.State.Release
	var reasons []string
	for _, decision := range d.Decisions {
		if decision.Release != r.Name || decision.Verdict != Go || slices.Contains(by, decision.By) {
			continue
		}
		if reason := d.Discounted(&decision, d.now); reason != "" {
			reasons = append(reasons, fmt.Sprintf("; that of %s does not count: %s", decision.By, reason))
			continue
		}
		by = append(by, decision.By)
	}
	slices.Sort(by)
	if r.Spec.Approval.Separation && unprovable(r.Deployers) {
		reasons = append(reasons, "; a robot deployed, so that deployer and decider differ cannot be proven")
	}
	return by, strings.Join(reasons, "")
}

// Discounted says why a Go on the present release does not count, "" if it does.
func (o *Observation) Discounted(decision *Decision, now time.Time) string {
	r := o.State.Release
	switch separated := r.Spec.Approval.Separation; {
	case decision.At.Before(settled(r.Revised)):
		return "it is older than what it is about"
	case !now.Before(decision.At.Add(r.Spec.Approval.ValidFor)):
		return "it has expired"
	case separated && slices.Contains(r.Deployers, decision.By):
		return "who deployed may not decide"
	case separated && strings.HasPrefix(decision.By, "system:serviceaccount:"+o.Namespace+":"):
		return "a ServiceAccount of this namespace may not decide"
	default:
		return ""
	}
}

func unprovable(deployers []string) bool {
	return len(deployers) == 0 || slices.ContainsFunc(deployers, func(name string) bool {
		return strings.HasPrefix(name, "system:serviceaccount:")
	})
}

// no finds the word that stops a release which has moved nothing: Rollback, and NoGo until
// the switch begins.
func (d *decider) no() *Decision {
	if d.State.Phase == Switching {
		return d.word(Rollback)
	}
	return d.word(NoGo, Rollback)
}

// word finds the first Decision on the release with one of these verdicts, nil if there is none.
func (d *decider) word(verdicts ...Verdict) *Decision {
	for i := range d.Decisions {
		if decision := &d.Decisions[i]; decision.Release == d.State.Release.Name && slices.Contains(verdicts, decision.Verdict) {
			return decision
		}
	}
	return nil
}

// open says which items of a checklist nobody has ticked.
func (d *decider) open(items []string, ticked func(decisions []Decision, item string) *Decision) []string {
	var waits []string
	for _, item := range items {
		if ticked(d.Decisions, item) == nil {
			waits = append(waits, fmt.Sprintf("check %s is open", item))
		}
	}
	return waits
}

// Verified returns who ticked an item of the checklist before Go, nil if nobody has.
func (r *Release) Verified(decisions []Decision, item string) *Decision {
	return r.ticked(decisions, item, settled(r.Revised))
}

// Watched returns who ticked an item of the checklist after the switch, nil if nobody has.
// The second in which the watch began counts: a robot may be that fast.
func (r *Release) Watched(decisions []Decision, item string) *Decision {
	began := r.Moved
	if r.Revised.After(began) {
		began = r.Revised
	}
	return r.ticked(decisions, item, began.Truncate(time.Second))
}

func (r *Release) ticked(decisions []Decision, item string, from time.Time) *Decision {
	for i := range decisions {
		d := &decisions[i]
		if d.Release == r.Name && d.Verdict == Checked && d.Item == item && !d.At.Before(from) {
			return d
		}
	}
	return nil
}

// settled is from when on Decisions are about what was changed at a time. Theirs has whole
// seconds (metav1.Time): one of the same second could be about what was there before.
func settled(changed time.Time) time.Time {
	return changed.Truncate(time.Second).Add(time.Second)
}
