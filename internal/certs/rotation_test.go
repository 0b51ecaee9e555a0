package certs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/env"
)

// TestRotation rotates on a real API server, which calls two replicas for every request.
func TestRotation(t *testing.T) {
	logf.SetLogger(logr.Discard())
	cluster, err := env.Start(t.Context(), env.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	c, err := client.NewWithWatch(cluster.Config, client.Options{})
	require.NoError(t, err)
	for _, name := range []string{v1alpha1.Namespace, guarded} {
		require.NoError(t, c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	}
	for name, tell := range map[string]func(*testing.T, client.WithWatch){
		"ThreeTimes": rotateThreeTimes, "PastExpiry": rotatePastExpiry, "SecretLost": loseTheSecret,
		"ConfigurationsWiped": wipeTheConfigurations, "StartAtOnce": startAtOnce, "StartMeanwhile": startMeanwhile,
		"LeaderDies": dieBetweenWrites, "RolesCutDown": cutRolesDown,
	} {
		t.Run(name, func(t *testing.T) { tell(t, c) })
	}
}

// rotateThreeTimes begins in the past, so that every certificate is good at the API server's
// own clock, too.
func rotateThreeTimes(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 2, Options{Lifetime: 400 * day24, RenewBefore: 300 * day24})
	s.clock.jump(-310 * day24)
	leader, follower := s.leader(), s.follower()
	served := s.untilServed()
	s.untilCalled()
	requests, endRequests := s.run(s.dryRun)
	handshakes, endHandshakes := s.run(s.handshake)
	var events []string
	for rotation := 1; rotation <= 3; rotation++ {
		before := served
		s.clock.jump(100*day24 + time.Minute)
		served = s.untilServed(served)
		assert.Equal(t, rotation+1, s.most(t.Context()), "every CA until it expires")
		events = append(events,
			fmt.Sprintf("CertificatePrepared: the next certificate is good until %s; it is served once every API server trusts its CA", day(served)),
			fmt.Sprintf("CertificateRotated: replicas serve a certificate that is good until %s; the one before stays trusted until %s", day(served), day(before)))
		assert.Equal(t, events, leader.told.all())
		for _, r := range s.replicas {
			assert.Equal(t, map[string]float64{
				"tealgate_certificate_expiry_timestamp_seconds":      float64(served.notAfter().Unix()),
				"tealgate_webhook_configuration_trusted{mutating}":   1,
				"tealgate_webhook_configuration_trusted{validating}": 1,
			}, r.metrics(t, c))
		}
	}
	assert.Empty(t, follower.told.all(), "the leader tells")
	endRequests()
	endHandshakes()
	t.Logf("%d requests, %d rounds of handshakes", requests.so(t), handshakes.so(t))
}

// rotatePastExpiry goes through two years. The API server, which lives today, is not asked.
func rotatePastExpiry(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 2, Options{Settle: time.Second})
	s.leader()
	s.follower()
	served := s.untilServed()
	handshakes, end := s.run(s.handshake)
	for range 4 {
		s.clock.jump(61 * day24)
		served = s.untilServed(served)
		s.until("expired CAs are taken out", func(ctx context.Context) bool { return s.most(ctx) == 2 })
	}
	end()
	t.Logf("%d rounds of handshakes", handshakes.so(t))
}

// loseTheSecret: somebody deletes it, or writes garbage into it.
func loseTheSecret(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 2, Options{})
	leader := s.leader()
	s.follower()
	served := s.untilServed()
	s.untilCalled()
	requests, end := s.run(s.dryRun)
	require.NoError(t, c.Delete(t.Context(), s.secret()))
	served = s.untilServed(served)
	garbage := `{"data": {"tls.crt": "eA==", "ca.crt": "eA=="}}`
	require.NoError(t, c.Patch(t.Context(), s.secret(), client.RawPatch("application/merge-patch+json", []byte(garbage))))
	s.untilServed(served)
	end()
	requests.so(t)
	events := leader.told.all()
	require.Len(t, events, 4)
	const stored = "; what is served was stored again, and its successor follows"
	assert.Equal(t, "CertificateReplaced: there was no Secret"+stored, events[0])
	assert.Contains(t, events[1], "CertificateRotated: ")
	assert.Equal(t, "CertificateReplaced: the Secret held no certificate with its key (tls: failed to find any PEM data in certificate input)"+stored, events[2])
	assert.Contains(t, events[3], "CertificateRotated: ")
}

// cutRolesDown: whichever right is missing, an Event says so long before the end, and again.
func cutRolesDown(t *testing.T, c client.WithWatch) {
	t.Helper()
	for verb, resource := range map[string]string{"update": "secrets", "patch": "mutatingwebhookconfigurations"} {
		t.Run(verb, func(t *testing.T) {
			s := newStory(t, c, 1, Options{})
			forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "of-tealgate", errors.New("no role has it"))
			var cut atomic.Bool
			leader := s.start(checked(c, func(asked string) error {
				if cut.Load() && asked == verb {
					return forbidden
				}
				return nil
			}), now(), now())
			served := s.untilServed()
			cut.Store(true)
			s.clock.jump(DefaultLifetime - 16*day24)
			s.until("what is due has not been replaced", func(ctx context.Context) bool {
				return verb == "update" || s.stored(ctx).next != nil
			})
			assert.NotContains(t, strings.Join(leader.told.all(), "\n"), "CertificateExpires", "there is time")
			want := fmt.Sprintf("CertificateExpires: the certificate of the webhooks expires on %s and cannot be replaced: %s", day(served), forbidden)
			for n, by := range []time.Duration{2 * day24, warnEvery + time.Minute} {
				s.clock.jump(by)
				s.until("it is told", func(context.Context) bool {
					told := slices.DeleteFunc(leader.told.all(), func(event string) bool { return event != want })
					return len(told) == n+1
				})
			}
		})
	}
}

