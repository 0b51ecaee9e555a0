// Package monitoring holds the manifests for monitoring to what Prometheus itself reads.
package monitoring

import (
	"log/slog"
	"os"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestRules reads the spec of the PrometheusRule, which has the form of a file of rules.
func TestRules(t *testing.T) {
	content, err := os.ReadFile("../../manifests/overlays/monitoring/prometheus-rule.yaml")
	require.NoError(t, err)
	var object struct {
		Spec map[string]any `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(content, &object))
	spec, err := yaml.Marshal(object.Spec)
	require.NoError(t, err)
	groups, problems := rulefmt.Parse(spec, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, problems)
	require.Len(t, groups.Groups, 1)
	for _, rule := range groups.Groups[0].Rules {
		assert.NotEmpty(t, rule.Alert)
		assert.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
		assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		assert.NotEmpty(t, rule.Annotations["description"], rule.Alert)
	}
}
