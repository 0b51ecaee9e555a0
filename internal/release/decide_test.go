package release_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

func same(a, b release.State) bool { return reflect.DeepEqual(a, b) }

// TestRelease walks the whole way of the flow chart.
func TestRelease(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	assert.Equal(t, color.Green, w.State.Live)
	w.pass(31 * time.Minute)
	w.rest(t)

	r := w.State.Release
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Equal(t, release.Succeeded, r.Outcome)
	assert.Equal(t, "green is live with 1.5.0; blue is retired", r.Message)
	assert.Equal(t, "shop-1", r.Name)
	assert.Equal(t, []string{"mia"}, r.DecidedBy)
	assert.Equal(t, "1.4.0", w.State.Settled)
	assert.Equal(t, []release.Act{
		release.Run{Job: release.JobKey{Stage: release.StageVerify, Name: "smoke"}},
		release.Run{Job: release.JobKey{Stage: release.StageBefore, Name: "pause-consumers"}},
		release.Move{Services: []string{"shop", "shop-grpc"}, To: color.Green},
		release.Run{Job: release.JobKey{Stage: release.StageAfter, Name: "resume-consumers"}},
		release.Show{Service: "shop-preview", To: color.Blue},
		release.Run{Job: release.JobKey{Stage: release.StageWatch, Name: "probe"}},
		release.Remove{Deployments: []string{"shop-blue"}},
	}, w.acts)
	assert.Equal(t, []string{"Observed", "Started", "Deployed", "Verified", "Decided", "Switched", "Passed", "Succeeded"}, w.notes)
}

// TestPolls: what nobody announces is looked for each second at first, and then as often as
// the watch looks. A rollback never waits longer.
func TestPolls(t *testing.T) {
	for name, test := range map[string]struct {
		from  release.Phase
		after time.Duration
		want  time.Duration
	}{
		"Deploying":       {release.Deploying, 0, time.Second},
		"DeployingLong":   {release.Deploying, 2 * time.Minute, 15 * time.Second},
		"DeployingAtEnd":  {release.Deploying, 15*time.Minute - 5*time.Second, 4 * time.Second},
		"RollingBack":     {release.RollingBack, 0, time.Second},
		"RollingBackLong": {release.RollingBack, 2 * time.Minute, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld().until(t, test.from)
			w.pass(test.after)
			assert.Equal(t, test.want, w.rest(t).Wake.Sub(w.now))
		})
	}
}

// TestThereAndBack: the next release takes the same path in the other direction.
func TestThereAndBack(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	w.pass(31 * time.Minute)
	w.rest(t)
	w.pass(time.Hour)
	w.Jobs = nil
	w.deploy(color.Blue, "1.6.0", 3)
	w.rest(t)
	w.pass(time.Second)
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	assert.Equal(t, "shop-2", w.State.Release.Name)
	assert.Equal(t, color.Blue, w.State.Release.To)
	require.Len(t, w.State.History, 1)
	assert.Equal(t, release.Succeeded, w.State.History[0].Outcome)
}

// TestAfterAnAbort: the same version does not begin again by itself, a person can say so.
func TestAfterAnAbort(t *testing.T) {
	w := newWorld().until(t, release.AwaitingDecision)
	w.decide(release.NoGo, "mia", "")
	w.rest(t)
	assert.Equal(t, release.Aborted, w.State.Release.Outcome)
	assert.Equal(t, []release.Act{release.Remove{Deployments: []string{"shop-green"}}}, w.acts[len(w.acts)-1:])

	w.deploy(color.Green, "1.5.0", 3)
	plan := w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Equal(t, "blue is live with 1.4.0; 1.5.0 on green was there before: kubectl tealgate release shop begins one all the same", plan.Message)

	w.Requested = "again"
	w.Jobs = nil
	w.rest(t)
	w.pass(time.Second)
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	assert.Equal(t, "shop-2", w.State.Release.Name)
}

// TestLostStatus: what stands there is the baseline, and no name is given twice.
func TestLostStatus(t *testing.T) {
	w := newWorld().until(t, release.AwaitingDecision)
	w.State, w.Highest = release.State{}, 1
	w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	w.deploy(color.Green, "1.5.1", 3)
	w.rest(t)
	assert.Equal(t, "shop-2", w.State.Release.Name)
}

// TestRetireOnce: what a GitOps robot sets again after it was retired stays.
func TestRetireOnce(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	w.pass(31 * time.Minute)
	require.True(t, w.step(), "the order is recorded")
	require.True(t, w.State.Release.Retired)
	w.scale(color.Blue, 0)
	w.scale(color.Blue, 3)
	before := len(w.acts)
	w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Len(t, w.acts, before, "the order was spent")
}

// TestPauseStopsTheClock: a deadline is not used up while people have stopped the release.
func TestPauseStopsTheClock(t *testing.T) {
	w := newWorld().until(t, release.Verifying)
	w.Paused = true
	w.rest(t)
	w.pass(time.Hour)
	w.Paused = false
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	w.pass(11 * time.Minute)
	w.rest(t)
	assert.Equal(t, "VerifyDeadline", w.State.Release.Reason)
}

// TestFastest: whoever decides at once, when a release asks for it, is heard: nothing is asked
// in the second in which something was deployed, because Decisions have whole seconds.
func TestFastest(t *testing.T) {
	for _, fraction := range []time.Duration{0, time.Microsecond, 500 * time.Millisecond, time.Second - time.Microsecond} {
		w := newWorld()
		w.rest(t)
		w.pass(time.Minute + fraction)
		w.deploy(color.Green, "1.5.0", 3)
		asked := map[release.Phase]func(){
			release.Verifying:        func() { w.decide(release.Checked, "kim", "login") },
			release.AwaitingDecision: func() { w.decide(release.Go, "mia", "") },
			release.Watching:         func() { w.decide(release.Checked, "kim", "order") },
		}
		for range 100 {
			plan := w.rest(t)
			if decide := asked[w.State.Phase]; decide != nil {
				decide()
				delete(asked, w.State.Phase)
				continue
			}
			if w.State.Phase == release.Retiring {
				break
			}
			w.pass(plan.Wake.Sub(w.now))
		}
		assert.Equal(t, release.Retiring, w.State.Phase, fraction)
		assert.Empty(t, asked, fraction)
		assert.Empty(t, w.State.Release.Outcome, fraction)
	}
}