// metrics are what a replica shows of its certificate.
func (r *replica) metrics(t *testing.T, c client.Reader) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	RegisterMetrics(registry, c, r.keeper)
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += "{" + label.GetValue() + "}"
			}
			found[name] = metric.GetGauge().GetValue()
		}
	}
	return found
}

// wipeTheConfigurations while a successor waits: both CAs come back.
func wipeTheConfigurations(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 2, Options{})
	s.leader()
	s.follower()
	served := s.untilServed()
	s.clock.jump(61 * day24)
	s.until("a successor waits", func(ctx context.Context) bool { return s.stored(ctx).next != nil })
	s.configure()
	s.untilServed(served)
	assert.Equal(t, 2, s.most(t.Context()))
}

// startAtOnce: all agree on what one of them has made.
func startAtOnce(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 0, Options{})
	keepers := make([]*Keeper, 8)
	var starts sync.WaitGroup
	for n := range keepers {
		keeper, err := New(s.options)
		require.NoError(t, err)
		keepers[n] = keeper
		starts.Go(func() { assert.NoError(t, keeper.Ensure(t.Context(), c)) })
	}
	starts.Wait()
	for _, keeper := range keepers {
		assert.True(t, keeper.serving.Load().is(s.stored(t.Context()).current))
	}
}

// startMeanwhile: a replica that starts while a successor waits serves what the others do.
func startMeanwhile(t *testing.T, c client.WithWatch) {
	t.Helper()
	s := newStory(t, c, 2, Options{Lifetime: 400 * day24, RenewBefore: 300 * day24, Settle: time.Hour})
	s.clock.jump(-110 * day24)
	s.leader()
	served := s.untilServed()
	s.clock.jump(100*day24 + time.Minute)
	s.until("a successor waits", func(ctx context.Context) bool { return s.stored(ctx).next != nil })
	late := s.follower()
	assert.True(t, late.keeper.serving.Load().is(served))
	s.untilCalled()
	requests, end := s.run(s.dryRun)
	s.until("its time has come", func(context.Context) bool {
		s.clock.jump(time.Hour)
		return !late.keeper.serving.Load().is(served)
	})
	s.untilServed(served)
	end()
	requests.so(t)
}

// dieBetweenWrites: whichever write was the leader's last, the next leader goes on.
func dieBetweenWrites(t *testing.T, c client.WithWatch) {
	t.Helper()
	for writes := range 4 {
		t.Run(fmt.Sprintf("After%d", writes), func(t *testing.T) {
			s := newStory(t, c, 2, Options{Lifetime: 400 * day24, RenewBefore: 300 * day24})
			s.clock.jump(-110 * day24)
			leader := &mortal{left: -1, dead: make(chan struct{})}
			s.start(leader.client(c), now(), now())
			s.start(c, leader.dead, leader.dead)
			served := s.untilServed()
			s.untilCalled()
			requests, end := s.run(s.dryRun)
			leader.dieAfter(writes)
			s.clock.jump(100*day24 + time.Minute)
			s.until("the leader has come to that write", func(context.Context) bool { return leader.gone.Load() })
			s.until("the other has gone on", func(ctx context.Context) bool {
				stored := s.stored(ctx)
				return stored.next == nil && !stored.current.is(served) && s.replicas[1].keeper.serving.Load().is(stored.current)
			})
			end()
			assert.True(t, s.replicas[0].keeper.serving.Load().is(served), "the dead one answers on with what it has")
			requests.so(t)
		})
	}
}

// mortal is a replica's way to the API server, which ends with a write.
type mortal struct {
	mu   sync.Mutex
	left int // negative: it lives on
	dead chan struct{}
	gone atomic.Bool
}

func (m *mortal) dieAfter(writes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = writes
}

// write says whether one more is possible.
func (m *mortal) write() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 && m.gone.CompareAndSwap(false, true) {
		close(m.dead)
	}
	if m.gone.Load() {
		return errDead
	}
	m.left--
	return nil
}

func (m *mortal) client(c client.WithWatch) client.WithWatch {
	return checked(c, func(verb string) error {
		if verb != "get" {
			return m.write()
		}
		if m.gone.Load() {
			return errDead
		}
		return nil
	})
}

// checked is a way to the API server on which each request is asked about first.
func checked(c client.WithWatch, check func(verb string) error) client.WithWatch {
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			if err := check("get"); err != nil {
				return err
			}
			return c.Get(ctx, key, object, options...)
		},
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.CreateOption) error {
			if err := check("create"); err != nil {
				return err
			}
			return c.Create(ctx, object, options...)
		},
		Update: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.UpdateOption) error {
			if err := check("update"); err != nil {
				return err
			}
			return c.Update(ctx, object, options...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			if err := check("patch"); err != nil {
				return err
			}
			return c.Patch(ctx, object, patch, options...)
		},
	})
}
