package desk

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// TestScreens has a golden for each place where a release can stand.
func TestScreens(t *testing.T) {
	stalled := func(bg *v1alpha1.BlueGreen) { bg.Status.Waiting.Stalled = true }
	for name, test := range map[string]struct {
		bg          *v1alpha1.BlueGreen
		live        color.Color
		blue, green int32
	}{
		"idle": {shop(v1alpha1.PhaseRetiring, switched, ended17(v1alpha1.OutcomeSucceeded, "green is live with 1.5.0; blue is retired"),
			waitingFor("green is live with 1.5.0; blue has nothing", 0)), color.Green, 0, 3},
		"deploying": {shop(v1alpha1.PhaseDeploying, waitingFor("shop-green: 1 of 3 replicas are updated; Service shop: green has 1 ready pod, blue serves with 3", 30*time.Minute)), color.Blue, 3, 1},
		"verifying": {shop(v1alpha1.PhaseVerifying, func(bg *v1alpha1.BlueGreen) {
			bg.Status.Release.Jobs = []v1alpha1.JobStatus{{Stage: v1alpha1.StageVerify, Name: "smoke", State: v1alpha1.JobRunning, StartTime: after(time.Minute)}}
		}, waitingFor("job smoke has not succeeded yet; check login-and-order is open; check payment is open", 10*time.Minute+42*time.Second)), color.Blue, 3, 3},
		"awaiting":  {shop(v1alpha1.PhaseAwaitingDecision, verified, waitingFor("0 of 1 Go for shop-17", 24*time.Hour+5*time.Minute)), color.Blue, 3, 3},
		"watching":  {shop(v1alpha1.PhaseWatching, switched, waitingFor("check orders is open; signal latency: 12 of 100 samples", 19*time.Minute)), color.Green, 3, 3},
		"unproven":  {shop(v1alpha1.PhaseWatching, switched, waitingFor("the watch is over, but signal latency: 12 of 100 samples", 30*time.Minute), stalled), color.Green, 3, 3},
		"not-begun": {shop("", func(bg *v1alpha1.BlueGreen) { bg.Spec.Paused = true }), color.Blue, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			services, deployments := colors(test.live, test.blue, test.green)
			view := NewView(test.bg, services, deployments, noon.Add(10*time.Minute))
			golden(t, "screen-"+name+".txt", strings.Join(view.Screen(false), "\n")+"\n\n"+view.Line()+"\n")
			if name == "watching" {
				golden(t, "screen-colored.txt", strings.Join(view.Screen(true), "\n")+"\n")
			}
		})
	}
	unread := &View{BlueGreen: shop(v1alpha1.PhaseDeploying), Now: noon.Add(time.Minute)}
	golden(t, "screen-unread.txt", strings.Join(unread.Screen(false), "\n")+"\n")
	unread.Trouble = "dial tcp 10.0.0.1:6443: connect: connection refused"
	golden(t, "screen-trouble.txt", strings.Join(unread.Screen(false), "\n")+"\n\n"+unread.Line()+"\n")
}

func TestTables(t *testing.T) {
	watched := shop(v1alpha1.PhaseWatching, switched, waitingFor("all is well so far", time.Hour))
	paused := shop(v1alpha1.PhaseIdle, func(bg *v1alpha1.BlueGreen) {
		bg.Name, bg.Spec.Paused, bg.Status = "cart", true, v1alpha1.BlueGreenStatus{}
	})
	for name, options := range map[string]printers.PrintOptions{
		"list.txt": {}, "list-wide.txt": {Wide: true}, "list-all.txt": {WithNamespace: true},
	} {
		var out bytes.Buffer
		require.NoError(t, printers.NewTablePrinter(options).PrintObj(List([]v1alpha1.BlueGreen{*watched, *paused}, noon), &out))
		golden(t, name, out.String())
	}
	for name, options := range map[string]printers.PrintOptions{"history.txt": {}, "history-wide.txt": {Wide: true}} {
		var out bytes.Buffer
		require.NoError(t, printers.NewTablePrinter(options).PrintObj(History(watched, noon.Add(10*time.Minute)), &out))
		golden(t, name, out.String())
	}
}

func TestWrapped(t *testing.T) {
	assert.Equal(t, []string{"  one two", "  three"}, wrapped("one two  three", "  ", 10))
	assert.Equal(t, []string{"  averylongname", "  x"}, wrapped("averylongname x", "  ", 10))
	assert.Empty(t, wrapped("", "  ", 10))
}

func TestClock(t *testing.T) {
	assert.Equal(t, "12:00:00", clock(noon, noon))
	assert.Equal(t, "Nov 21 12:00", clock(noon.Add(24*time.Hour), noon))
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 213456 * time.Microsecond: "213ms", 90500 * time.Millisecond: "1m31s", 2 * time.Hour: "2h", 90 * time.Minute: "1h30m", time.Minute: "1m", 60 * time.Hour: "2.5d",
	} {
		assert.Equal(t, want, took(d))
	}
}
