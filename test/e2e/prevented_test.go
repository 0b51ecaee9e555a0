//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// mistakeLasts is how long it takes the person without tealgate to notice.
const mistakeLasts = 5 * time.Second

// managed is the BlueGreen of who lets tealgate switch.
const managed = `{apiVersion: tealgate.dev/v1alpha1, kind: BlueGreen, metadata: {name: shop},
	spec: {services: [{name: shop}], approval: {policy: Required}, watch: {duration: 1h}}}`

// prevented: what is easily done wrong by hand, once without tealgate and once with it.
func prevented(t *testing.T, c *cluster) {
	c.install(t)
	for _, mistake := range []struct {
		name string
		make func(a *app, guarded bool)
	}{
		{"not-ready", (*app).moveToNotReady},
		{"deleted", (*app).deleteAfterSwitch},
	} {
		for _, guarded := range []bool{false, true} {
			name := mistake.name + "-alone"
			if guarded {
				name = mistake.name + "-guarded"
			}
			t.Run(name, func(t *testing.T) {
				if guarded {
					c.enforce(t, name)
				} else {
					c.namespace(t, name, nil)
				}
				a := c.open(t, name, "prevented.yaml")
				load := a.startLoad(loadedRate, 2*time.Second)
				<-time.After(time.Second) // Of requests, before anything happens.
				mistake.make(a, guarded)
				answers := load.report()
				failed := failures(t, answers)
				t.Logf("%d of %d requests failed", len(failed), len(answers))
				assert.Equal(t, guarded, len(failed) == 0)
			})
		}
	}
}

// moveToNotReady moves the Service to green, whose pods are not ready.
func (a *app) moveToNotReady(guarded bool) {
	for _, pod := range a.pods(color.Green) {
		a.breaks(pod, "readiness")
	}
	a.untilReady(color.Green, 0)
	to := func(c color.Color) result {
		return a.tryAs(developer, "-n", a.namespace, "patch", "service", "shop", "-p",
			fmt.Sprintf(`{"spec": {"selector": {%q: %q}}}`, v1alpha1.LabelColor, c))
	}
	answer := to(color.Green)
	a.t.Logf("%s", answer)
	assert.Equal(a.t, guarded, answer.code != 0)
	if guarded {
		assert.Contains(a.t, answer.stderr, "selector-ready: green has 0 ready pods")
	}
	<-time.After(mistakeLasts)
	require.Zero(a.t, to(color.Blue).code)
	<-time.After(proxyPeriod)
}

// deleteAfterSwitch tidies up blue as soon as green is live.
func (a *app) deleteAfterSwitch(guarded bool) {
	if guarded {
		a.release()
	} else {
		a.do(a.t, "-n", a.namespace, "patch", "service", "shop", "-p", fmt.Sprintf(`{"spec": {"selector": {%q: "green"}}}`, v1alpha1.LabelColor))
	}
	answer := a.tryAs(developer, "-n", a.namespace, "delete", "deployment", "shop-blue")
	a.t.Logf("%s", answer)
	assert.Equal(a.t, guarded, answer.code != 0)
	if guarded {
		assert.Contains(a.t, answer.stderr, "rollback-target")
	}
	<-time.After(mistakeLasts)
}

// release lets tealgate switch to what stands on green.
func (a *app) release() {
	r := a.try(a.t, "", managed, "-n", a.namespace, "apply", "--server-side", "-f", "-")
	require.Zero(a.t, r.code, r)
	a.phase(0, v1alpha1.PhaseIdle)
	a.deploy(color.Green, "1.2.0")
	a.phase(1, v1alpha1.PhaseAwaitingDecision)
	a.decide(v1alpha1.VerdictGo)
	a.phase(1, v1alpha1.PhaseWatching)
}
