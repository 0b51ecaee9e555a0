package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// watching looks at what the switch did, until its time is over and all of it passed.
func (d *decider) watching() Plan {
	if plan := d.back(); plan != nil {
		return *plan
	}
	r := d.State.Release
	watch := r.Spec.Watch
	if reason, message := d.condemned(); reason != "" {
		return d.retreat(reason, message)
	}
	verdict := d.judge(watch.Signals)
	if revisions := d.revisions(r.To); !maps.Equal(revisions, r.Revisions) {
		changed := d.release()
		changed.Revisions, changed.Deployers, changed.Version, changed.Revised = revisions, d.deployers(r.To), d.version(r.To), d.now
		changed.Restarts = d.restarts(r.To)
		return d.enter(Watching, warning("Revised", "%s was changed while it is watched: the watch begins again", r.To))
	}
	waits := slices.Concat(d.running(StageAfter, r.Spec.After), d.running(StageWatch, watch.Jobs),
		d.open(watch.Checklist, r.Watched), verdict.waits)
	over := d.deadline(watch.Duration)
	if d.expired(watch.Duration+dataDeadline) && len(waits) > 0 {
		return d.finish(Aborted, r.To, "NotProven", "%s after the watch: %s; %s stays live, %s is kept",
			dataDeadline, strings.Join(waits, "; "), r.To, r.From)
	}
	for _, plan := range []*Plan{d.run(StageAfter, r.Spec.After), d.show(r.From), d.run(StageWatch, watch.Jobs)} {
		if plan != nil {
			return *plan
		}
	}
	switch {
	case d.now.Before(over):
		return d.watchful(d.wait(over, "Watching", "%s", watched(waits)))
	case len(waits) == 0:
		d.release().Retire = r.From
		d.release().Orders = nil
		return d.enter(Retiring, note("Passed", "%s passed the watch of %s", named(r.Version), watch.Duration))
	default:
		plan := d.stall(d.deadline(watch.Duration+dataDeadline), "NotProven", "the watch is over, but %s", strings.Join(waits, "; "))
		return d.watchful(plan)
	}
}

// condemned says what the watch has found against the new color: a failed job or signal.
func (d *decider) condemned() (reason, message string) {
	r := d.State.Release
	for _, failed := range []string{d.failed(StageAfter, r.Spec.After), d.failed(StageWatch, r.Spec.Watch.Jobs)} {
		if failed != "" {
			return "JobFailed", failed
		}
	}
	if failed := d.judge(r.Spec.Watch.Signals).failed; len(failed) > 0 {
		return "SignalFailed", strings.Join(failed, "; ")
	}
	return "", ""
}

func watched(waits []string) string {
	if len(waits) == 0 {
		return "all is well so far"
	}
	return strings.Join(waits, "; ")
}

// watchful looks again after an interval, whatever else the plan waits for.
func (d *decider) watchful(plan Plan) Plan {
	if wake := d.wakeForSignals(); !wake.IsZero() && (plan.Wake.IsZero() || wake.Before(plan.Wake)) {
		plan.Wake = wake
	}
	return plan
}

// wakeForSignals is when to measure again, zero if nothing is to be measured.
func (d *decider) wakeForSignals() time.Time {
	if !d.underway() {
		return time.Time{}
	}
	return d.now.Add(max(d.State.Release.Spec.Watch.Interval, pollInterval))
}

// judgement is what signals say together.
type judgement struct{ failed, waits []string }

// judge compares the measured values with their limits.
func (d *decider) judge(signals []Signal) judgement {
	var j judgement
	for _, signal := range signals {
		sample, there := d.Samples[signal.Name]
		if !there {
			sample = Sample{Trouble: "not measured yet"}
		}
		switch verdict, why := signal.Judge(sample, d.State.Release.Baseline); verdict {
		case Fail:
			j.failed = append(j.failed, fmt.Sprintf("signal %s %s", signal.Name, why))
		case NoData:
			j.waits = append(j.waits, fmt.Sprintf("signal %s: %s", signal.Name, why))
		case Pass:
		}
	}
	return j
}

// SignalVerdict is what a measured value says.
type SignalVerdict string

// The verdicts. A value that is not there passes nothing and fails nothing.
const (
	Pass   SignalVerdict = "Pass"
	Fail   SignalVerdict = "Fail"
	NoData SignalVerdict = "NoData"
)

// Judge compares a value with the limits of a signal, and with what there was before the
// switch, by the names of signals. It says why where it does not pass.
func (s Signal) Judge(sample Sample, before map[string]float64) (verdict SignalVerdict, why string) {
	baseline, based := before[s.Name]
	switch missing := sample.enough(s); {
	case missing != "":
		return NoData, missing
	case s.Max != nil && sample.Value > *s.Max:
		return Fail, fmt.Sprintf("is %.4g, above %.4g", sample.Value, *s.Max)
	case s.Increase == nil, based && baseline == 0 && s.Max != nil:
		// Nothing can be compared with zero; the limit alone judges.
		return Pass, ""
	case !based:
		return NoData, "no value from before the switch to compare with"
	case sample.Value > baseline*(1+*s.Increase/100):
		return Fail, fmt.Sprintf("is %.4g, more than %.4g %% above %.4g before the switch", sample.Value, *s.Increase, baseline)
	default:
		return Pass, ""
	}
}

// enough says why a sample judges nothing, "" if it does.
func (s Sample) enough(signal Signal) string {
	switch {
	case s.Trouble != "":
		return s.Trouble
	case s.Value != s.Value: // Not a number: a rate over nothing.
		return "no data (NaN)"
	case s.Samples >= 0 && s.Samples < signal.MinSamples:
		return fmt.Sprintf("%.4g of %.4g samples", s.Samples, signal.MinSamples)
	default:
		return ""
	}
}
