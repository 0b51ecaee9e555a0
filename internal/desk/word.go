package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Word is what a person wants to say of a release.
type Word struct {
	Verdict v1alpha1.Verdict
	// Item of a checklist, for Checked.
	Item string
	// Release that is meant; empty is the one on its way.
	Release string
	// By is the user, as the API server knows them.
	By string
}

// Fits says why a word comes to nothing where a release stands, nil if it does not.
func (w Word) Fits(bg *v1alpha1.BlueGreen, now time.Time) error {
	r := bg.Status.Release
	switch {
	case w.Release != "" && r == nil:
		return fmt.Errorf("%s is not on its way: %s has had no release yet", w.Release, bg.Name)
	case w.Release != "" && r.Name != w.Release:
		return fmt.Errorf("%s is not on its way: the present release of %s is %s", w.Release, bg.Name, r.Name)
	case !Running(bg) || r.Outcome != "":
		return w.late(bg)
	}
	switch w.Verdict {
	case v1alpha1.VerdictGo:
		return w.fitsGo(bg, now)
	case v1alpha1.VerdictNoGo:
		return fitsNoGo(bg)
	case v1alpha1.VerdictRollback:
		return fitsRollback(bg)
	case v1alpha1.VerdictChecked:
		return w.fitsCheck(bg)
	default:
		return fmt.Errorf("there is no verdict %s", w.Verdict)
	}
}

// Running says whether a release is on its way. One that has its outcome and only waits
// for its color to be retired is.
func Running(bg *v1alpha1.BlueGreen) bool {
	phase := bg.Status.Phase
	return bg.Status.Release != nil && phase != "" && phase != v1alpha1.PhaseIdle
}

// late is for a word on a release that has its outcome, or on none.
func (w Word) late(bg *v1alpha1.BlueGreen) error {
	r := bg.Status.Release
	switch {
	case r == nil:
		return fmt.Errorf("no release of %s is on its way: %s begins one", bg.Name, begins(bg))
	case w.Verdict == v1alpha1.VerdictRollback && r.Outcome == v1alpha1.OutcomeSucceeded:
		return otherDirection(bg, fmt.Sprintf("%s has ended: %s", r.Name, r.Outcome))
	default:
		return fmt.Errorf("%s has ended: %s", r.Name, ended(r.Outcome, r.Message))
	}
}

// begins says what begins a release.
func begins(bg *v1alpha1.BlueGreen) string {
	if bg.Status.LiveColor == "" {
		return fmt.Sprintf("kubectl tealgate release %s", bg.Name)
	}
	return fmt.Sprintf("a new version on %s, or kubectl tealgate release %s,", bg.Status.LiveColor.Other(), bg.Name)
}

func ended(outcome v1alpha1.Outcome, message string) string {
	if message == "" {
		return string(outcome)
	}
	return fmt.Sprintf("%s, %s", outcome, message)
}

// otherDirection is for a way back that is there no more. What was deleted with the old color
// cannot be asked for: deploying it begins the release.
func otherDirection(bg *v1alpha1.BlueGreen, why string) error {
	r := bg.Status.Release
	if spec(bg).Retire.Action == v1alpha1.RetireDelete && r.Reason != "Kept" {
		return fmt.Errorf("%s, so there is no way back in it; %s is deleted: to begin a release in the other direction, deploy %s to it",
			why, r.From, named(r.FromVersion))
	}
	return fmt.Errorf("%s, so there is no way back in it; scaling %s up first is a release in the other direction: kubectl tealgate release %s",
		why, r.From, bg.Name)
}

func (w Word) fitsGo(bg *v1alpha1.BlueGreen, now time.Time) error {
	r, approval := bg.Status.Release, spec(bg).Approval
	switch phase := bg.Status.Phase; {
	case approval.Policy == v1alpha1.ApprovalAutomatic:
		return fmt.Errorf("%s asks nobody: spec.approval.policy is %s", r.Name, approval.Policy)
	case phase == v1alpha1.PhaseDeploying || phase == v1alpha1.PhaseVerifying:
		return fmt.Errorf("%s is %s, and Go is for what is verified%s", r.Name, phase, waits(bg))
	case phase != v1alpha1.PhaseAwaitingDecision:
		return fmt.Errorf("%s is %s: Go was said already, by %s", r.Name, phase, list(r.DecidedBy))
	}
	if approval.Separation != v1alpha1.SeparationNone {
		if slices.Contains(r.Deployers, w.By) {
			return fmt.Errorf("%s deployed %s, and who deployed may not decide: somebody else must say Go", w.By, named(r.Version))
		}
		if strings.HasPrefix(w.By, "system:serviceaccount:"+bg.Namespace+":") {
			return fmt.Errorf("%s is a ServiceAccount of namespace %s, and these may not decide: a person must say Go", w.By, bg.Namespace)
		}
	}
	if by := ayes(bg, now); slices.Contains(by, w.By) {
		return fmt.Errorf("%s has said Go to %s already: %s", w.By, r.Name, tally(len(by), approval))
	}
	return nil
}

