package certs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// scrapeDeadline bounds what a scrape reads from a cache.
const scrapeDeadline = time.Second

// gauges are worked out when they are asked for: what they tell of changes without us.
type gauges struct {
	cached          client.Reader
	keeper          *Keeper
	expiry, trusted *prometheus.Desc
}

// RegisterMetrics shows when the serving certificate expires, and whether the API server
// calls this replica. The configurations are read from a cache.
func RegisterMetrics(registerer prometheus.Registerer, cached client.Reader, keeper *Keeper) {
	registerer.MustRegister(&gauges{
		cached: cached, keeper: keeper,
		expiry: prometheus.NewDesc("tealgate_certificate_expiry_timestamp_seconds",
			"When the certificate that this replica serves with expires; absent while it has none.", nil, nil),
		trusted: prometheus.NewDesc("tealgate_webhook_configuration_trusted",
			"1 if the webhook configuration of this kind exists and all of its entries trust this replica's certificate. With 0 nothing is guarded, or changes are refused without a reason; it is absent while nobody knows.",
			[]string{"kind"}, nil),
	})
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	to <- g.expiry
	to <- g.trusted
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeDeadline)
	defer cancel()
	serving := g.keeper.serving.Load()
	if serving != nil {
		to <- prometheus.MustNewConstMetric(g.expiry, prometheus.GaugeValue, float64(serving.notAfter().Unix()))
	}
	for _, kind := range kinds() {
		_, entries, err := configuration(ctx, g.cached, kind)
		if err != nil && !apierrors.IsNotFound(err) {
			continue
		}
		value := 0.0
		if serving != nil && len(entries) > 0 && g.keeper.trustedBy(entries, serving, g.keeper.options.Clock.Now()) == nil {
			value = 1
		}
		to <- prometheus.MustNewConstMetric(g.trusted, prometheus.GaugeValue, value, kind)
	}
}
