package desk

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./internal/desk -update writes it")
	assert.Equal(t, string(want), got, file)
}

// noon is when the release of the tests began.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// after is a time so long after noon.
func after(d time.Duration) metav1.MicroTime { return metav1.NewMicroTime(noon.Add(d)) }

func fullSpec() v1alpha1.BlueGreenSpec {
	increase := int32(20)
	return v1alpha1.BlueGreenSpec{
		Services: []v1alpha1.ServicePair{{Name: "shop", Preview: &v1alpha1.ServiceReference{Name: "shop-preview"}}},
		Verify: v1alpha1.Verify{
			Jobs: []v1alpha1.Job{{Name: "smoke"}},
			Checklist: []v1alpha1.Check{
				{Name: "login-and-order", Description: "log in, order a book, see it under orders"}, {Name: "payment"},
			},
		},
		Approval: v1alpha1.Approval{
			Policy: v1alpha1.ApprovalRequired, Separation: v1alpha1.SeparationDeployer, Approvals: 1,
			ValidFor: metav1.Duration{Duration: 24 * time.Hour},
		},
		Hooks: v1alpha1.Hooks{AfterSwitch: []v1alpha1.Job{{Name: "warm-up"}}},
		Watch: v1alpha1.Watch{
			Duration:  metav1.Duration{Duration: 10 * time.Minute},
			Checklist: []v1alpha1.Check{{Name: "orders"}},
			Signals: []v1alpha1.Signal{
				{Name: "errors", Max: "1%", MaxIncreasePercent: &increase}, {Name: "latency", Max: "0.5"}, {Name: "orders"},
			},
		},
	}
}

// shop is a BlueGreen whose release shop-17 has come to a phase, as the controller would
// have left it.
func shop(phase v1alpha1.Phase, edit ...func(*v1alpha1.BlueGreen)) *v1alpha1.BlueGreen {
	spec := fullSpec()
	bg := &v1alpha1.BlueGreen{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", CreationTimestamp: metav1.NewTime(noon.Add(-72 * time.Hour))},
		Spec:       spec,
		Status: v1alpha1.BlueGreenStatus{
			Phase: phase, LiveColor: color.Blue, LiveVersion: "1.4.0",
			Release: &v1alpha1.Release{
				Name: "shop-17", From: color.Blue, FromVersion: "1.4.0", To: color.Green, Version: "1.5.0",
				Deployers: []string{"lee"}, Spec: &spec, StartTime: after(0), RevisedTime: after(300 * time.Millisecond),
				Signals: []v1alpha1.SignalStatus{{Name: "errors"}, {Name: "latency"}, {Name: "orders"}},
			},
			History: []v1alpha1.ReleaseSummary{
				{
					Name: "shop-16", From: color.Green, To: color.Blue, Version: "1.4.0", Outcome: v1alpha1.OutcomeSucceeded, Reason: "Finished",
					Message: "blue is live with 1.4.0; green is retired", DecidedBy: []string{"mia"},
					StartTime: after(-50 * time.Hour), EndpointsSwitchedTime: after(-49 * time.Hour), EndTime: after(-48 * time.Hour),
				},
				{
					Name: "shop-15", From: color.Green, To: color.Blue, Version: "1.3.1", Outcome: v1alpha1.OutcomeRolledBack, Reason: "SignalFailed",
					Message: "signal errors is 0.07, above 0.01", DecidedBy: []string{"mia", "tom"}, StartTime: after(-75 * time.Hour),
					EndpointsSwitchedTime: after(-74 * time.Hour), EndpointsRestoredTime: after(-74*time.Hour + 45*time.Second), EndTime: after(-74*time.Hour + 46*time.Second),
				},
			},
		},
	}
	r := bg.Status.Release
	for _, p := range []v1alpha1.PhaseTime{
		{Phase: v1alpha1.PhaseDeploying, StartTime: after(0)},
		{Phase: v1alpha1.PhaseVerifying, StartTime: after(42 * time.Second)},
		{Phase: v1alpha1.PhaseAwaitingDecision, StartTime: after(5 * time.Minute)},
		{Phase: v1alpha1.PhaseSwitching, StartTime: after(9 * time.Minute)},
		{Phase: v1alpha1.PhaseWatching, StartTime: after(9*time.Minute + 2213*time.Millisecond)},
		{Phase: v1alpha1.PhaseRetiring, StartTime: after(20 * time.Minute)},
	} {
		r.Phases = append(r.Phases, p)
		r.PhaseTime = p.StartTime
		if p.Phase == phase {
			break
		}
	}
	for _, edit := range edit {
		edit(bg)
	}
	return bg
}

