package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// change edits a spec that asks nobody and waits for nothing.
func change(edit func(*v1alpha1.BlueGreenSpec)) v1alpha1.BlueGreenSpec {
	spec := quick()
	edit(&spec)
	return spec
}

// short is watched and keeps its old color for a moment only.
func short(spec *v1alpha1.BlueGreenSpec) {
	spec.Watch.Duration.Duration, spec.Retire.After.Duration = time.Second, time.Second
}

// deleting deletes the old color at the end.
func deleting(spec *v1alpha1.BlueGreenSpec) {
	short(spec)
	spec.Retire.Action = v1alpha1.RetireDelete
}

// unasked asks nobody whether to switch.
func unasked(spec *v1alpha1.BlueGreenSpec) { spec.Approval.Policy = v1alpha1.ApprovalAutomatic }

// measured has a signal for each of some servers, which is about the namespace.
func measured(spec *v1alpha1.BlueGreenSpec, servers ...string) {
	for _, server := range servers {
		spec.Watch.Signals = append(spec.Watch.Signals, v1alpha1.Signal{
			Name: server, PrometheusQuery: v1alpha1.PrometheusQuery{Prometheus: server, Query: "{{.Namespace}}"}, Max: "1%",
		})
	}
}

// TestReleases: whole releases on a real control plane, one namespace each.
func TestReleases(t *testing.T) {
	t.Parallel()
	w := start(t, env.Options{})
	gauges := startGauges(t, w)
	t.Run("stories", func(t *testing.T) {
		for name, test := range map[string]struct {
			spec  v1alpha1.BlueGreenSpec
			story func(*pair)
		}{
			"finished":     {change(short), (*pair).finishes},
			"deleted":      {change(deleting), (*pair).losesBlue},
			"nogo":         {quick(), (*pair).isStopped},
			"smoke-fails":  {quick(), (*pair).failsItsSmokeTest},
			"no-cronjob":   {quick(), (*pair).hasNoSmokeTest},
			"never-ready":  {change(func(spec *v1alpha1.BlueGreenSpec) { spec.Deploy.Deadline.Duration = 5 * time.Second }), (*pair).neverComes},
			"planted":      {quick(), (*pair).findsAnotherJob},
			"rolled-back":  {quick(), (*pair).isRolledBack},
			"crashes":      {quick(), (*pair).crashes},
			"no-server":    {change(func(spec *v1alpha1.BlueGreenSpec) { measured(spec, "main") }), (*pair).cannotMeasure},
			"no-data":      {change(func(spec *v1alpha1.BlueGreenSpec) { short(spec); unasked(spec); measured(spec, "empty", "nan", "slow") }), gauges.knowNothing},
			"back-word":    {change(func(spec *v1alpha1.BlueGreenSpec) { unasked(spec); spec.Rollback.Policy = v1alpha1.RollbackManual }), (*pair).goesBackByWord},
			"back-signal":  {change(func(spec *v1alpha1.BlueGreenSpec) { unasked(spec); measured(spec, "value") }), gauges.goesBackBySignal},
			"two-services": {change(func(spec *v1alpha1.BlueGreenSpec) { unasked(spec); two(spec) }), (*pair).undoesBoth},
			"by-hand":      {quick(), (*pair).isMovedByHand},
			"revised":      {change(drained), (*pair).isDeployedAfterGo},
			"expired":      {change(ticked), (*pair).hearsTooEarly},
			"separated":    {change(short), (*pair).asksOthers},
			"autoscaled":   {change(short), (*pair).isAutoscaled},
			"two-owners":   {quick(), (*pair).hasAnotherOwner},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.place(t)
				test.story(open(t, w.cluster, name, test.spec))
			})
		}
	})
}

// switched brings green 1.5.0 live and returns while it is watched.
func (s *pair) switched() {
	s.t.Helper()
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.phase(v1alpha1.PhaseWatching)
	s.serves(color.Green, 3)
}

// asks asks for a release of what stands on the idle color, by name.
func (s *pair) asks(name string) *v1alpha1.BlueGreen {
	s.t.Helper()
	patch := `{"metadata":{"annotations":{"` + v1alpha1.AnnotationReleaseRequested + `":"` + name + `"}}}`
	require.NoError(s.t, s.Patch(s.t.Context(), &v1alpha1.BlueGreen{ObjectMeta: s.meta("shop")}, client.RawPatch("application/merge-patch+json", []byte(patch))))
	return s.until("a release that was asked for", func(bg *v1alpha1.BlueGreen) bool { return bg.Status.HandledRequest == name })
}

// kubectl runs it as the administrator, in the namespace of the pair.
func (s *pair) kubectl(args ...string) {
	s.t.Helper()
	result, err := s.cluster.Kubectl(s.t.Context(), append([]string{"-n", s.namespace}, args...)...)
	require.NoError(s.t, err)
	require.Zero(s.t, result.Code, result)
}

