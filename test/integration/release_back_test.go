package integration

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// states are what green may have come to when it has to go, and how many of its pods are ready
// then. Where nothing else has said so before, reasons are why it goes.
var states = []struct {
	what    string
	of      func(*pair)
	ready   int
	reasons []string
}{
	{"green at 2/3", func(s *pair) { s.says(color.Green, 1, env.AnnotationReady, "false") }, 2, []string{"SignalFailed"}},
	{"green at 0/3", func(s *pair) { s.says(color.Green, 3, env.AnnotationReady, "false") }, 0, []string{"NoReadyPods"}},
	{"green crash-looping", func(s *pair) { s.says(color.Green, 3, env.AnnotationCrash, "true") }, 0, []string{"CrashLoop", "NoReadyPods"}},
	{"green deleted", (*pair).losesGreen, 0, []string{"NoReadyPods"}},
}

// has waits until so many pods of a color are ready: what is said of kwok's pods comes true later.
func (s *pair) has(c color.Color, ready int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var pods corev1.PodList
		require.NoError(s.t, s.List(s.t.Context(), &pods, client.InNamespace(s.namespace), client.MatchingLabels{v1alpha1.LabelColor: string(c)}))
		n := 0
		for i := range pods.Items {
			n += countPod(&pods.Items[i]).ready
		}
		return n == ready
	}, patience, 10*time.Millisecond, "%d ready pods of %s", ready, c)
}

// losesGreen deletes the Deployment that serves, which takes breaking the glass.
func (s *pair) losesGreen() {
	s.t.Helper()
	green := &appsv1.Deployment{ObjectMeta: s.meta("shop-green")}
	require.NoError(s.t, s.Patch(s.t.Context(), green, breakGlass("")))
	require.NoError(s.t, s.Delete(s.t.Context(), green))
}

