package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// gauges are servers that speak Prometheus' API and answer as they are told, each by its own
// path: value with the value that was set, empty with none, nan with one that is no number,
// slow not at all. Once there is a value they all have it. A query is the name of a gauge.
type gauges struct {
	mu     sync.Mutex
	values map[string]string
}

// startGauges names the servers in tealgate's settings.
func startGauges(t *testing.T, w *world) *gauges {
	t.Helper()
	g := &gauges{values: map[string]string{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	var list strings.Builder
	for _, name := range []string{"value", "empty", "nan", "slow"} {
		fmt.Fprintf(&list, "- {name: %s, url: %q}\n", name, server.URL+"/"+name)
	}
	admin := &pair{t: t, cluster: w.cluster}
	admin.Client = admin.as("pat")
	admin.create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: "tealgate-settings"},
		Data:       map[string]string{"settings.yaml": "prometheus:\n" + list.String()},
	})
	require.NoError(t, w.untilMetric(t.Context(), `tealgate_policy_sources{state="in force"} 1`))
	return g
}

func (g *gauges) set(name, value string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.values[name] = value
}

func (g *gauges) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	g.mu.Lock()
	value := g.values[request.FormValue("query")]
	g.mu.Unlock()
	server := strings.Split(request.URL.Path, "/")[1]
	result := fmt.Sprintf(`"scalar", "result": [1, %q]`, value)
	switch {
	case value != "":
	case server == "slow":
		<-request.Context().Done()
		return
	case server == "nan":
		result = `"scalar", "result": [1, "NaN"]`
	default:
		result = `"vector", "result": []`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"status": "success", "data": {"resultType": %s}}`, result)
}

// knowNothing: no data is neither a success nor a failure. The release waits for some.
func (g *gauges) knowNothing(s *pair) {
	s.until("a slow server is told before", func(bg *v1alpha1.BlueGreen) bool {
		return condition(bg, v1alpha1.ConditionSignalsReady).Message == "signal slow: the server did not answer in time"
	})
	s.deploy(color.Green, "1.5.0", 3)
	bg := s.waits("the watch is over, but signal empty: no data; signal nan: no data (NaN); signal slow: the server did not answer in time")
	assert.True(s.t, bg.Status.Waiting.Stalled, "somebody has to do something about it")
	for _, signal := range bg.Status.Release.Signals {
		assert.Equal(s.t, v1alpha1.SignalNoData, signal.Outcome, signal.Name)
	}
	s.serves(color.Green, 3)
	g.set(s.namespace, "0")
	s.outcome(v1alpha1.OutcomeSucceeded)
}
