package desk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

func TestFits(t *testing.T) {
	said := func(verdict v1alpha1.Verdict, by string) Word { return Word{Verdict: verdict, By: by} }
	const goes, nogo, rollback = v1alpha1.VerdictGo, v1alpha1.VerdictNoGo, v1alpha1.VerdictRollback
	checked := func(item string) Word { return Word{Verdict: v1alpha1.VerdictChecked, Item: item, By: "tom"} }
	automatic := func(bg *v1alpha1.BlueGreen) { bg.Status.Release.Spec.Approval.Policy = v1alpha1.ApprovalAutomatic }
	ordered := func(bg *v1alpha1.BlueGreen) { switched(bg); bg.Status.Release.RetireOrdered = true }
	deleted := func(bg *v1alpha1.BlueGreen) {
		ordered(bg)
		bg.Status.Release.Spec.Retire.Action = v1alpha1.RetireDelete
	}
	none := func(bg *v1alpha1.BlueGreen) { bg.Status.Release = nil }
	two := func(bg *v1alpha1.BlueGreen) {
		switched(bg)
		bg.Status.Release.Spec.Approval.Approvals = 2
	}
	for name, test := range map[string]struct {
		bg   *v1alpha1.BlueGreen
		word Word
		want string
	}{
		"Go":               {shop(v1alpha1.PhaseAwaitingDecision), said(goes, "mia"), ""},
		"GoNoRelease":      {shop(v1alpha1.PhaseIdle, none), said(goes, "mia"), "no release of shop is on its way: a new version on green, or kubectl tealgate release shop, begins one"},
		"GoEarly":          {shop(v1alpha1.PhaseVerifying, waitingFor("check payment is open", 0)), said(goes, "mia"), "shop-17 is Verifying, and Go is for what is verified: check payment is open"},
		"GoTwice":          {shop(v1alpha1.PhaseAwaitingDecision, two), said(goes, "mia"), "mia has said Go to shop-17 already: 1 of 2 Go"},
		"GoAgain":          {shop(v1alpha1.PhaseAwaitingDecision, two), said(goes, "ann"), ""},
		"GoLate":           {shop(v1alpha1.PhaseWatching, switched), said(goes, "ann"), "shop-17 is Watching: Go was said already, by mia"},
		"GoDeployer":       {shop(v1alpha1.PhaseAwaitingDecision), said(goes, "lee"), "lee deployed 1.5.0, and who deployed may not decide: somebody else must say Go"},
		"GoRobot":          {shop(v1alpha1.PhaseAwaitingDecision), said(goes, "system:serviceaccount:shop:ci"), "system:serviceaccount:shop:ci is a ServiceAccount of namespace shop, and these may not decide: a person must say Go"},
		"GoAutomatic":      {shop(v1alpha1.PhaseAwaitingDecision, automatic), said(goes, "mia"), "shop-17 asks nobody: spec.approval.policy is Automatic"},
		"GoEnded":          {shop(v1alpha1.PhaseVerifying, ended17(v1alpha1.OutcomeAborted, "mia said NoGo: no")), said(goes, "mia"), "shop-17 has ended: Aborted, mia said NoGo: no"},
		"OtherRelease":     {shop(v1alpha1.PhaseAwaitingDecision), Word{Verdict: goes, Release: "shop-16", By: "mia"}, "shop-16 is not on its way: the present release of shop is shop-17"},
		"NoSuchRelease":    {shop(v1alpha1.PhaseIdle, none), Word{Verdict: goes, Release: "shop-16", By: "mia"}, "shop-16 is not on its way: shop has had no release yet"},
		"NoGo":             {shop(v1alpha1.PhaseDeploying), said(nogo, "mia"), ""},
		"NoGoLate":         {shop(v1alpha1.PhaseWatching, switched), said(nogo, "mia"), "shop-17 is Watching, and NoGo comes too late: kubectl tealgate rollback shop"},
		"NoGoTooLate":      {shop(v1alpha1.PhaseRetiring, ordered), said(nogo, "mia"), "shop-17 retires blue already, so there is no way back in it; scaling blue up first is a release in the other direction: kubectl tealgate release shop"},
		"Rollback":         {shop(v1alpha1.PhaseWatching, switched), said(rollback, "mia"), ""},
		"RollbackByWho":    {shop(v1alpha1.PhaseSwitching), said(rollback, "lee"), ""},
		"RollbackEarly":    {shop(v1alpha1.PhaseVerifying), said(rollback, "mia"), "shop-17 is Verifying and has moved nothing, so there is nothing to roll back: kubectl tealgate no-go shop"},
		"RollbackRetiring": {shop(v1alpha1.PhaseRetiring, switched), said(rollback, "mia"), ""},
		"RollbackRetired":  {shop(v1alpha1.PhaseRetiring, ordered), said(rollback, "mia"), "shop-17 retires blue already, so there is no way back in it; scaling blue up first is a release in the other direction: kubectl tealgate release shop"},
		"RollbackEnded":    {shop(v1alpha1.PhaseRetiring, ended17(v1alpha1.OutcomeSucceeded, "")), said(rollback, "mia"), "shop-17 has ended: Succeeded, so there is no way back in it; scaling blue up first is a release in the other direction: kubectl tealgate release shop"},
		"RollbackDeleted":  {shop(v1alpha1.PhaseRetiring, deleted), said(rollback, "mia"), "shop-17 retires blue already, so there is no way back in it; blue is deleted: to begin a release in the other direction, deploy 1.4.0 to it"},
		"RollbackKept": {shop(v1alpha1.PhaseRetiring, deleted, ended17(v1alpha1.OutcomeSucceeded, ""), func(bg *v1alpha1.BlueGreen) {
			bg.Status.Release.Reason = "Kept"
		}), said(rollback, "mia"), "shop-17 has ended: Succeeded, so there is no way back in it; scaling blue up first is a release in the other direction: kubectl tealgate release shop"},
		"RollbackTwice": {shop(v1alpha1.PhaseRollingBack, func(bg *v1alpha1.BlueGreen) {
			bg.Status.Release.Message = "mia said Rollback: slow"
		}), said(rollback, "mia"), "shop-17 rolls back already: mia said Rollback: slow"},
		"Checked":        {shop(v1alpha1.PhaseVerifying), checked("payment"), ""},
		"CheckedInWatch": {shop(v1alpha1.PhaseWatching, switched), checked("orders"), ""},
		"CheckedTwice":   {shop(v1alpha1.PhaseVerifying, verified), checked("payment"), "payment was checked off already, by tom"},
		"CheckedWrong":   {shop(v1alpha1.PhaseVerifying), checked("paiment"), `"paiment" is no item of the checklist in Verifying; open: login-and-order, payment`},
		"CheckedEarly":   {shop(v1alpha1.PhaseDeploying), checked("payment"), "shop-17 is Deploying, where nothing is to be checked off"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.word.Fits(test.bg, noon.Add(time.Hour))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestNext(t *testing.T) {
	paused := func(bg *v1alpha1.BlueGreen) { bg.Spec.Paused = true }
	two := func(bg *v1alpha1.BlueGreen) { bg.Status.Release.Spec.Approval.Approvals = 2 }
	for name, test := range map[string]struct {
		bg   *v1alpha1.BlueGreen
		word Word
		want string
	}{
		"Go":       {shop(v1alpha1.PhaseAwaitingDecision), Word{Verdict: v1alpha1.VerdictGo}, "shop-17 switches from blue, 1.4.0, to green, 1.5.0, as soon as green is fit"},
		"GoPaused": {shop(v1alpha1.PhaseAwaitingDecision, paused), Word{Verdict: v1alpha1.VerdictGo}, "shop-17 switches from blue, 1.4.0, to green, 1.5.0, as soon as green is fit, once it is no longer paused: kubectl tealgate resume shop"},
		"GoOfTwo":  {shop(v1alpha1.PhaseAwaitingDecision, two, waitingFor("", 24*time.Hour)), Word{Verdict: v1alpha1.VerdictGo}, "1 of 2 Go: somebody else must say it too, until Nov 21 12:00"},
		"NoGo":     {shop(v1alpha1.PhaseVerifying), Word{Verdict: v1alpha1.VerdictNoGo}, "shop-17 ends as Aborted: blue stays live with 1.4.0, and green is retired"},
		"Rollback": {shop(v1alpha1.PhaseWatching, paused), Word{Verdict: v1alpha1.VerdictRollback}, "shop-17 goes back to blue, 1.4.0, whatever becomes of green"},
		"Checked":  {shop(v1alpha1.PhaseVerifying), Word{Verdict: v1alpha1.VerdictChecked, Item: "payment"}, "still open: login-and-order"},
		"Last":     {shop(v1alpha1.PhaseWatching), Word{Verdict: v1alpha1.VerdictChecked, Item: "orders"}, "that was the last open item"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.word.Next(test.bg, noon)) })
	}
}

func TestTick(t *testing.T) {
	bg := shop(v1alpha1.PhaseVerifying)
	word := Word{Verdict: v1alpha1.VerdictChecked, Item: "payment", By: "tom"}
	assert.Equal(t, "payment checked off by tom", word.String())
	word.Tick(bg, noon.Add(time.Minute))
	assert.Equal(t, []string{"login-and-order"}, Open(bg))
	Word{Verdict: v1alpha1.VerdictGo, By: "mia"}.Tick(bg, noon.Add(time.Minute))
	assert.Len(t, bg.Status.Release.Checks, 1)
}

// TestOpen: a pause moves the beginning of the phase, and no tick that was given before it is lost.
func TestOpen(t *testing.T) {
	bg := shop(v1alpha1.PhaseWatching, switched)
	require.Equal(t, []string{"orders"}, Open(bg))
	at := noon.Add(time.Minute)
	Word{Verdict: v1alpha1.VerdictChecked, Item: "orders", By: "tom"}.Tick(bg, at)
	bg.Status.Release.PhaseTime = metav1.NewMicroTime(at.Add(30 * time.Minute))
	assert.Empty(t, Open(bg))
}

func TestSince(t *testing.T) {
	bg := shop(v1alpha1.PhaseWatching, switched)
	assert.Equal(t, bg.Status.Release.RevisedTime.Time, Since(bg, v1alpha1.VerdictGo))
	assert.Zero(t, Since(bg, v1alpha1.VerdictChecked), "the second in which the watch began counts")
	assert.Zero(t, Since(bg, v1alpha1.VerdictRollback), "a rollback waits for nothing")
	assert.Zero(t, Since(shop(v1alpha1.PhaseVerifying), v1alpha1.VerdictNoGo))
}

func TestReleasable(t *testing.T) {
	aborted, succeeded := ended17(v1alpha1.OutcomeAborted, "no"), ended17(v1alpha1.OutcomeSucceeded, "")
	none := func(bg *v1alpha1.BlueGreen) { bg.Status.Release = nil }
	require.NoError(t, Releasable(shop(v1alpha1.PhaseRetiring, succeeded), false))
	require.NoError(t, Releasable(shop(v1alpha1.PhaseIdle, none), false))
	require.NoError(t, Releasable(shop(v1alpha1.PhaseRetiring, aborted), true))
	require.EqualError(t, Releasable(shop(v1alpha1.PhaseWatching), true), "shop-17 is on its way (Watching): one release at a time")
	require.EqualError(t, Releasable(shop(v1alpha1.PhaseIdle, none), true),
		"shop has had no release yet: a new version on green, or kubectl tealgate release shop, begins one")
	require.EqualError(t, Releasable(shop(v1alpha1.PhaseRetiring, succeeded), true),
		"shop-17 has ended as Succeeded, and only what was aborted is tried again: kubectl tealgate release shop begins a new one")
}

func TestRequested(t *testing.T) {
	before, now := shop(v1alpha1.PhaseRetiring, ended17(v1alpha1.OutcomeAborted, "no")), shop(v1alpha1.PhaseDeploying)
	assert.Empty(t, Requested(before, now, "today"))
	now.Status.HandledRequest = "today"
	assert.Equal(t, "nothing to release: there is no Deployment of green", Requested(before, now, "today"))
	now.Status.Release.Name = "shop-18"
	assert.Equal(t, "shop-18 brings 1.5.0 to green, beside 1.4.0 on blue", Requested(before, now, "today"))
}
