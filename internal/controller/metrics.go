package controller

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// Results of a switch, the label result of tealgate_release_switches_total.
const (
	switchReached = "reached"
	switchUndone  = "undone"
)

// Bounds of the histograms, in seconds.
var (
	moveBuckets    = []float64{.1, .25, .5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300}
	leadBuckets    = []float64{60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 24 * 3600, 48 * 3600, 168 * 3600}
	restoreBuckets = []float64{1, 5, 15, 30, 60, 300, 900, 1800, 3600, 4 * 3600, 24 * 3600}
)

// metrics tell of releases, with bounded labels only: outcomes and phases, never names.
// Changes are counted once they are written down. A leader that dies between the two
// leaves one uncounted; status and history are the books. They are safe for concurrent use.
type metrics struct {
	ended    *prometheus.CounterVec
	switches *prometheus.CounterVec
	failures prometheus.Counter

	switching, rollingBack, lead, restore prometheus.Histogram

	running, stalled, blind *prometheus.Desc

	mu       sync.Mutex
	standing map[client.ObjectKey]standing
}

// standing is where one BlueGreen is.
type standing struct {
	phase   v1alpha1.Phase
	stalled bool
	// blind counts the signals of its watch that have no data.
	blind int
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_releases_total",
			Help: "Releases that have ended, by outcome: Succeeded, RolledBack, Aborted, Superseded.",
		}, []string{"outcome"}),
		switches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_release_switches_total",
			Help: "Switches of live traffic, by result: reached (all endpoints were of the new color), undone (it went back before that). Their rate is the deployment frequency.",
		}, []string{"result"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tealgate_release_failures_total",
			Help: "Releases that had begun to move live traffic and went back. Divided by the switches it is the change failure rate.",
		}),
		switching: histogram("tealgate_release_switch_duration_seconds",
			"Time from the recorded order to move the Services until all endpoints were of the new color.", moveBuckets),
		rollingBack: histogram("tealgate_release_rollback_duration_seconds",
			"Time from the recorded order to go back until all endpoints were of the old color.", moveBuckets),
		lead: histogram("tealgate_release_lead_time_seconds",
			"Time from the start of a release until all endpoints were of the new color.", leadBuckets),
		restore: histogram("tealgate_release_restore_duration_seconds",
			"Time from the recorded order to move the Services to a version that failed until all endpoints were of the old color again.", restoreBuckets),
		running: prometheus.NewDesc("tealgate_releases_running",
			"Releases on their way, by phase. Only the leader knows any.", []string{"phase"}, nil),
		stalled: prometheus.NewDesc("tealgate_releases_stalled",
			"BlueGreens that wait for a person. Only the leader knows any.", nil, nil),
		blind: prometheus.NewDesc("tealgate_release_signals_without_data",
			"Signals of releases in their watch that have no data: they pass nothing and fail nothing. Only the leader knows any.", nil, nil),
		standing: map[client.ObjectKey]standing{},
	}
	for _, outcome := range []release.Outcome{release.Succeeded, release.RolledBack, release.Aborted, release.Superseded} {
		m.ended.WithLabelValues(string(outcome))
	}
	m.switches.WithLabelValues(switchReached)
	m.switches.WithLabelValues(switchUndone)
	registerer.MustRegister(m.ended, m.switches, m.failures, m.switching, m.rollingBack, m.lead, m.restore, m)
	return m
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

// passed counts what a recorded change of state means.
func (m *metrics) passed(before, after *release.State) {
	old, r := before.Release, after.Release
	if old == nil || r == nil || old.Name != r.Name {
		return
	}
	if old.Moved.IsZero() && !r.Moved.IsZero() {
		m.switches.WithLabelValues(switchReached).Inc()
		m.switching.Observe(r.Moved.Sub(r.Moving).Seconds())
		m.lead.Observe(r.Moved.Sub(r.Started).Seconds())
	}
	if old.Outcome != "" || r.Outcome == "" {
		return
	}
	m.ended.WithLabelValues(string(r.Outcome)).Inc()
	if r.Moving.IsZero() || (r.Left.IsZero() && before.Phase != release.RollingBack) {
		return
	}
	m.failures.Inc()
	if r.Moved.IsZero() {
		m.switches.WithLabelValues(switchUndone).Inc()
	}
	if r.Left.IsZero() {
		return // It could not be brought back in time.
	}
	m.restore.Observe(r.Left.Sub(r.Moving).Seconds())
	if before.Phase == release.RollingBack {
		m.rollingBack.Observe(r.Left.Sub(old.Since).Seconds())
	}
}

// stands notes where a BlueGreen is.
func (m *metrics) stands(key client.ObjectKey, status *v1alpha1.BlueGreenStatus) {
	now := standing{phase: status.Phase, stalled: status.Waiting != nil && status.Waiting.Stalled}
	if status.Phase == v1alpha1.PhaseWatching && status.Release != nil {
		for i := range status.Release.Signals {
			if status.Release.Signals[i].Outcome == v1alpha1.SignalNoData {
				now.blind++
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.standing[key] = now
}

// forget drops a BlueGreen that is gone, or that tealgate does not work on.
func (m *metrics) forget(key client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.standing, key)
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.running
	to <- m.stalled
	to <- m.blind
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	running := map[v1alpha1.Phase]int{
		v1alpha1.PhaseDeploying: 0, v1alpha1.PhaseVerifying: 0, v1alpha1.PhaseAwaitingDecision: 0, v1alpha1.PhaseSwitching: 0,
		v1alpha1.PhaseWatching: 0, v1alpha1.PhaseRetiring: 0, v1alpha1.PhaseRollingBack: 0,
	}
	stalled, blind := 0, 0
	m.mu.Lock()
	for _, s := range m.standing {
		if _, known := running[s.phase]; known {
			running[s.phase]++
		}
		if s.stalled {
			stalled++
		}
		blind += s.blind
	}
	m.mu.Unlock()
	for phase, number := range running {
		to <- prometheus.MustNewConstMetric(m.running, prometheus.GaugeValue, float64(number), string(phase))
	}
	to <- prometheus.MustNewConstMetric(m.stalled, prometheus.GaugeValue, float64(stalled))
	to <- prometheus.MustNewConstMetric(m.blind, prometheus.GaugeValue, float64(blind))
}
