package admission

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/policy"
)

// Outcomes of a request, the label outcome of tealgate_admission_requests_total.
const (
	outcomeAllowed   = "allowed"
	outcomeDenied    = "denied"
	outcomeUndecided = "undecided"
	outcomeMalformed = "malformed"
)

// metrics have bounded labels only: entries, kinds and rules, never names.
type metrics struct {
	requests *prometheus.CounterVec
	problems *prometheus.CounterVec
	broken   *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_admission_requests_total",
			Help: "Admission requests by webhook entry, kind and outcome: allowed, denied, undecided (tealgate's own failure), malformed.",
		}, []string{"webhook", "kind", "outcome"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_admission_problems_total",
			Help: "Problems that rules found, by rule, what they did (deny; would-deny, where the mode is not enforce; warn) and the namespace's mode.",
		}, []string{"rule", "action", "mode"}),
		broken: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_break_glass_total",
			Help: "Changes that break-glass admitted unjudged, by kind, operation and the namespace's mode (enforce; warn for every other). Dry runs are left out.",
		}, []string{"kind", "operation", "mode"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tealgate_admission_duration_seconds",
			Help:    "Time from the decoded request to the answer, by webhook entry.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 1.5, 3},
		}, []string{"webhook"}),
	}
	registerer.MustRegister(m.requests, m.problems, m.broken, m.duration)
	return m
}

func (m *metrics) answered(webhook, kind, outcome string, took time.Duration) {
	m.requests.WithLabelValues(webhook, bounded(kind), outcome).Inc()
	m.duration.WithLabelValues(webhook).Observe(took.Seconds())
}

// bounded is a kind that a request may name.
func bounded(kind string) string {
	switch kind {
	case kindDeployment, kindService, kindScale, kindConfigMap:
		return kind
	default:
		return "other"
	}
}

func (m *metrics) broke(kind, operation, mode string) {
	m.broken.WithLabelValues(bounded(kind), operation, mode).Inc()
}

func (m *metrics) found(violation policy.Violation, action, mode string) {
	m.problems.WithLabelValues(violation.Rule.ID, action, mode).Inc()
}

func outcome(response admission.Response, err error) string {
	switch {
	case err != nil:
		return outcomeUndecided
	case response.Allowed:
		return outcomeAllowed
	case response.Result != nil && response.Result.Code == http.StatusForbidden:
		return outcomeDenied
	default:
		return outcomeUndecided
	}
}