// breakGlass lets an object be changed unjudged, together with another change.
func breakGlass(change string) client.Patch {
	until := time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
	return client.RawPatch("application/merge-patch+json",
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"a drill until %s"}}%s}`, v1alpha1.AnnotationBreakGlass, until, change))
}

func (s *pair) isRolledBack() {
	s.switched()
	err := s.apply(color.Blue, "1.4.1", 3)
	require.True(s.t, apierrors.IsForbidden(err), "a pipeline of the old color: %v", err)
	assert.Contains(s.t, err.Error(), "rollback-target")
	s.says(color.Green, 1, env.AnnotationReady, "false")
	s.has(color.Green, 2)
	said := time.Now()
	s.decide("mia", v1alpha1.VerdictRollback, "")
	s.t.Logf("%s from the Decision, a second of it to be younger, to blue in the slices", s.serves(color.Blue, 3).Sub(said))
	assert.Equal(s.t, "mia said Rollback: as agreed", s.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message)
}

func (s *pair) crashes() {
	s.switched()
	s.says(color.Green, 3, env.AnnotationCrash, "true")
	said := time.Now()
	s.t.Logf("%s from the failure to blue in the slices", s.serves(color.Blue, 3).Sub(said))
	assert.Contains(s.t, []string{"NoReadyPods", "CrashLoop"}, s.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Reason)
}

// goesBackByWord: one release after the other, each with green in another state. Nothing
// but the Decision rolls back.
func (s *pair) goesBackByWord() {
	for i, state := range states {
		s.deploy(color.Green, fmt.Sprintf("1.5.%d", i), 3)
		s.phase(v1alpha1.PhaseWatching)
		s.serves(color.Green, 3)
		state.of(s)
		s.has(color.Green, state.ready)
		s.decide("mia", v1alpha1.VerdictRollback, "")
		said := time.Now()
		s.t.Logf("%s: %s from the Decision to blue in the slices", state.what, s.serves(color.Blue, 3).Sub(said))
		assert.Equal(s.t, "mia said Rollback: as agreed", s.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message)
	}
}

// goesBackBySignal is the same with a signal that fails. Where no pod of green is ready, or one
// is in a crash loop, that is noticed without it.
func (g *gauges) goesBackBySignal(s *pair) {
	for i, state := range states {
		g.set(s.namespace, "0")
		s.deploy(color.Green, fmt.Sprintf("1.5.%d", i), 3)
		s.phase(v1alpha1.PhaseWatching)
		s.serves(color.Green, 3)
		state.of(s)
		s.has(color.Green, state.ready)
		g.set(s.namespace, "0.5")
		failed := time.Now()
		s.t.Logf("%s: %s from the failed signal to blue in the slices", state.what, s.serves(color.Blue, 3).Sub(failed))
		r := s.outcome(v1alpha1.OutcomeRolledBack).Status.Release
		assert.Contains(s.t, state.reasons, r.Reason, state.what)
		if r.Reason == "SignalFailed" {
			assert.Equal(s.t, "signal value is 0.5, above 0.01", r.Message)
		}
	}
}

// two has a second Service move together with the first.
func two(spec *v1alpha1.BlueGreenSpec) {
	spec.Services = append(spec.Services, v1alpha1.ServicePair{Name: "shop-grpc"})
}

// undoesBoth: the second of two Services never verifies, because something that is not a
// pod stands in its slices, and then has no pod of green any more.
func (s *pair) undoesBoth() {
	astray := &discoveryv1.EndpointSlice{ObjectMeta: s.meta("astray"), AddressType: discoveryv1.AddressTypeIPv4}
	astray.Labels = map[string]string{discoveryv1.LabelServiceName: "shop-grpc", discoveryv1.LabelManagedBy: "nobody"}
	astray.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.9"}, Conditions: discoveryv1.EndpointConditions{Ready: yes()}}}
	s.create(astray)

	s.deploy(color.Green, "1.5.0", 3)
	s.serves(color.Green, 3)
	s.waits("the slices of Service shop-grpc hold 3 of green and 1 others")
	var pods corev1.PodList
	require.NoError(s.t, s.List(s.t.Context(), &pods, client.InNamespace(s.namespace), client.MatchingLabels{v1alpha1.LabelColor: "green"}))
	for i := range pods.Items {
		require.NoError(s.t, s.Patch(s.t.Context(), &pods.Items[i], client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"tier":null}}}`))))
	}
	s.serves(color.Blue, 3)
	s.waits("the slices of Service shop-grpc hold 3 of blue and 1 others")
	require.NoError(s.t, s.Delete(s.t.Context(), astray))
	assert.Equal(s.t, "green has no ready pod behind Service shop-grpc", s.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message)
	grpc := &corev1.Service{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-grpc"}, grpc))
	assert.Equal(s.t, "blue", grpc.Spec.Selector[v1alpha1.LabelColor])
}

// isMovedByHand: before the switch that ends a release, and after it undoes one.
func (s *pair) isMovedByHand() {
	const green = `,"spec":{"selector":{"tealgate.dev/color":"green"}}`
	service := &corev1.Service{ObjectMeta: s.meta("shop")}
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	err := s.Patch(s.t.Context(), service, client.RawPatch("application/merge-patch+json", []byte("{"+green[1:]+"}")))
	require.True(s.t, apierrors.IsForbidden(err), "without breaking the glass: %v", err)
	require.NoError(s.t, s.Patch(s.t.Context(), service, breakGlass(green)))
	bg := s.outcome(v1alpha1.OutcomeSuperseded)
	assert.Equal(s.t, "the Services select green already, and no release moved them", bg.Status.Release.Message)
	assert.Equal(s.t, color.Green, bg.Status.LiveColor)

	s.deploy(color.Blue, "1.6.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.phase(v1alpha1.PhaseWatching)
	require.NoError(s.t, s.Patch(s.t.Context(), service, breakGlass(green)))
	bg = s.outcome(v1alpha1.OutcomeRolledBack)
	assert.Equal(s.t, "the Services select green again, and no Decision said so", bg.Status.Release.Message)
	assert.Equal(s.t, color.Green, bg.Status.LiveColor)
	assert.Equal(s.t, metav1.ConditionTrue, condition(bg, v1alpha1.ConditionReady).Status)
}