func (s *pair) finishes() {
	// A word on a release that never was: nobody remembers it once there is one.
	forgotten := &v1alpha1.Decision{ObjectMeta: s.meta("shop-99-go"), Spec: v1alpha1.DecisionSpec{
		BlueGreen: "shop", Release: "shop-99", Verdict: v1alpha1.VerdictGo, DecidedBy: "mia",
	}}
	require.NoError(s.t, s.as("mia").Create(s.t.Context(), forgotten))
	s.deploy(color.Green, "1.5.0", 1)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.serves(color.Green, 3)
	bg := s.outcome(v1alpha1.OutcomeSucceeded)
	assert.Equal(s.t, color.Green, bg.Status.LiveColor)
	assert.Equal(s.t, "1.5.0", bg.Status.LiveVersion)
	assert.Equal(s.t, []string{"mia"}, bg.Status.Release.DecidedBy)
	assert.Equal(s.t, []string{"lee"}, bg.Status.Release.Deployers)
	require.Len(s.t, bg.Status.Release.Jobs, 1)
	assert.False(s.t, bg.Status.Release.Jobs[0].StartTime.IsZero() || bg.Status.Release.Jobs[0].EndTime.IsZero())
	assert.Equal(s.t, int32(0), s.replicas(color.Blue))
	s.ownsNothing()
	s.keepsDecisions(bg)
	s.wasTested(bg)

	// Had the restart begun a release, the one that is asked for would be another.
	s.kubectl("rollout", "restart", "deployment")
	s.kubectl("rollout", "status", "deployment/shop-green", "--timeout=90s")
	s.kubectl("rollout", "status", "deployment/shop-blue", "--timeout=90s")
	assert.Equal(s.t, "shop-2", s.asks("after the restart").Status.Release.Name)
}

// losesBlue: what the release was from is deleted, and green serves on.
func (s *pair) losesBlue() {
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.outcome(v1alpha1.OutcomeSucceeded)
	blue := &appsv1.Deployment{ObjectMeta: s.meta("shop-blue")}
	assert.True(s.t, apierrors.IsNotFound(s.Get(s.t.Context(), client.ObjectKeyFromObject(blue), blue)))
	s.serves(color.Green, 3)
}

// keepsDecisions waits until those on remembered releases, and no others, go with the BlueGreen.
func (s *pair) keepsDecisions(bg *v1alpha1.BlueGreen) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var list v1alpha1.DecisionList
		require.NoError(s.t, s.List(s.t.Context(), &list, client.InNamespace(s.namespace)))
		return len(list.Items) == 1 && list.Items[0].Spec.Release == bg.Status.Release.Name &&
			len(list.Items[0].OwnerReferences) == 1 && list.Items[0].OwnerReferences[0].UID == bg.UID
	}, patience, 50*time.Millisecond)
}

// wasTested looks at the job that verified the first release: whose it is, and what it
// was told.
func (s *pair) wasTested(bg *v1alpha1.BlueGreen) {
	s.t.Helper()
	job := &batchv1.Job{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-1-verify-smoke"}, job))
	assert.True(s.t, metav1.IsControlledBy(job, bg), job.OwnerReferences)
	require.Len(s.t, job.Spec.Template.Spec.Containers, 1)
	container := job.Spec.Template.Spec.Containers[0]
	assert.Equal(s.t, corev1.TerminationMessageFallbackToLogsOnError, container.TerminationMessagePolicy)
	told := map[string]string{}
	for _, variable := range container.Env {
		told[variable.Name] = variable.Value
	}
	assert.Equal(s.t, map[string]string{
		"COLOR": "green", "VERSION": "1.5.0", "RELEASE": "shop-1", "PREVIEW_URL": "http://shop-preview." + s.namespace + ".svc:80",
	}, told)
}

func (s *pair) isStopped() {
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictNoGo, "")
	assert.Equal(s.t, "mia said NoGo: as agreed", s.outcome(v1alpha1.OutcomeAborted).Status.Release.Message)
	assert.Equal(s.t, int32(0), s.replicas(color.Green), "green is retired")
	s.serves(color.Blue, 3)

	// The same once more begins nothing by itself: the next release is the one asked for.
	s.deploy(color.Green, "1.5.0", 3)
	s.kubectl("rollout", "status", "deployment/shop-green", "--timeout=90s")
	s.waits("blue is live with 1.4.0; 1.5.0 on green was there before: kubectl tealgate release shop begins one all the same")
	assert.Equal(s.t, "shop-2", s.asks("once more").Status.Release.Name)
	s.phase(v1alpha1.PhaseAwaitingDecision)
}

func (s *pair) failsItsSmokeTest() {
	s.smoke(env.AnnotationFail, "GET /login: 500")
	s.deploy(color.Green, "1.5.0", 3)
	assert.Equal(s.t, "job smoke failed: GET /login: 500", s.outcome(v1alpha1.OutcomeAborted).Status.Release.Message)
	assert.Equal(s.t, int32(0), s.replicas(color.Green), "green is retired")
	s.serves(color.Blue, 3)
}

