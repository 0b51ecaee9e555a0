package integration

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// condition is one of a BlueGreen; the zero value if there is none.
func condition(bg *v1alpha1.BlueGreen, kind string) metav1.Condition {
	if found := meta.FindStatusCondition(bg.Status.Conditions, kind); found != nil {
		return *found
	}
	return metav1.Condition{}
}

// drained runs a job between Go and switch, and none before.
func drained(spec *v1alpha1.BlueGreenSpec) {
	spec.Hooks.BeforeSwitch, spec.Verify.Jobs = spec.Verify.Jobs, nil
}

// isDeployedAfterGo: what was decided on is not what would be switched to.
func (s *pair) isDeployedAfterGo() {
	s.smoke(env.AnnotationWaiting, "ImagePullBackOff")
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.waits("job smoke has not succeeded yet")
	s.deploy(color.Green, "1.5.1", 3)
	bg := s.waits("0 of 1 Go for shop-2")
	assert.Equal(s.t, "1.5.1", bg.Status.Release.Version)
	require.Len(s.t, bg.Status.History, 1)
	assert.Equal(s.t, v1alpha1.OutcomeSuperseded, bg.Status.History[0].Outcome)
	assert.Equal(s.t, "green was deployed again", bg.Status.History[0].Message)
	s.serves(color.Blue, 3)
}

// validFor is how long a Go counts that has to be seen to end.
const validFor = 15 * time.Second

// ticked waits for a person before it is verified, and a Go soon counts no more.
func ticked(spec *v1alpha1.BlueGreenSpec) {
	spec.Verify = v1alpha1.Verify{Checklist: []v1alpha1.Check{{Name: "login"}}}
	spec.Approval.ValidFor.Duration = validFor
}

// hearsTooEarly: a Go that has expired when it is needed does not count.
func (s *pair) hearsTooEarly() {
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseVerifying)
	s.decide("mia", v1alpha1.VerdictGo, "")
	said := time.Now()
	require.Eventually(s.t, func() bool { return time.Since(said) > validFor }, 2*validFor, 50*time.Millisecond)
	s.decide("tom", v1alpha1.VerdictChecked, "login")
	s.waits("0 of 1 Go for shop-1; that of mia does not count: it has expired")
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.phase(v1alpha1.PhaseWatching)
	s.serves(color.Green, 3)
}

// asksOthers: who deployed, and robots of the same namespace, may say Go, and it does not count.
func (s *pair) asksOthers() {
	robot := "system:serviceaccount:" + s.namespace + ":robot"
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("lee", v1alpha1.VerdictGo, "")
	s.waits("0 of 1 Go for shop-1; that of lee does not count: who deployed may not decide")
	s.decide(robot, v1alpha1.VerdictGo, "")
	bg := s.until("two words that do not count", func(bg *v1alpha1.BlueGreen) bool { return len(bg.Status.Release.Decisions) == 2 })
	why := map[string]string{}
	for _, decision := range bg.Status.Release.Decisions {
		why[decision.By] = decision.Discounted
	}
	assert.Equal(s.t, map[string]string{
		"lee": "who deployed may not decide", robot: "a ServiceAccount of this namespace may not decide",
	}, why)
	assert.Equal(s.t, v1alpha1.PhaseAwaitingDecision, bg.Status.Phase)
	s.decide("mia", v1alpha1.VerdictGo, "")
	assert.Equal(s.t, []string{"mia"}, s.outcome(v1alpha1.OutcomeSucceeded).Status.Release.DecidedBy)
}

// isAutoscaled: where an autoscaler has the replicas of a color, tealgate says what to set.
func (s *pair) isAutoscaled() {
	for c, least := range map[color.Color]int32{color.Blue: 3, color.Green: 1} {
		s.create(&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: s.meta("shop-" + string(c)), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "shop-" + string(c)},
			MinReplicas:    &least, MaxReplicas: 5,
		}})
	}
	s.deploy(color.Green, "1.5.0", 1)
	s.waits("HorizontalPodAutoscaler shop-green keeps shop-green at 1: set its minReplicas to 3")
	s.kubectl("patch", "hpa", "shop-green", "--type=merge", "-p", `{"spec": {"minReplicas": 3}}`)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.outcome(v1alpha1.OutcomeSucceeded)
	s.serves(color.Green, 3)
	assert.Equal(s.t, int32(0), s.replicas(color.Blue), "retired, which no autoscaler undoes")
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-blue"}, &autoscalingv2.HorizontalPodAutoscaler{}))
}
