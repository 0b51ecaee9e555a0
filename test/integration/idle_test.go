package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// TestIdle counts, in the API server's own log, what idle BlueGreens cost: nothing, for a
// minute, and nothing either while releases are frozen, though one of them has something new
// to release. It is released as soon as the freeze is over.
func TestIdle(t *testing.T) {
	t.Parallel()
	const number = 20
	w := start(t, env.Options{})
	t.Run("opened", func(t *testing.T) {
		for i := range number {
			t.Run(fmt.Sprintf("idle-%d", i), func(t *testing.T) {
				t.Parallel()
				w.place(t)
				s := open(t, w.cluster, fmt.Sprintf("idle-%d", i), change(func(spec *v1alpha1.BlueGreenSpec) {
					spec.Watch.Duration.Duration, spec.Retire.After.Duration = time.Second, time.Second
					if i%5 == 2 {
						measured(spec, "nowhere") // A query that does not run is no reason to look.
					}
				}))
				if i%5 == 0 {
					s.finishes()
				}
			})
		}
	})
	asked := func() []auditEvent { return requested(readAudit(t, w.cluster.AuditLog())) }
	// rests holds that nothing is asked from now on, or from soon.
	rests := func(duration time.Duration) {
		t.Helper()
		before := -1
		require.Eventually(t, func() bool {
			last := before
			before = len(asked())
			return before == last
		}, patience, 3*time.Second, "tealgate comes to rest")
		assert.Never(t, func() bool { return len(asked()) > before }, duration, time.Second)
		for _, event := range asked()[before:] {
			t.Logf("%s %s", event.Verb, event.RequestURI)
		}
	}
	rests(time.Minute)

	s := &pair{t: t, cluster: w.cluster, namespace: "idle-1"}
	s.Client = s.as("lee")
	settings := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: "tealgate-settings"},
		Data:       map[string]string{"settings.yaml": "releases: {freeze: true}\n"},
	}
	s.create(settings)
	require.NoError(t, w.untilMetric(t.Context(), `tealgate_policy_sources{state="in force"} 1`))
	s.deploy(color.Green, "1.5.0", 3)
	s.until("it waits for the end of the freeze", func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Waiting != nil && bg.Status.Waiting.Reason == "Paused"
	})
	rests(20 * time.Second)
	assert.Equal(t, v1alpha1.PhaseIdle, s.phase(v1alpha1.PhaseIdle).Status.Phase)

	settings.Data["settings.yaml"] = "releases: {freeze: false}\n"
	require.NoError(t, s.Update(t.Context(), settings))
	s.phase(v1alpha1.PhaseAwaitingDecision)
}