// ayes are those whose Go counts now, as far as the status shows.
func ayes(bg *v1alpha1.BlueGreen, now time.Time) []string {
	r, approval := bg.Status.Release, spec(bg).Approval
	var by []string
	for i := range r.Decisions {
		d := &r.Decisions[i]
		counts := d.Verdict == v1alpha1.VerdictGo && d.Discounted == "" && d.Time.After(r.RevisedTime.Time) &&
			now.Before(d.Time.Add(approval.ValidFor.Duration)) &&
			(approval.Separation == v1alpha1.SeparationNone || !slices.Contains(r.Deployers, d.By))
		if counts && !slices.Contains(by, d.By) {
			by = append(by, d.By)
		}
	}
	return by
}

func tally(n int, approval v1alpha1.Approval) string {
	return fmt.Sprintf("%d of %d Go", n, max(1, approval.Approvals))
}

func fitsNoGo(bg *v1alpha1.BlueGreen) error {
	r := bg.Status.Release
	switch phase := bg.Status.Phase; phase {
	case v1alpha1.PhaseDeploying, v1alpha1.PhaseVerifying, v1alpha1.PhaseAwaitingDecision:
		return nil
	default:
		if err := fitsRollback(bg); err != nil {
			return err
		}
		return fmt.Errorf("%s is %s, and NoGo comes too late: kubectl tealgate rollback %s", r.Name, phase, bg.Name)
	}
}

func fitsRollback(bg *v1alpha1.BlueGreen) error {
	r := bg.Status.Release
	switch phase := bg.Status.Phase; {
	case phase == v1alpha1.PhaseRollingBack:
		return fmt.Errorf("%s rolls back already: %s", r.Name, r.Message)
	case r.RetireOrdered:
		return otherDirection(bg, fmt.Sprintf("%s retires %s already", r.Name, r.From))
	case phase == v1alpha1.PhaseSwitching, phase == v1alpha1.PhaseWatching, phase == v1alpha1.PhaseRetiring:
		return nil
	default:
		return fmt.Errorf("%s is %s and has moved nothing, so there is nothing to roll back: kubectl tealgate no-go %s", r.Name, phase, bg.Name)
	}
}

func (w Word) fitsCheck(bg *v1alpha1.BlueGreen) error {
	r, items := bg.Status.Release, checklist(bg)
	if len(items) == 0 {
		return fmt.Errorf("%s is %s, where nothing is to be checked off", r.Name, bg.Status.Phase)
	}
	open := Open(bg)
	if slices.Contains(open, w.Item) {
		return nil
	}
	if i := slices.IndexFunc(r.Checks, func(c v1alpha1.CheckStatus) bool { return c.Name == w.Item && c.Stage == stage(bg) }); i >= 0 {
		return fmt.Errorf("%s was checked off already, by %s", w.Item, r.Checks[i].By)
	}
	return fmt.Errorf("%q is no item of the checklist in %s; open: %s", w.Item, bg.Status.Phase, list(open))
}

// checklist are the items that can be checked off in the present phase.
func checklist(bg *v1alpha1.BlueGreen) []v1alpha1.Check {
	switch stage(bg) {
	case v1alpha1.StageVerify:
		return spec(bg).Verify.Checklist
	case v1alpha1.StageWatch:
		return spec(bg).Watch.Checklist
	default:
		return nil
	}
}

// stage is the one whose checklist is open in the present phase, if any.
func stage(bg *v1alpha1.BlueGreen) v1alpha1.Stage {
	switch bg.Status.Phase {
	case v1alpha1.PhaseVerifying:
		return v1alpha1.StageVerify
	case v1alpha1.PhaseWatching:
		return v1alpha1.StageWatch
	default:
		return ""
	}
}

