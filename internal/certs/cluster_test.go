package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// guarded is the namespace whose ConfigMaps every replica is asked about.
const guarded = "guarded"

// jumping is a clock that goes on by itself and can be set forward.
type jumping struct{ offset atomic.Int64 }

func (j *jumping) Now() time.Time                   { return time.Now().Add(time.Duration(j.offset.Load())) }
func (j *jumping) Since(at time.Time) time.Duration { return j.Now().Sub(at) }
func (j *jumping) jump(by time.Duration)            { j.offset.Add(int64(by)) }

// replica is a Keeper at work, and a webhook server that allows everything. A server takes
// one request a connection: each is a handshake.
type replica struct {
	keeper   *Keeper
	listener net.Listener
	calls    atomic.Int64
	told     told
	done     chan struct{}
}

// story is a fresh Secret, fresh configurations that call every replica, and a clock.
type story struct {
	t        *testing.T
	client   client.WithWatch
	options  Options
	clock    *jumping
	addrs    []net.Listener
	replicas []*replica
}

// newStory has configurations for so many replicas and no replica yet.
func newStory(t *testing.T, c client.WithWatch, replicas int, options Options) *story {
	t.Helper()
	options.Names = []string{"127.0.0.1"}
	if options.Settle == 0 {
		options.Settle = 3 * time.Second
	}
	s := &story{t: t, client: c, options: options, clock: &jumping{}}
	s.options.Clock = s.clock
	require.NoError(t, client.IgnoreNotFound(c.Delete(t.Context(), s.secret())))
	for range replicas {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s.addrs = append(s.addrs, listener)
	}
	s.configure()
	return s
}

func (s *story) secret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: SecretName}}
}

// configure writes both configurations anew, without a caBundle.
func (s *story) configure() {
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ConfigurationName}}
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ConfigurationName}}
	for n, listener := range s.addrs {
		entry := admissionregistrationv1.ValidatingWebhook{
			Name:         fmt.Sprintf("replica-%d.tealgate.dev", n),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: new("https://" + listener.Addr().String() + "/")},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: guarded}},
			FailurePolicy:           new(admissionregistrationv1.Fail),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			TimeoutSeconds:          new(int32(30)),
			AdmissionReviewVersions: []string{"v1"},
		}
		validating.Webhooks = append(validating.Webhooks, entry)
		mutating.Webhooks = append(mutating.Webhooks, admissionregistrationv1.MutatingWebhook{
			Name: entry.Name, ClientConfig: entry.ClientConfig, Rules: entry.Rules, NamespaceSelector: entry.NamespaceSelector,
			FailurePolicy: entry.FailurePolicy, SideEffects: entry.SideEffects, TimeoutSeconds: entry.TimeoutSeconds,
			AdmissionReviewVersions: entry.AdmissionReviewVersions,
		})
	}
	for _, object := range []client.Object{mutating, validating} {
		require.NoError(s.t, client.IgnoreNotFound(s.client.Delete(s.t.Context(), object)))
		require.NoError(s.t, s.client.Create(s.t.Context(), object))
	}
}

// start runs the next replica with a client of its own. It answers at once, looks after its
// certificate once begin is closed, and leads once elected is.
func (s *story) start(c client.Client, begin, elected <-chan struct{}) *replica {
	s.t.Helper()
	r := &replica{done: make(chan struct{})}
	var err error
	r.keeper, err = New(s.options)
	require.NoError(s.t, err)
	require.NoError(s.t, r.keeper.Ensure(s.t.Context(), s.client))
	r.keeper.client, r.keeper.live, r.keeper.elected = c, c, elected
	r.keeper.events = &r.told

	hook := &admission.Webhook{Handler: admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		r.calls.Add(1)
		return admission.Allowed("")
	})}
	r.listener = s.addrs[len(s.replicas)]
	config := &tls.Config{}
	r.keeper.Configure(config)
	server := &http.Server{
		Handler: hook, TLSConfig: config, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	server.SetKeepAlivesEnabled(false)
	go func() { _ = server.ServeTLS(r.listener, "", "") }()
	s.t.Cleanup(func() { _ = server.Close() })

	ctx, stop := context.WithCancel(s.t.Context())
	s.t.Cleanup(func() { stop(); <-r.done })
	go func() {
		defer close(r.done)
		select {
		case <-begin:
		case <-ctx.Done():
		}
		wait.UntilWithContext(ctx, func(ctx context.Context) {
			if _, err := r.keeper.Reconcile(ctx, reconcile.Request{}); err != nil && ctx.Err() == nil {
				s.t.Logf("replica: %s", err)
			}
		}, 100*time.Millisecond)
	}()
	s.replicas = append(s.replicas, r)
	return r
}

