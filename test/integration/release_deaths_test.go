package integration

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// left is all that a release leaves.
type left struct {
	outcome v1alpha1.Outcome
	message string
	phases  []v1alpha1.Phase
	// selects are the colors of the Services, replicas those of the Deployments that are there.
	selects  map[string]string
	replicas map[string]int32
	jobs     []string
}

// branch is a way through the flow chart other than the straight one.
type branch struct {
	spec func(*v1alpha1.BlueGreenSpec)
	// at is where something happens that turns the release; nothing does where it is empty.
	at      v1alpha1.Phase
	happens func(*pair)
	want    left
}

// branches are those on which a controller dies at each of its writes.
func branches() map[string]branch {
	smoke, warm := "shop-1-verify-smoke", "shop-1-after-switch-warm"
	return map[string]branch{
		"rolled-back": {
			func(spec *v1alpha1.BlueGreenSpec) { spec.Watch.Duration.Duration = time.Hour },
			v1alpha1.PhaseWatching,
			func(s *pair) { s.says(color.Green, 3, env.AnnotationReady, "false") },
			left{
				v1alpha1.OutcomeRolledBack, "green has no ready pod behind Service shop",
				[]v1alpha1.Phase{"Deploying", "Verifying", "AwaitingDecision", "Switching", "Watching", "RollingBack", "Idle"},
				map[string]string{"shop": "blue", "shop-preview": "green"},
				map[string]int32{"shop-blue": 3, "shop-green": 3},
				[]string{warm, smoke},
			},
		},
		"no-go": {
			func(spec *v1alpha1.BlueGreenSpec) { spec.Approval.Policy = v1alpha1.ApprovalRequired },
			v1alpha1.PhaseAwaitingDecision,
			func(s *pair) { s.decide("mia", v1alpha1.VerdictNoGo, "") },
			left{
				v1alpha1.OutcomeAborted, "mia said NoGo: as agreed",
				[]v1alpha1.Phase{"Deploying", "Verifying", "AwaitingDecision", "Retiring", "Idle"},
				map[string]string{"shop": "blue", "shop-preview": "green"},
				map[string]int32{"shop-blue": 3, "shop-green": 0},
				[]string{smoke},
			},
		},
		"deleted": {
			func(spec *v1alpha1.BlueGreenSpec) { spec.Retire.Action = v1alpha1.RetireDelete },
			"", nil,
			left{
				v1alpha1.OutcomeSucceeded, "green is live with 1.5.0; blue is retired",
				[]v1alpha1.Phase{"Deploying", "Verifying", "AwaitingDecision", "Switching", "Watching", "Retiring", "Idle"},
				map[string]string{"shop": "green", "shop-preview": "blue"},
				map[string]int32{"shop-green": 3},
				[]string{warm, smoke},
			},
		},
	}
}

// dies lets one controller after the other live for a single write, whose answer it does not
// hear any more, until the release is over: a controller knows nothing but what is written, so
// this is a death after each write of the branch.
func (b branch) dies(t *testing.T, w *world, name string) {
	t.Helper()
	spec := automatic()
	b.spec(&spec)
	s := furnished(t, w.cluster, name, spec)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s.oneWriteEach(ctx, func(bg *v1alpha1.BlueGreen) bool { return bg.Status.Phase == v1alpha1.PhaseIdle })
	s.deploy(color.Green, "1.5.0", 1)
	lives := 0
	if b.at != "" {
		lives = s.oneWriteEach(ctx, func(bg *v1alpha1.BlueGreen) bool { return bg.Status.Phase == b.at })
		b.happens(s)
	}
	lives += s.oneWriteEach(ctx, over)
	t.Logf("%d controllers died", lives)
	assert.Greater(t, lives, 12, "a release is many writes")
	assert.Equal(t, b.want, s.left())
	s.ownsNothing()
}

// oneWriteEach returns how many controllers died of a write before one had none to do, and
// the BlueGreen was as wanted.
func (s *pair) oneWriteEach(ctx context.Context, reached func(*v1alpha1.BlueGreen) bool) int {
	s.t.Helper()
	key := types.NamespacedName{Namespace: s.namespace, Name: "shop"}
	for lives := 0; ; lives++ {
		m := &mortal{dies: 1, after: true}
		r := s.releaser(m)
		for m.written.Load() == 0 {
			bg := &v1alpha1.BlueGreen{}
			_, err := r.Reconcile(ctx, reconcile.Request{NamespacedName: key})
			require.NoError(s.t, s.Get(ctx, key, bg), "waiting for %+v: %v", bg.Status.Waiting, err)
			if err == nil && m.written.Load() == 0 && reached(bg) {
				return lives
			}
			<-time.After(20 * time.Millisecond)
		}
	}
}

// left reads what a release has left.
func (s *pair) left() left {
	s.t.Helper()
	bg := &v1alpha1.BlueGreen{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop"}, bg))
	found := left{
		outcome: bg.Status.Release.Outcome, message: bg.Status.Release.Message,
		selects: map[string]string{}, replicas: map[string]int32{},
	}
	for _, phase := range bg.Status.Release.Phases {
		found.phases = append(found.phases, phase.Phase)
	}
	var services corev1.ServiceList
	require.NoError(s.t, s.List(s.t.Context(), &services, client.InNamespace(s.namespace)))
	for i := range services.Items {
		found.selects[services.Items[i].Name] = services.Items[i].Spec.Selector[v1alpha1.LabelColor]
	}
	var deployments appsv1.DeploymentList
	require.NoError(s.t, s.List(s.t.Context(), &deployments, client.InNamespace(s.namespace)))
	for i := range deployments.Items {
		found.replicas[deployments.Items[i].Name] = *deployments.Items[i].Spec.Replicas
	}
	var jobs batchv1.JobList
	require.NoError(s.t, s.List(s.t.Context(), &jobs, client.InNamespace(s.namespace)))
	for i := range jobs.Items {
		found.jobs = append(found.jobs, jobs.Items[i].Name)
	}
	slices.Sort(found.jobs)
	return found
}
