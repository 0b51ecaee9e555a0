package rulebook

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Outcomes of a load, the label outcome of tealgate_policy_reloads_total.
const (
	outcomeLoaded = "loaded"
	outcomePartly = "partly"
	outcomeFailed = "failed"
)

func (e *Edition) outcome() string {
	for _, status := range e.Sources {
		if status.State != InForce {
			return outcomePartly
		}
	}
	return outcomeLoaded
}

// gauges are read from the edition when they are asked for, so that there is one
// digest at any time.
type gauges struct {
	book                  *Book
	info, loaded, sources *prometheus.Desc
}

func (b *Book) register(registerer prometheus.Registerer) {
	b.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tealgate_policy_reloads_total",
		Help: "Loads of changed policies or settings by outcome: loaded, partly (a source was set aside or is at its last good content), failed (nothing changed; it is tried again).",
	}, []string{"outcome"})
	for _, outcome := range []string{outcomeLoaded, outcomePartly, outcomeFailed} {
		b.reloads.WithLabelValues(outcome)
	}
	registerer.MustRegister(b.reloads, &gauges{
		book: b,
		info: prometheus.NewDesc("tealgate_policy_info",
			"1, with the digest of all policies and settings in force. Replicas that show different ones judge differently.", []string{"digest"}, nil),
		loaded: prometheus.NewDesc("tealgate_policy_loaded_timestamp_seconds",
			"When this replica put the policies and settings into force that are.", nil, nil),
		sources: prometheus.NewDesc("tealgate_policy_sources",
			"ConfigMaps and folders with policies or settings by state: in force, last good (its content cannot be loaded, an older one is in force), set aside.", []string{"state"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	to <- g.info
	to <- g.loaded
	to <- g.sources
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	edition := g.book.Edition()
	count := map[State]int{InForce: 0, LastGood: 0, SetAside: 0}
	for _, status := range edition.Sources {
		count[status.State]++
	}
	to <- prometheus.MustNewConstMetric(g.info, prometheus.GaugeValue, 1, edition.Digest)
	to <- prometheus.MustNewConstMetric(g.loaded, prometheus.GaugeValue, float64(edition.Since.UnixMilli())/1000)
	for state, number := range count {
		to <- prometheus.MustNewConstMetric(g.sources, prometheus.GaugeValue, float64(number), string(state))
	}
}