func (s *story) leader() *replica { return s.start(s.client, now(), now()) }

func (s *story) follower() *replica { return s.start(s.client, now(), nil) }

// now is a moment that has come.
func now() <-chan struct{} {
	moment := make(chan struct{})
	close(moment)
	return moment
}

// until waits for a state of the world.
func (s *story) until(what string, is func(ctx context.Context) bool) {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) { return is(ctx), nil })
	require.NoError(s.t, err, what)
}

// stored is what the Secret holds now.
func (s *story) stored(ctx context.Context) stored {
	secret, err := read(ctx, s.client)
	if err != nil {
		return stored{why: err}
	}
	return decode(secret.Data)
}

// untilServed waits until every replica serves the same pair, which is none of before and has
// no successor.
func (s *story) untilServed(before ...*pair) *pair {
	s.t.Helper()
	var served *pair
	s.until("every replica serves what is stored", func(ctx context.Context) bool {
		stored := s.stored(ctx)
		if stored.current == nil || stored.next != nil {
			return false
		}
		for _, p := range before {
			if p.is(stored.current) {
				return false
			}
		}
		for _, r := range s.replicas {
			if !r.keeper.serving.Load().is(stored.current) || r.keeper.trusts(ctx, s.client, stored.current) != nil {
				return false
			}
		}
		served = stored.current
		return true
	})
	return served
}

// bundles are the distinct caBundles of both configurations.
func (s *story) bundles(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	var all []string
	for _, kind := range kinds() {
		_, entries, err := configuration(ctx, s.client, kind)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if !seen[string(entry.CABundle)] {
				seen[string(entry.CABundle)] = true
				all = append(all, string(entry.CABundle))
			}
		}
	}
	return all, nil
}

// most is how many CAs the fullest caBundle has.
func (s *story) most(ctx context.Context) int {
	bundles, err := s.bundles(ctx)
	require.NoError(s.t, err)
	most := 0
	for _, bundle := range bundles {
		most = max(most, len(parse([]byte(bundle))))
	}
	return most
}

// traffic runs clients in the background, which must never be refused.
type traffic struct {
	mu       sync.Mutex
	requests int
	failed   []string
}

func (f *traffic) count(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if err != nil {
		f.failed = append(f.failed, err.Error())
	}
}

func (f *traffic) so(t *testing.T) int {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	assert.Empty(t, f.failed, "of %d requests", f.requests)
	return f.requests
}

// run calls request again and again from two clients until the returned function is called.
func (s *story) run(request func(ctx context.Context) error) (f *traffic, end func()) {
	ctx, stop := context.WithCancel(s.t.Context())
	f = &traffic{}
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			for ctx.Err() == nil {
				if err := request(ctx); ctx.Err() == nil {
					f.count(err)
				}
			}
		})
	}
	end = sync.OnceFunc(func() { stop(); clients.Wait() })
	s.t.Cleanup(end)
	return f, end
}

// dryRun goes through the API server to every replica, twice.
func (s *story) dryRun(ctx context.Context) error {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: guarded, Name: "x"}}
	return s.client.Create(ctx, object, client.DryRunAll)
}

// untilCalled waits until the API server knows the configurations.
func (s *story) untilCalled() {
	s.t.Helper()
	var last error
	defer func() {
		if s.t.Failed() {
			s.t.Log(last)
		}
	}()
	s.until("the API server calls every replica", func(ctx context.Context) bool {
		last = s.dryRun(ctx)
		for _, r := range s.replicas {
			if r.calls.Load() == 0 {
				return false
			}
		}
		return last == nil
	})
}

// handshake trusts what a caBundle says, at the time of the story's clock. The API server is
// asked for each: a client that has paused for longer than settle looks again.
func (s *story) handshake(ctx context.Context) error {
	for _, r := range s.replicas {
		for before := ""; ; {
			bundles, err := s.bundles(ctx)
			if err != nil {
				return err
			}
			now := strings.Join(bundles, "")
			if err = s.dial(ctx, r.listener.Addr().String(), now); err == nil {
				break
			}
			if before == now {
				return err
			}
			before = now
		}
	}
	return nil
}

func (s *story) dial(ctx context.Context, address, bundle string) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(bundle))
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, Time: s.clock.Now, MinVersion: tls.VersionTLS13}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// told is an event recorder that keeps what it is told.
type told struct {
	mu     sync.Mutex
	events []string
}

func (e *told) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, reason+": "+fmt.Sprintf(note, args...))
}

func (e *told) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.events)
}

var errDead = errors.New("this replica is dead")
