package certs

import (
	"bytes"
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
	certificate     *Certificate
	expiry, trusted *prometheus.Desc
}

// RegisterMetrics shows when the serving certificate expires, and whether the API server
// calls this replica. The configurations are read from a cache.
func RegisterMetrics(registerer prometheus.Registerer, cached client.Reader, certificate *Certificate) {
	registerer.MustRegister(&gauges{
		cached: cached, certificate: certificate,
		expiry: prometheus.NewDesc("tealgate_certificate_expiry_timestamp_seconds",
			"When the certificate that this replica serves with expires.", nil, nil),
		trusted: prometheus.NewDesc("tealgate_webhook_configuration_trusted",
			"1 if the webhook configuration of this kind exists and all of its entries have this replica's CA. With 0 nothing is guarded, or changes are refused without a reason; it is absent while nobody knows.",
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
	to <- prometheus.MustNewConstMetric(g.expiry, prometheus.GaugeValue, float64(g.certificate.serving.Leaf.NotAfter.Unix()))
	for _, kind := range []string{"mutating", "validating"} {
		_, entries, err := configuration(ctx, g.cached, kind)
		if err != nil && !apierrors.IsNotFound(err) {
			continue
		}
		value := 0.0
		if len(entries) > 0 {
			value = 1
		}
		for _, entry := range entries {
			if !bytes.Contains(entry.CABundle, g.certificate.ca) {
				value = 0
			}
		}
		to <- prometheus.MustNewConstMetric(g.trusted, prometheus.GaugeValue, value, kind)
	}
}
