package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// values are the metrics of a registry that are not zero: of a histogram the sum, and
// how many there were.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "tealgate_")
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			if h := metric.GetHistogram(); h != nil {
				found[name+" count"], found[name+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
			} else {
				found[name] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	for name, value := range found {
		if value == 0 {
			delete(found, name)
		}
	}
	return found
}

// at is so many seconds into a story; 0 is a time that is not set.
func at(seconds int) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func TestMetricsOfReleases(t *testing.T) {
	state := func(phase release.Phase, r release.Release) release.State {
		r.Name, r.Started = "shop-1", at(1)
		return release.State{Phase: phase, Release: &r}
	}
	awaiting := state(release.AwaitingDecision, release.Release{})
	switching := state(release.Switching, release.Release{Moving: at(101)})
	watching := state(release.Watching, release.Release{Moving: at(101), Moved: at(103)})
	rolling := state(release.RollingBack, release.Release{Moving: at(101), Moved: at(103), Since: at(201)})
	rollingEarly := state(release.RollingBack, release.Release{Moving: at(101), Since: at(201)})
	left := release.Release{Moving: at(101), Moved: at(103), Left: at(204), Outcome: release.RolledBack, Since: at(204)}
	for name, test := range map[string]struct {
		reason string
		states []release.State
		want   map[string]float64
	}{
		"Nothing": {"a status without a release", []release.State{{}, {Phase: release.Idle}}, map[string]float64{}},
		"Begins": {
			"the release before ended long ago, and was counted then",
			[]release.State{{Phase: release.Idle, Release: &release.Release{Name: "shop-0", Outcome: release.Succeeded}}, awaiting, switching},
			map[string]float64{},
		},
		"Succeeds": {
			"retiring records twice after the switch, which is one switch",
			[]release.State{
				awaiting, switching, watching, watching,
				state(release.Idle, release.Release{Moving: at(101), Moved: at(103), Outcome: release.Succeeded}),
				state(release.Idle, release.Release{Moving: at(101), Moved: at(103), Outcome: release.Succeeded}),
			},
			map[string]float64{
				"releases_total Succeeded": 1, "release_switches_total reached": 1,
				"release_switch_duration_seconds count": 1, "release_switch_duration_seconds sum": 2,
				"release_lead_time_seconds count": 1, "release_lead_time_seconds sum": 102,
			},
		},
		"Aborted": {
			"the outcome is written when it is decided, the end when the color is retired",
			[]release.State{
				awaiting, state(release.Retiring, release.Release{Outcome: release.Aborted}),
				state(release.Idle, release.Release{Outcome: release.Aborted, Ended: at(300)}),
			},
			map[string]float64{"releases_total Aborted": 1},
		},
		"RolledBack": {
			"restored counts from the first moment that users could meet the new version",
			[]release.State{watching, rolling, state(release.Idle, left)},
			map[string]float64{
				"releases_total RolledBack": 1, "release_failures_total": 1,
				"release_rollback_duration_seconds count": 1, "release_rollback_duration_seconds sum": 3,
				"release_restore_duration_seconds count": 1, "release_restore_duration_seconds sum": 103,
			},
		},
		"MovedBackByHand": {
			"nobody ordered it, so nobody knows how long it took",
			[]release.State{watching, state(release.Idle, left)},
			map[string]float64{
				"releases_total RolledBack": 1, "release_failures_total": 1,
				"release_restore_duration_seconds count": 1, "release_restore_duration_seconds sum": 103,
			},
		},
		"Undone": {
			"some Services had moved: a failed change, and a switch that was not reached",
			[]release.State{switching, rollingEarly, state(release.Idle, release.Release{Moving: at(101), Left: at(202), Outcome: release.RolledBack})},
			map[string]float64{
				"releases_total RolledBack": 1, "release_failures_total": 1, "release_switches_total undone": 1,
				"release_rollback_duration_seconds count": 1, "release_rollback_duration_seconds sum": 1,
				"release_restore_duration_seconds count": 1, "release_restore_duration_seconds sum": 101,
			},
		},
		"NotBroughtBack": {
			"a failure that was never restored has no time",
			[]release.State{rolling, state(release.Idle, release.Release{Moving: at(101), Moved: at(103), Outcome: release.Aborted})},
			map[string]float64{"releases_total Aborted": 1, "release_failures_total": 1},
		},
		"NotProven": {
			"the new color serves: the release ended without a verdict, and failed nobody",
			[]release.State{watching, state(release.Idle, release.Release{Moving: at(101), Moved: at(103), Outcome: release.Aborted})},
			map[string]float64{"releases_total Aborted": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			m := newMetrics(registry)
			for i := range test.states[1:] {
				m.passed(&test.states[i], &test.states[i+1])
			}
			assert.Equal(t, test.want, values(t, registry), test.reason)
		})
	}
}

// Gauges are worked out from where each BlueGreen stands now.
func TestMetricsOfBlueGreens(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := newMetrics(registry)
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: "shop", Name: name} }
	signals := []v1alpha1.SignalStatus{{Name: "a", Outcome: v1alpha1.SignalNoData}, {Name: "b", Outcome: v1alpha1.SignalPass}, {Name: "c"}}
	stalled := &v1alpha1.Waiting{Stalled: true}
	m.stands(key("idle"), &v1alpha1.BlueGreenStatus{Phase: v1alpha1.PhaseIdle, Release: &v1alpha1.Release{Signals: signals}})
	m.stands(key("new"), &v1alpha1.BlueGreenStatus{Waiting: stalled})
	m.stands(key("a"), &v1alpha1.BlueGreenStatus{Phase: v1alpha1.PhaseDeploying, Waiting: stalled})
	m.stands(key("a"), &v1alpha1.BlueGreenStatus{Phase: v1alpha1.PhaseWatching, Release: &v1alpha1.Release{Signals: signals}})
	m.stands(key("b"), &v1alpha1.BlueGreenStatus{Phase: v1alpha1.PhaseWatching, Waiting: stalled, Release: &v1alpha1.Release{Signals: signals}})
	m.stands(key("c"), &v1alpha1.BlueGreenStatus{Phase: v1alpha1.PhaseRollingBack, Waiting: &v1alpha1.Waiting{}})
	assert.Equal(t, map[string]float64{
		"releases_running Watching": 2, "releases_running RollingBack": 1, "releases_stalled": 2, "release_signals_without_data": 2,
	}, values(t, registry))
	for _, name := range []string{"idle", "new", "a", "b", "c"} {
		m.forget(key(name))
	}
	assert.Empty(t, values(t, registry))
}
