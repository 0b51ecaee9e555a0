package desk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/policy"
)

// TestReports has a golden for each way that a release can end, in both languages.
func TestReports(t *testing.T) {
	decision := func(name string, at time.Duration, verdict v1alpha1.Verdict, item, by, reason string) v1alpha1.Decision {
		return v1alpha1.Decision{
			ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(noon.Add(at))},
			Spec:       v1alpha1.DecisionSpec{Release: "shop-17", Verdict: verdict, Item: item, DecidedBy: by, Reason: reason},
		}
	}
	retired := func(bg *v1alpha1.BlueGreen) {
		bg.Status.Release.RetireColor, bg.Status.Release.RetireOrdered = color.Blue, true
	}
	rolledBack := func(bg *v1alpha1.BlueGreen) {
		r := bg.Status.Release
		r.Phases = append(r.Phases, v1alpha1.PhaseTime{Phase: v1alpha1.PhaseRollingBack, StartTime: after(12 * time.Minute)})
		r.EndpointsRestoredTime = after(12*time.Minute + 180*time.Millisecond)
		r.Signals[0].Value, r.Signals[0].Outcome, r.Signals[0].Message = "0.07", v1alpha1.SignalFail, "is 0.07, above 0.01"
	}
	stopped := func(bg *v1alpha1.BlueGreen) {
		r := bg.Status.Release
		r.Jobs = []v1alpha1.JobStatus{{Stage: v1alpha1.StageVerify, Name: "smoke", State: v1alpha1.JobFailed, Message: "GET /login: 500 | <html>"}}
		r.RetireColor, r.RetireOrdered = color.Green, true
		bg.Status.History, r.Deployers = nil, nil
	}
	for name, paper := range map[string]Paper{
		"succeeded": {
			BlueGreen: shop(v1alpha1.PhaseRetiring, switched, retired, ended17(v1alpha1.OutcomeSucceeded, "green is live with 1.5.0; blue is retired")),
			Notes:     "Orders can be paid by invoice.\n\nKnown: the <b>old</b> app shows no invoices.",
			Decisions: []v1alpha1.Decision{
				decision("shop-17-go-x", 9*time.Minute, v1alpha1.VerdictGo, "", "mia", "all ticked"),
				decision("shop-17-checked-y", 3*time.Minute, v1alpha1.VerdictChecked, "login-and-order", "tom", ""),
			},
		},
		"rolled-back": {BlueGreen: shop(v1alpha1.PhaseWatching, switched, rolledBack, ended17(v1alpha1.OutcomeRolledBack, "signal errors is 0.07, above 0.01"))},
		"aborted":     {BlueGreen: shop(v1alpha1.PhaseVerifying, stopped, ended17(v1alpha1.OutcomeAborted, "job smoke failed: GET /login: 500 | <html>"))},
		"on-its-way":  {BlueGreen: shop(v1alpha1.PhaseAwaitingDecision, verified)},
		"before":      {BlueGreen: shop(v1alpha1.PhaseWatching, switched), Release: "shop-15"},
	} {
		for _, language := range policy.Languages() {
			t.Run(name+"."+string(language), func(t *testing.T) {
				paper.Language, paper.Now = language, noon.Add(time.Hour)
				if paper.Release == "" {
					paper.Release = "shop-17"
				}
				text, err := Report(paper)
				require.NoError(t, err)
				golden(t, "report-"+name+"."+string(language)+".md", text)
			})
		}
	}
	_, err := Report(Paper{BlueGreen: shop(v1alpha1.PhaseWatching), Release: "shop-3"})
	require.EqualError(t, err, "shop has no release shop-3; it remembers: shop-17, shop-16, shop-15")
}
