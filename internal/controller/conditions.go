package controller

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
)

// writeConditions says in the form of conditions where a release stands. Ready,
// Reconciling and Stalled are those of kstatus.
func writeConditions(bg *v1alpha1.BlueGreen, plan *release.Plan) {
	status := &bg.Status
	status.ObservedGeneration = bg.Generation
	status.Waiting = nil
	if plan.Reason != "" {
		status.Waiting = &v1alpha1.Waiting{Reason: plan.Reason, Message: plan.Message, UntilTime: micro(plan.Until), Stalled: plan.Stalled}
	}
	phase, idle := string(plan.State.Phase), plan.State.Phase == release.Idle
	if phase == "" {
		phase = "Unknown"
	}
	set(bg, v1alpha1.ConditionReconciling, plan.State.Running() && !plan.Stalled, phase, summary(&plan.State))
	if plan.Stalled {
		set(bg, v1alpha1.ConditionStalled, true, plan.Reason, plan.Message)
	} else {
		set(bg, v1alpha1.ConditionStalled, false, phase, "nobody has to do anything about it")
	}
	if plan.Stalled || plan.Unready {
		set(bg, v1alpha1.ConditionReady, false, plan.Reason, plan.Message)
	} else {
		set(bg, v1alpha1.ConditionReady, idle, phase, summary(&plan.State))
	}
	if r := plan.State.Release; r != nil {
		verified := plan.State.Phase != release.Deploying && plan.State.Phase != release.Verifying &&
			r.Outcome != release.Aborted && r.Outcome != release.Superseded
		reason := v1alpha1.ReasonNotVerified
		if verified {
			reason = v1alpha1.ReasonVerified
		}
		set(bg, v1alpha1.ConditionVerified, verified, reason, r.Name)
	}
}

// summary is the state in a few words that change only when the state does.
func summary(state *release.State) string {
	r := state.Release
	switch {
	case state.Phase == "":
		return "no color is live yet"
	case r == nil || state.Phase == release.Idle:
		return fmt.Sprintf("%s is live", state.Live)
	default:
		return fmt.Sprintf("%s brings %s to %s", r.Name, r.Version, r.To)
	}
}

func set(bg *v1alpha1.BlueGreen, kind string, yes bool, reason, message string) {
	status := metav1.ConditionFalse
	if yes {
		status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&bg.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: bg.Generation,
	})
}

// writeResults puts what was seen of the present release into its status: for people, and
// for the report. Nothing is decided by it.
func writeResults(status *v1alpha1.BlueGreenStatus, o *release.Observation, now time.Time) {
	r := status.Release
	if r == nil || r.Spec == nil || o.State.Release == nil || o.State.Release.Name != r.Name || !o.State.Running() {
		return
	}
	r.Jobs, r.Checks, r.Decisions = jobResults(r, o), checkResults(r, o), decisionResults(r, o, now)
	for i := range r.Signals {
		writeSignal(&r.Signals[i], o)
	}
}

// writeSignalsReady says whether the queries of a spec run, before any release depends on
// them. That they have no data yet is nothing that anybody could cure.
func writeSignalsReady(bg *v1alpha1.BlueGreen, o *release.Observation) {
	list := bg.Spec.Watch.Signals
	switch {
	case len(list) == 0:
		set(bg, v1alpha1.ConditionSignalsReady, true, v1alpha1.ReasonNoSignals, "nothing is measured")
		return
	case bg.Status.Phase != v1alpha1.PhaseIdle:
		return
	}
	all := true
	for i := range list {
		sample, measured := o.Samples[list[i].Name]
		if trouble := sample.Trouble; trouble != "" && trouble != signals.NoData {
			set(bg, v1alpha1.ConditionSignalsReady, false, v1alpha1.ReasonSignalsInvalid, fmt.Sprintf("signal %s: %s", list[i].Name, trouble))
			return
		}
		all = all && measured
	}
	if all {
		set(bg, v1alpha1.ConditionSignalsReady, true, v1alpha1.ReasonSignalsReady, "every query runs")
	}
}