// Open are the items that wait for somebody to check them off now. The status has those ticks
// only that count.
func Open(bg *v1alpha1.BlueGreen) []string {
	var open []string
	for _, item := range checklist(bg) {
		ticked := slices.ContainsFunc(bg.Status.Release.Checks, func(c v1alpha1.CheckStatus) bool {
			return c.Stage == stage(bg) && c.Name == item.Name
		})
		if !ticked {
			open = append(open, item.Name)
		}
	}
	return open
}

// Since is the time that a verdict must be later than to count, zero if any does: in the watch
// the second in which it began counts.
func Since(bg *v1alpha1.BlueGreen, verdict v1alpha1.Verdict) time.Time {
	r := bg.Status.Release
	switch {
	case r == nil || verdict == v1alpha1.VerdictNoGo || verdict == v1alpha1.VerdictRollback,
		verdict == v1alpha1.VerdictChecked && bg.Status.Phase == v1alpha1.PhaseWatching:
		return time.Time{}
	default:
		return r.RevisedTime.Time
	}
}

// Next says what follows from a word that was given.
func (w Word) Next(bg *v1alpha1.BlueGreen, now time.Time) string {
	r := bg.Status.Release
	switch w.Verdict {
	case v1alpha1.VerdictGo:
		return w.nextAfterGo(bg, now)
	case v1alpha1.VerdictNoGo:
		return fmt.Sprintf("%s ends as %s: %s stays live with %s, and %s is retired%s", r.Name, v1alpha1.OutcomeAborted,
			r.From, named(r.FromVersion), r.To, onceResumed(bg))
	case v1alpha1.VerdictRollback:
		return fmt.Sprintf("%s goes back to %s, %s, whatever becomes of %s", r.Name, r.From, named(r.FromVersion), r.To)
	default:
		left := slices.DeleteFunc(Open(bg), func(item string) bool { return item == w.Item })
		if len(left) == 0 {
			return "that was the last open item"
		}
		return "still open: " + list(left)
	}
}

func (w Word) nextAfterGo(bg *v1alpha1.BlueGreen, now time.Time) string {
	r, approval := bg.Status.Release, spec(bg).Approval
	by := len(ayes(bg, now)) + 1
	if by < int(max(1, approval.Approvals)) {
		return fmt.Sprintf("%s: somebody else must say it too%s", tally(by, approval), until(bg, now))
	}
	return fmt.Sprintf("%s switches from %s, %s, to %s, %s, as soon as %s is fit%s",
		r.Name, r.From, named(r.FromVersion), r.To, named(r.Version), r.To, onceResumed(bg))
}

// until is when the present wait ends, behind a comma.
func until(bg *v1alpha1.BlueGreen, now time.Time) string {
	if w := bg.Status.Waiting; w != nil && !w.UntilTime.IsZero() {
		return ", until " + clock(w.UntilTime.Time, now)
	}
	return ""
}

func onceResumed(bg *v1alpha1.BlueGreen) string {
	if !bg.Spec.Paused {
		return ""
	}
	return fmt.Sprintf(", once it is no longer paused: kubectl tealgate resume %s", bg.Name)
}

// waits is what the release waits for, behind a colon.
func waits(bg *v1alpha1.BlueGreen) string {
	if w := bg.Status.Waiting; w != nil && w.Message != "" {
		return ": " + w.Message
	}
	return ""
}

// spec is the one that the present release works from.
func spec(bg *v1alpha1.BlueGreen) *v1alpha1.BlueGreenSpec {
	if r := bg.Status.Release; r != nil && r.Spec != nil {
		return r.Spec
	}
	return &bg.Spec
}

func named(version string) string {
	if version == "" {
		return "no version"
	}
	return version
}

func list(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// String is the word in one line, as it is said back to who said it.
func (w Word) String() string {
	if w.Verdict == v1alpha1.VerdictChecked {
		return fmt.Sprintf("%s checked off by %s", w.Item, w.By)
	}
	return fmt.Sprintf("%s by %s", w.Verdict, w.By)
}

// Tick notes in a BlueGreen that an item was checked off, as the controller is going to.
func (w Word) Tick(bg *v1alpha1.BlueGreen, now time.Time) {
	if r := bg.Status.Release; w.Verdict == v1alpha1.VerdictChecked {
		r.Checks = append(r.Checks, v1alpha1.CheckStatus{Stage: stage(bg), Name: w.Item, By: w.By, Time: metav1.NewMicroTime(now)})
	}
}
