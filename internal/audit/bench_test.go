package audit_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/test/env"
)

// BenchmarkAudit audits 2,000 Deployments and as many Services in five namespaces of
// a real API server, and prints the most memory that the process ever had.
func BenchmarkAudit(b *testing.B) {
	const applications = 2000
	cluster, err := env.Start(b.Context(), env.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { _ = cluster.Stop() })
	result, err := cluster.KubectlWith(b.Context(), env.KubectlOptions{Stdin: strings.NewReader(manifests(applications))}, "apply", "--server-side", "-f", "-")
	require.NoError(b, err)
	require.Zero(b, result.Code, result)
	reader, err := client.New(cluster.Config, client.Options{})
	require.NoError(b, err)
	rules := edition(b)
	before := peak(b)
	for b.Loop() {
		result, err := audit.Run(b.Context(), audit.Options{Reader: reader, Edition: rules})
		require.NoError(b, err)
		require.Empty(b, result.Unjudged)
	}
	b.ReportMetric(before, "MB-before")
	b.ReportMetric(peak(b), "MB-peak")
}

// peak is the resident memory at its most, in MB.
func peak(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // another system
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kilobytes) / 1000
}
