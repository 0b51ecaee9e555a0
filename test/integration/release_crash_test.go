package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/controller"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/test/env"
)

// errCrash is what a controller that dies sees last.
var errCrash = errors.New("the controller is dead")

// mortal is a client that dies at its n-th write: before it is sent, or after it was done
// and nobody heard of it. 0 never dies.
type mortal struct {
	dies    int64
	after   bool
	written atomic.Int64
	// moved counts the selectors of live Services that it has written.
	moved atomic.Int64
}

// write does one write of a client that may be dead, or die of it.
func (m *mortal) write(do func() error) error {
	n := m.written.Add(1)
	switch {
	case m.dies == 0 || n < m.dies:
		return do()
	case n == m.dies && m.after:
		return errors.Join(do(), errCrash)
	default:
		return errCrash
	}
}

func (m *mortal) funcs() interceptor.Funcs {
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			return m.write(func() error { return c.Create(ctx, o, options...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
			return m.write(func() error { return c.Delete(ctx, o, options...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, options ...client.PatchOption) error {
			return m.write(func() error {
				err := c.Patch(ctx, o, p, options...)
				if data, _ := p.Data(o); err == nil && o.GetName() == "shop" && bytes.Contains(data, []byte("/spec/selector")) {
					m.moved.Add(1)
				}
				return err
			})
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, options ...client.SubResourcePatchOption) error {
			return m.write(func() error { return c.SubResource(sub).Patch(ctx, o, p, options...) })
		},
	}
}

// enforced are namespaces that are all in enforce.
type enforced struct{}

func (enforced) Labels(context.Context, string) map[string]string {
	return map[string]string{v1alpha1.LabelMode: v1alpha1.ModeEnforce}
}

// releaser is a controller of its own, with nothing but what the API server knows.
func (s *pair) releaser(m *mortal) *controller.Releaser {
	s.t.Helper()
	c := s.withWatch("system:serviceaccount:tealgate-system:tealgate")
	return controller.NewReleaser(controller.ReleaserOptions{
		Client: interceptor.NewClient(c, m.funcs()), Live: c, Events: events.NewFakeRecorder(1000),
		Releases: facts.New(facts.Options{Cached: c, Live: c, Authorizer: c}), Namespaces: enforced{},
		Prometheus: func(string) (string, bool) { return "", false }, Frozen: func() bool { return false },
		Notifications: func() []settings.Notification { return nil }, Registerer: prometheus.NewRegistry(),
		Again: func(client.ObjectKey) {},
	})
}

// live runs a controller until the release has ended or the controller has died.
func (s *pair) live(ctx context.Context, r *controller.Releaser) error {
	request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: s.namespace, Name: "shop"}}
	for ctx.Err() == nil {
		_, err := r.Reconcile(ctx, request)
		if errors.Is(err, errCrash) {
			return err
		}
		bg := &v1alpha1.BlueGreen{}
		if err := s.Get(ctx, request.NamespacedName, bg); err == nil && over(bg) {
			return nil
		}
		<-time.After(20 * time.Millisecond)
	}
	return ctx.Err()
}

func over(bg *v1alpha1.BlueGreen) bool {
	return bg.Status.Phase == v1alpha1.PhaseIdle && bg.Status.Release != nil && bg.Status.Release.Outcome != ""
}

// withoutTealgate is a cluster that knows the kinds and nothing else of tealgate.
func withoutTealgate(t *testing.T) *world {
	t.Helper()
	w := &world{cluster: startCluster(t, env.Options{}), places: make(chan struct{}, 3)}
	w.admin(t.Context(), t, "apply", "-k", filepath.Join("..", "..", "manifests", "crd"))
	w.admin(t.Context(), t, "wait", "--for=condition=Established", "--timeout=90s", "crd/bluegreens.tealgate.dev", "crd/decisions.tealgate.dev")
	return w
}

// automatic is a release that asks nobody, with a job and a short watch.
func automatic() v1alpha1.BlueGreenSpec {
	return change(func(spec *v1alpha1.BlueGreenSpec) {
		spec.Approval.Policy = v1alpha1.ApprovalAutomatic
		spec.Watch.Duration.Duration, spec.Retire.After.Duration = time.Millisecond, time.Millisecond
		spec.Hooks.AfterSwitch = []v1alpha1.Job{{Name: "warm", CronJobRef: v1alpha1.CronJobReference{Name: "smoke"}}}
	})
}

// furnished is a shop whose BlueGreen nobody has looked at.
func furnished(t *testing.T, cluster *env.Cluster, namespace string, spec v1alpha1.BlueGreenSpec) *pair {
	t.Helper()
	s := &pair{t: t, cluster: cluster, namespace: namespace}
	s.Client = s.as("lee")
	s.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{v1alpha1.LabelMode: v1alpha1.ModeEnforce}}})
	s.furnish()
	s.create(&v1alpha1.BlueGreen{ObjectMeta: s.meta("shop"), Spec: spec})
	return s
}