func waitingFor(message string, until time.Duration) func(*v1alpha1.BlueGreen) {
	return func(bg *v1alpha1.BlueGreen) {
		bg.Status.Waiting = &v1alpha1.Waiting{Message: message}
		if until != 0 {
			bg.Status.Waiting.UntilTime = after(until)
		}
	}
}

func ended17(outcome v1alpha1.Outcome, message string) func(*v1alpha1.BlueGreen) {
	return func(bg *v1alpha1.BlueGreen) {
		r := bg.Status.Release
		r.Outcome, r.Message, r.EndTime = outcome, message, after(50*time.Minute)
		bg.Status.Phase = v1alpha1.PhaseIdle
		r.Phases = append(r.Phases, v1alpha1.PhaseTime{Phase: v1alpha1.PhaseIdle, StartTime: after(50 * time.Minute)})
	}
}

// verified adds what happened before the switch.
func verified(bg *v1alpha1.BlueGreen) {
	r := bg.Status.Release
	r.Jobs = []v1alpha1.JobStatus{{
		Stage: v1alpha1.StageVerify, Name: "smoke", State: v1alpha1.JobSucceeded, StartTime: after(time.Minute), EndTime: after(83 * time.Second),
	}}
	r.Checks = []v1alpha1.CheckStatus{
		{Stage: v1alpha1.StageVerify, Name: "login-and-order", By: "tom", Time: after(3 * time.Minute)},
		{Stage: v1alpha1.StageVerify, Name: "payment", By: "tom", Time: after(4 * time.Minute)},
	}
}

// switched adds the Go and the switch.
func switched(bg *v1alpha1.BlueGreen) {
	verified(bg)
	r := bg.Status.Release
	r.Decisions = []v1alpha1.DecisionStatus{{Name: "shop-17-go-x", Verdict: v1alpha1.VerdictGo, By: "mia", Reason: "all ticked", Time: after(9 * time.Minute)}}
	r.DecidedBy = []string{"mia"}
	r.MoveTime, r.EndpointsSwitchedTime = after(9*time.Minute+2*time.Second), after(9*time.Minute+2213*time.Millisecond)
	r.Jobs = append(r.Jobs, v1alpha1.JobStatus{Stage: v1alpha1.StageAfterSwitch, Name: "warm-up", State: v1alpha1.JobSucceeded})
	r.Signals = []v1alpha1.SignalStatus{
		{Name: "errors", Baseline: "0.0030", Value: "0.0031", Samples: "5210", Outcome: v1alpha1.SignalPass},
		{Name: "latency", Baseline: "0.21", Outcome: v1alpha1.SignalNoData, Message: "12 of 100 samples", Samples: "12"},
		{Name: "orders", Value: "118", Outcome: v1alpha1.SignalPass},
	}
	bg.Status.LiveColor, bg.Status.PreviousColor, bg.Status.LiveVersion = color.Green, color.Blue, "1.5.0"
}

// colors are the Services and Deployments of the shop, with a color live.
func colors(live color.Color, blue, green int32) ([]corev1.Service, []appsv1.Deployment) {
	service := func(name string, c color.Color) corev1.Service {
		return corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "shop", v1alpha1.LabelColor: string(c)}},
		}
	}
	deployment := func(app string, c color.Color, version string, ready int32) appsv1.Deployment {
		three := int32(3)
		d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: app + "-" + string(c)}}
		d.Spec.Replicas = &three
		d.Spec.Template.Labels = map[string]string{"app": app, v1alpha1.LabelColor: string(c), v1alpha1.LabelVersion: version}
		d.Status.ReadyReplicas = ready
		return d
	}
	return []corev1.Service{service("shop", live), service("shop-preview", live.Other()), service("cart", color.Blue)},
		[]appsv1.Deployment{
			deployment("shop", color.Blue, "1.4.0", blue), deployment("shop", color.Green, "1.5.0", green), deployment("cart", color.Blue, "7", 3),
		}
}
