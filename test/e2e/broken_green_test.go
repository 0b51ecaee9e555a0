//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// backWithin is how long it may take from the sign that green is broken, or the word of a
// person, until blue serves again.
const backWithin = 5 * time.Second

// brokenGreen: green is live and breaks, in every way. Blue serves again at once, whatever
// has become of green.
func brokenGreen(t *testing.T, c *cluster) {
	c.install(t)
	for name, test := range map[string]struct {
		// breaks green and returns when that could be seen, or was said.
		breaks func(a *app) time.Time
		reason string
	}{
		"none-ready": {(*app).noneReady, "NoReadyPods"},
		"one-less":   {(*app).oneLess, "Decision"},
		"crash-loop": {(*app).crashLoop, "CrashLoop"},
		"deleted":    {(*app).deleted, "NoReadyPods"},
		"no-image":   {(*app).noImage, "NoReadyPods"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.enforce(t, "broken-"+name)
			a := c.open(t, "broken-"+name, "broken_green.yaml")
			a.phase(0, v1alpha1.PhaseIdle)
			load := a.startLoad(loadedRate, 2*time.Second)
			a.deploy(color.Green, "1.1.0")
			a.phase(1, v1alpha1.PhaseAwaitingDecision)
			a.decide(v1alpha1.VerdictGo)
			switched := a.phase(1, v1alpha1.PhaseWatching).Status.Release.EndpointsSwitchedTime.Time
			<-time.After(time.Until(switched.Add(proxyPeriod)))

			broken := test.breaks(a)
			release := a.phase(1, v1alpha1.PhaseIdle).Status.Release
			// Once for kube-proxy, and as long again in which nothing may fail.
			<-time.After(2 * proxyPeriod)
			answers := load.report()
			require.Equal(t, v1alpha1.OutcomeRolledBack, release.Outcome, release.Message)
			assert.Equal(t, test.reason, release.Reason, release.Message)
			a.judgeReturn(broken, release.EndpointsRestoredTime.Time, answers)
		})
	}
}

// judgeReturn holds how long blue took, and that nothing failed from then on.
func (a *app) judgeReturn(broken, restored time.Time, answers []answer) {
	a.t.Helper()
	var first, firstFailure, lastFailure time.Time
	for _, one := range answers {
		switch {
		case one.Time.Before(broken) && !one.failed():
		case one.failed():
			if firstFailure.IsZero() || one.Time.Before(firstFailure) {
				firstFailure = one.Time
			}
			if one.Time.After(lastFailure) {
				lastFailure = one.Time
			}
		case one.color() == string(color.Blue) && one.Fresh && (first.IsZero() || one.Time.Before(first)):
			first = one.Time
		}
	}
	require.NotZero(a.t, first, "no new connection was answered by blue")
	a.t.Logf("all endpoints blue after %s, first answer of blue after %s; %d of %d requests failed, within %s",
		restored.Sub(broken).Round(time.Millisecond), first.Sub(broken).Round(time.Millisecond),
		len(failures(a.t, answers)), len(answers), lastFailure.Sub(firstFailure).Round(time.Millisecond))
	assert.Less(a.t, restored.Sub(broken), backWithin)
	assert.Less(a.t, first.Sub(broken), backWithin)
	assert.Less(a.t, lastFailure.Sub(restored), proxyPeriod, "blue serves, and requests still fail")
}

// noneReady: all pods of green stop being ready.
func (a *app) noneReady() time.Time {
	for _, pod := range a.pods(color.Green) {
		a.breaks(pod, "readiness")
	}
	return a.untilReady(color.Green, 0)
}

// oneLess: one pod of green stops being ready, and a person has seen enough.
func (a *app) oneLess() time.Time {
	a.breaks(a.pods(color.Green)[0], "readiness")
	a.untilReady(color.Green, 1)
	return a.decide(v1alpha1.VerdictRollback)
}

// crashLoop: one pod of green crashes, again and again.
func (a *app) crashLoop() time.Time {
	a.breaks(a.pods(color.Green)[0], "process")
	return a.seen("a pod is in CrashLoopBackOff", func() bool {
		for _, pod := range a.pods(color.Green) {
			for _, status := range pod.Status.ContainerStatuses {
				if status.State.Waiting != nil && status.State.Waiting.Reason == "CrashLoopBackOff" {
					return true
				}
			}
		}
		return false
	})
}

// deleted: somebody deletes green, who had to break the glass for it.
func (a *app) deleted() time.Time {
	a.patch(color.Green, a.glass(""))
	r := a.tryAs(developer, "-n", a.namespace, "delete", "deployment", "shop-green", "--wait=false")
	require.Zero(a.t, r.code, r)
	return a.untilReady(color.Green, 0)
}

// noImage: somebody deploys onto live green, with an image that does not exist.
func (a *app) noImage() time.Time {
	a.patch(color.Green, a.glass(`, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "tealgate-e2e/app:none"}]}}}`))
	return a.untilReady(color.Green, 0)
}

// glass is a patch that tealgate does not judge.
func (a *app) glass(more string) string {
	until := time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"metadata": {"annotations": {%q: "the scenario until %s"}}%s}`, v1alpha1.AnnotationBreakGlass, until, more)
}

// untilReady waits until so many pods of a color are ready and to stay, and returns when
// that was.
func (a *app) untilReady(c color.Color, want int) time.Time {
	return a.seen(fmt.Sprintf("%d pods of %s are ready", want, c), func() bool {
		ready := 0
		for _, pod := range a.pods(c) {
			if isReady(&pod) {
				ready++
			}
		}
		return ready == want
	})
}

// seen waits for a state and returns when it was seen first.
func (a *app) seen(what string, reached func() bool) time.Time {
	a.t.Helper()
	var at time.Time
	a.until(a.t, what, func(context.Context) (bool, error) {
		at = time.Now()
		return reached(), nil
	})
	return at
}