func (s *pair) hasNoSmokeTest() {
	require.NoError(s.t, s.Delete(s.t.Context(), &batchv1.CronJob{ObjectMeta: s.meta("smoke")}))
	s.deploy(color.Green, "1.5.0", 3)
	assert.Equal(s.t, "job smoke failed: there is no CronJob smoke", s.outcome(v1alpha1.OutcomeAborted).Status.Release.Message)
	s.serves(color.Blue, 3)
}

// neverComes: green has an image that nobody can pull, so it ends with the deadline.
func (s *pair) neverComes() {
	s.deploy(color.Green, "1.5.0", 3, env.AnnotationWaiting, "ImagePullBackOff")
	r := s.outcome(v1alpha1.OutcomeAborted).Status.Release
	assert.Equal(s.t, "DeployDeadline", r.Reason)
	assert.Contains(s.t, r.Message, "green was not ready after 5s: ")
	assert.Contains(s.t, r.Message, "Service shop: green has 0 ready pods, blue serves with 3")
	assert.Empty(s.t, r.Jobs, "nothing was tried on it")
	assert.Equal(s.t, int32(0), s.replicas(color.Green), "green is retired")
	s.serves(color.Blue, 3)
}

// findsAnotherJob: a job that somebody has made in advance passes for none of the release's.
func (s *pair) findsAnotherJob() {
	job := &batchv1.Job{ObjectMeta: s.meta("shop-1-verify-smoke")}
	job.Labels = map[string]string{"tealgate.dev/release": "shop-1", "tealgate.dev/stage": "verify", "tealgate.dev/job": "smoke"}
	job.Spec.Suspend = yes()
	job.Spec.Template.Spec = corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "smoke", Image: "shop/smoke:1"}}}
	s.create(job)
	s.deploy(color.Green, "1.5.0", 3)
	assert.Equal(s.t, "job smoke failed: Job shop-1-verify-smoke is not made by BlueGreen shop and takes its name: delete it",
		s.outcome(v1alpha1.OutcomeAborted).Status.Release.Message)
	s.serves(color.Blue, 3)
}

// smoke says what kwok makes of the pods of the job.
func (s *pair) smoke(annotation, value string) {
	s.t.Helper()
	job := &batchv1.CronJob{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "smoke"}, job))
	job.Spec.JobTemplate.Spec.Template.Annotations = map[string]string{annotation: value}
	require.NoError(s.t, s.Update(s.t.Context(), job))
}

func (s *pair) cannotMeasure() {
	s.until("SignalsReady is False", func(bg *v1alpha1.BlueGreen) bool {
		ready := meta.FindStatusCondition(bg.Status.Conditions, v1alpha1.ConditionSignalsReady)
		return ready != nil && ready.Status == metav1.ConditionFalse &&
			ready.Message == "signal main: the settings name no Prometheus main"
	})
}

// hasAnotherOwner: of two BlueGreens the older one has the Service.
func (s *pair) hasAnotherOwner() {
	other := &v1alpha1.BlueGreen{ObjectMeta: s.meta("zweiter"), Spec: v1alpha1.BlueGreenSpec{Services: []v1alpha1.ServicePair{{Name: "shop-preview"}}}}
	s.create(other)
	var conflict *metav1.Condition
	require.Eventually(s.t, func() bool {
		require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKeyFromObject(other), other))
		conflict = meta.FindStatusCondition(other.Status.Conditions, v1alpha1.ConditionConflict)
		return conflict != nil
	}, patience, 50*time.Millisecond)
	assert.Equal(s.t, metav1.ConditionTrue, conflict.Status)
	assert.Equal(s.t, "Service shop-preview belongs to BlueGreen shop, which is older", conflict.Message)
	assert.True(s.t, meta.IsStatusConditionFalse(other.Status.Conditions, v1alpha1.ConditionReady))
	assert.Empty(s.t, other.Status.Phase, "it is not looked at any further")
	s.switched()
	shop := &v1alpha1.BlueGreen{ObjectMeta: s.meta("shop")}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKeyFromObject(shop), shop))
	assert.True(s.t, meta.IsStatusConditionTrue(shop.Status.Conditions, v1alpha1.ConditionAccepted), "whoever waits for it is not kept waiting")
	assert.True(s.t, meta.IsStatusConditionFalse(shop.Status.Conditions, v1alpha1.ConditionConflict))
	require.NoError(s.t, s.Delete(s.t.Context(), shop))
	require.Eventually(s.t, func() bool {
		require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKeyFromObject(other), other))
		return meta.IsStatusConditionFalse(other.Status.Conditions, v1alpha1.ConditionConflict)
	}, patience, 50*time.Millisecond, "the Service is its own now")
}
