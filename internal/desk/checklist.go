package desk

import (
	"fmt"
	"slices"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// checklist is the release's, each step with who or what says that it was done. A step that
// was not done stays open, whatever the outcome.
func (w *paper) checklist() {
	r := w.full
	fmt.Fprintf(w, "## %s\n\n", w.words.checklist)
	w.past(v1alpha1.PhaseDeploying, v1alpha1.PhaseVerifying, fmt.Sprintf(w.words.stepDeployed, r.To, named(r.Version)))
	w.jobs(v1alpha1.StageVerify, spec(w.BlueGreen).Verify.Jobs)
	w.checks(v1alpha1.StageVerify, spec(w.BlueGreen).Verify.Checklist)
	w.past(v1alpha1.PhaseVerifying, v1alpha1.PhaseAwaitingDecision, w.words.stepVerified)
	w.step(w.reached(v1alpha1.PhaseSwitching), w.words.stepDecided, w.decidedBy())
	w.jobs(v1alpha1.StageBeforeSwitch, spec(w.BlueGreen).Hooks.BeforeSwitch)
	w.step(!r.EndpointsSwitchedTime.IsZero(), fmt.Sprintf(w.words.stepSwitched, r.To), between(r.MoveTime.Time, r.EndpointsSwitchedTime.Time))
	w.jobs(v1alpha1.StageAfterSwitch, spec(w.BlueGreen).Hooks.AfterSwitch)
	w.jobs(v1alpha1.StageWatch, spec(w.BlueGreen).Watch.Jobs)
	w.checks(v1alpha1.StageWatch, spec(w.BlueGreen).Watch.Checklist)
	for i := range r.Signals {
		s := &r.Signals[i]
		w.step(s.Outcome == v1alpha1.SignalPass, fmt.Sprintf(w.words.stepSignal, s.Name), s.Message)
	}
	w.step(r.RetireColor == r.From && r.RetireColor != "", fmt.Sprintf(w.words.stepWatched, took(spec(w.BlueGreen).Watch.Duration.Duration)), "")
	if rolled := rollingBack(r); !rolled.IsZero() {
		w.step(!r.EndpointsRestoredTime.IsZero(), fmt.Sprintf(w.words.stepRolledBack, r.From), between(rolled, r.EndpointsRestoredTime.Time))
		fmt.Fprintln(w)
		return
	}
	old := r.From
	if r.Outcome == v1alpha1.OutcomeAborted && r.RetireColor != "" {
		old = r.RetireColor
	}
	w.step(r.RetireOrdered, fmt.Sprintf(w.words.stepRetired, old), "")
	fmt.Fprintln(w)
}

// step writes one line of the checklist, with what is known of it behind a comma.
func (w *paper) step(done bool, what, known string) {
	box := " "
	if done {
		box = "x"
	}
	if known != "" && (done || known != w.words.nobody) {
		what += w.words.dash + escape(known)
	}
	fmt.Fprintf(w, "- [%s] %s\n", box, what)
}

// past writes a step that is done once the release went on to the next phase.
func (w *paper) past(phase, next v1alpha1.Phase, what string) {
	if w.reached(next) {
		w.step(true, what, w.spent(phase))
		return
	}
	w.step(false, what, "")
}

// reached says whether the release has been in a phase.
func (w *paper) reached(phase v1alpha1.Phase) bool {
	return slices.ContainsFunc(w.full.Phases, func(p v1alpha1.PhaseTime) bool { return p.Phase == phase })
}

// spent is how long a phase took in all, "" if it has not ended.
func (w *paper) spent(phase v1alpha1.Phase) string {
	for i, p := range w.full.Phases {
		if p.Phase == phase && i+1 < len(w.full.Phases) {
			return between(p.StartTime.Time, w.full.Phases[i+1].StartTime.Time)
		}
	}
	return ""
}

func (w *paper) jobs(stage v1alpha1.Stage, jobs []v1alpha1.Job) {
	for _, job := range jobs {
		what := fmt.Sprintf(w.words.stepJob, job.Name, stage)
		i := slices.IndexFunc(w.full.Jobs, func(j v1alpha1.JobStatus) bool { return j.Stage == stage && j.Name == job.Name })
		if i < 0 {
			w.step(false, what, "")
			continue
		}
		run := &w.full.Jobs[i]
		known := string(run.State)
		if lasted := between(run.StartTime.Time, run.EndTime.Time); lasted != "" {
			known = fmt.Sprintf(w.words.by, known, lasted)
		}
		if run.Message != "" {
			known += w.words.colon + run.Message
		}
		w.step(run.State == v1alpha1.JobSucceeded, what, known)
	}
}

func (w *paper) checks(stage v1alpha1.Stage, checks []v1alpha1.Check) {
	for _, check := range checks {
		what := fmt.Sprintf(w.words.stepCheck, check.Name)
		if check.Description != "" {
			what += w.words.colon + escape(check.Description)
		}
		known := ""
		i := slices.IndexFunc(w.full.Checks, func(c v1alpha1.CheckStatus) bool { return c.Stage == stage && c.Name == check.Name })
		if i >= 0 {
			known = fmt.Sprintf(w.words.by, w.full.Checks[i].By, stamp(w.full.Checks[i].Time.Time))
		}
		w.step(i >= 0, what, known)
	}
}