func jobResults(r *v1alpha1.Release, o *release.Observation) []v1alpha1.JobStatus {
	var list []v1alpha1.JobStatus
	for _, stage := range []struct {
		stage v1alpha1.Stage
		jobs  []v1alpha1.Job
	}{
		{v1alpha1.StageVerify, r.Spec.Verify.Jobs},
		{v1alpha1.StageBeforeSwitch, r.Spec.Hooks.BeforeSwitch},
		{v1alpha1.StageAfterSwitch, r.Spec.Hooks.AfterSwitch},
		{v1alpha1.StageWatch, r.Spec.Watch.Jobs},
	} {
		for _, job := range stage.jobs {
			key := release.JobKey{Stage: release.Stage(stage.stage), Name: job.Name}
			run, there := o.Jobs[key]
			if !there {
				continue
			}
			result := v1alpha1.JobStatus{
				Stage: stage.stage, Name: job.Name, Job: jobName(r.Name, key), State: v1alpha1.JobRunning,
				Message: run.Message, StartTime: micro(run.Began), EndTime: micro(run.Ended),
			}
			switch {
			case run.Failed:
				result.State = v1alpha1.JobFailed
			case run.Succeeded:
				result.State = v1alpha1.JobSucceeded
			}
			list = append(list, result)
		}
	}
	return list
}

func checkResults(r *v1alpha1.Release, o *release.Observation) []v1alpha1.CheckStatus {
	var list []v1alpha1.CheckStatus
	add := func(stage v1alpha1.Stage, checks []v1alpha1.Check, ticked func(decisions []release.Decision, item string) *release.Decision) {
		for _, check := range checks {
			if d := ticked(o.Decisions, check.Name); d != nil {
				list = append(list, v1alpha1.CheckStatus{Stage: stage, Name: check.Name, By: d.By, Time: micro(d.At)})
			}
		}
	}
	present := release.Release{Name: r.Name, Revised: r.RevisedTime.Time, Moved: r.EndpointsSwitchedTime.Time}
	add(v1alpha1.StageVerify, r.Spec.Verify.Checklist, present.Verified)
	if !r.EndpointsSwitchedTime.IsZero() {
		add(v1alpha1.StageWatch, r.Spec.Watch.Checklist, present.Watched)
	}
	return list
}

// maxWords bounds the words on a release that its status holds: an object in etcd has 1.5 MB,
// and a status that cannot be written records no rollback.
const maxWords = 50

// decisionResults are the words on a release, as many as a status holds without harm.
func decisionResults(r *v1alpha1.Release, o *release.Observation, now time.Time) []v1alpha1.DecisionStatus {
	var list []v1alpha1.DecisionStatus
	for i := range o.Decisions {
		if d := &o.Decisions[i]; d.Release == r.Name && d.Verdict != release.Checked {
			result := v1alpha1.DecisionStatus{
				Name: d.Name, Verdict: v1alpha1.Verdict(d.Verdict), By: d.By, Reason: d.Reason, Time: micro(d.At),
			}
			if d.Verdict == release.Go {
				result.Discounted = o.Discounted(d, now)
			}
			list = append(list, result)
		}
	}
	return fewest(list)
}

// fewest are those of the words that a status has room for: of each person the first of each
// that counts, before all others.
func fewest(list []v1alpha1.DecisionStatus) []v1alpha1.DecisionStatus {
	if len(list) <= maxWords {
		return list
	}
	heard := map[[2]string]bool{}
	var first, others []v1alpha1.DecisionStatus
	for i := range list {
		what := [2]string{list[i].By, string(list[i].Verdict)}
		if heard[what] || list[i].Discounted != "" {
			others = append(others, list[i])
			continue
		}
		heard[what] = true
		first = append(first, list[i])
	}
	return append(first, others...)[:maxWords]
}

func writeSignal(status *v1alpha1.SignalStatus, o *release.Observation) {
	sample, measured := o.Samples[status.Name]
	if !measured {
		return
	}
	for _, signal := range o.State.Release.Spec.Watch.Signals {
		if signal.Name != status.Name {
			continue
		}
		verdict, message := signal.Judge(sample, o.State.Release.Baseline)
		status.Outcome, status.Message = v1alpha1.SignalOutcome(verdict), message
	}
	status.Value, status.Samples = "", ""
	if sample.Trouble == "" {
		status.Value = strconv.FormatFloat(sample.Value, 'g', 6, 64)
		if sample.Samples >= 0 {
			status.Samples = strconv.FormatFloat(sample.Samples, 'g', 6, 64)
		}
	}
}
