package release

import (
	"fmt"
	"slices"
	"strings"
)

// verifying runs the jobs against the preview and waits for the checklist.
func (d *decider) verifying() Plan {
	if plan := d.interrupted(); plan != nil {
		return *plan
	}
	r := d.State.Release
	verify := r.Spec.Verify
	limit := d.deadline(verify.Deadline)
	if failed := d.failed(StageVerify, verify.Jobs); failed != "" {
		return d.abort("VerificationFailed", "%s", failed)
	}
	open := d.open(verify.Checklist, r.Verified)
	waits := slices.Concat(d.unfit(), d.unseen(), d.running(StageVerify, verify.Jobs), open)
	if len(waits) > 0 && d.expired(verify.Deadline) {
		return d.abort("VerifyDeadline", "not verified after %s: %s", verify.Deadline, strings.Join(waits, "; "))
	}
	if plan := d.show(r.To); plan != nil {
		return *plan
	}
	if reasons := slices.Concat(d.unfit(), d.unseen()); len(reasons) > 0 {
		return d.poll(limit, "NotReady", "%s", strings.Join(reasons, "; "))
	}
	if plan := d.run(StageVerify, verify.Jobs); plan != nil {
		return *plan
	}
	if len(waits) > 0 {
		return d.wait(limit, "Verifying", "%s", strings.Join(waits, "; "))
	}
	return d.enter(AwaitingDecision, note("Verified", "%s on %s passed %s", named(r.Version), r.To, passed(verify)))
}

func passed(verify Verify) string {
	return fmt.Sprintf("%d of %d jobs and %d of %d checks", len(verify.Jobs), len(verify.Jobs), len(verify.Checklist), len(verify.Checklist))
}

// unseen says which previews do not show the new color yet.
func (d *decider) unseen() []string {
	r := d.State.Release
	var waits []string
	for i := range d.Services {
		switch p := d.Services[i].Preview; {
		case p == nil:
		case p.Missing:
			waits = append(waits, fmt.Sprintf("there is no preview Service %s", p.Name))
		case p.Serving[r.To] == 0 || p.Serving[r.From] > 0:
			waits = append(waits, fmt.Sprintf("preview Service %s does not show %s yet", p.Name, r.To))
		}
	}
	return waits
}

// run starts the first job of a stage that was not started, once those before it succeeded.
func (d *decider) run(stage Stage, names []string) *Plan {
	for _, name := range names {
		key := JobKey{stage, name}
		job, there := d.Jobs[key]
		if !there {
			plan := d.do(Run{key}, "StartingJob", "job %s starts", name)
			return &plan
		}
		if !job.Succeeded {
			break
		}
	}
	return nil
}

// running says which jobs of a stage have not succeeded.
func (d *decider) running(stage Stage, names []string) []string {
	var waits []string
	for _, name := range names {
		if !d.Jobs[JobKey{stage, name}].Succeeded {
			waits = append(waits, fmt.Sprintf("job %s has not succeeded yet", name))
		}
	}
	return waits
}

// failed says what the first failed job of a stage had to say, "" if none failed.
func (d *decider) failed(stage Stage, names []string) string {
	for _, name := range names {
		if job := d.Jobs[JobKey{stage, name}]; job.Failed {
			return strings.TrimSuffix(fmt.Sprintf("job %s failed: %s", name, job.Message), ": ")
		}
	}
	return ""
}