// TestControllerDies: killed at any single write of a release, before it or after it, the
// controller that comes next ends in the same state; and so do many of which each dies of one
// write, on the other branches of the flow chart.
func TestControllerDies(t *testing.T) {
	t.Parallel()
	w := withoutTealgate(t)
	whole := &mortal{}
	t.Run("never", func(t *testing.T) { outlives(t, w.cluster, "never", whole) })
	writes := whole.written.Load()
	require.Greater(t, writes, int64(12), "a release is many writes")
	t.Logf("a release takes %d writes", writes)
	for name, branch := range branches() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.place(t)
			branch.dies(t, w, name)
		})
	}
	for _, after := range []bool{false, true} {
		for n := int64(1); n <= writes; n++ {
			name := fmt.Sprintf("before-%d", n)
			if after {
				name = fmt.Sprintf("after-%d", n)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.place(t)
				outlives(t, w.cluster, name, &mortal{dies: n, after: after})
			})
		}
	}
}

// outlives lets a mortal controller begin, and others end, a release; it compares all that
// is left with what an uninterrupted one leaves.
func outlives(t *testing.T, cluster *env.Cluster, namespace string, m *mortal) {
	t.Helper()
	s := furnished(t, cluster, namespace, automatic())
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: "shop"}}
	_, err := s.releaser(&mortal{}).Reconcile(ctx, request)
	require.NoError(t, err)
	s.phase(v1alpha1.PhaseIdle)
	s.deploy(color.Green, "1.5.0", 1)

	err = s.live(ctx, s.releaser(m))
	// Not each release is as many writes as the first one: some find done what it had to do.
	if m.dies > 0 && m.written.Load() >= m.dies {
		require.ErrorIs(t, err, errCrash)
		err = s.live(ctx, s.releaser(&mortal{}))
	}
	bg := &v1alpha1.BlueGreen{}
	require.NoError(t, s.Get(t.Context(), request.NamespacedName, bg))
	require.NoError(t, err, "%s, waiting for %+v", bg.Status.Phase, bg.Status.Waiting)
	assert.Equal(t, v1alpha1.OutcomeSucceeded, bg.Status.Release.Outcome, bg.Status.Release.Message)
	assert.Equal(t, "shop-1", bg.Status.Release.Name)
	assert.Equal(t, color.Green, bg.Status.LiveColor)
	assert.Equal(t, int32(0), s.replicas(color.Blue))
	assert.Equal(t, int32(3), s.replicas(color.Green))
	s.serves(color.Green, 3)
	var jobs batchv1.JobList
	require.NoError(t, s.List(ctx, &jobs, client.InNamespace(namespace)))
	assert.Len(t, jobs.Items, 2, "each job was made once")
	s.ownsNothing()
	var phases []v1alpha1.Phase
	for _, phase := range bg.Status.Release.Phases {
		phases = append(phases, phase.Phase)
	}
	assert.Equal(t, []v1alpha1.Phase{"Deploying", "Verifying", "AwaitingDecision", "Switching", "Watching", "Retiring", "Idle"}, phases)
}

// TestTwoLeaders: two controllers that both believe to lead move each Service once.
func TestTwoLeaders(t *testing.T) {
	t.Parallel()
	w := withoutTealgate(t)
	const rounds = 5
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w.place(t)
			s := furnished(t, w.cluster, fmt.Sprintf("leaders-%d", round), automatic())
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: s.namespace, Name: "shop"}}
			_, err := s.releaser(&mortal{}).Reconcile(ctx, request)
			require.NoError(t, err)
			s.phase(v1alpha1.PhaseIdle)
			moves := s.countMoves(ctx)
			s.deploy(color.Green, "1.5.0", 3)
			ends := make(chan error, 2)
			leaders := make([]mortal, cap(ends))
			for i := range leaders {
				r := s.releaser(&leaders[i])
				go func() { ends <- s.live(ctx, r) }()
			}
			for range cap(ends) {
				require.NoError(t, <-ends)
			}
			s.serves(color.Green, 3)
			assert.Equal(t, []string{"green"}, moves())
			assert.Equal(t, int64(1), leaders[0].moved.Load()+leaders[1].moved.Load(), "one of them moved it, once")
		})
	}
}

// countMoves watches the live Service; the returned function says to what colors it went.
func (s *pair) countMoves(ctx context.Context) func() []string {
	s.t.Helper()
	watcher, err := s.withWatch("watcher").Watch(ctx, &corev1.ServiceList{}, client.InNamespace(s.namespace), client.MatchingFields{"metadata.name": "shop"})
	require.NoError(s.t, err)
	collected := make(chan []string)
	go func() {
		var moves []string
		last := string(color.Blue)
		for event := range watcher.ResultChan() {
			service, ok := event.Object.(*corev1.Service)
			if !ok {
				continue
			}
			if service.Labels["last"] == "true" {
				break
			}
			if now := service.Spec.Selector[v1alpha1.LabelColor]; now != last {
				last = now
				moves = append(moves, now)
			}
		}
		collected <- moves
	}()
	return func() []string {
		// A mark of our own is the end of what happened before it.
		service := &corev1.Service{ObjectMeta: s.meta("shop")}
		require.NoError(s.t, s.Patch(ctx, service, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"last":"true"}}}`))))
		defer watcher.Stop()
		return <-collected
	}
}
