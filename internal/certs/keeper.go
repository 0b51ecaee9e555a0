package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

var errNothingServed = errors.New("no certificate to serve yet")

// Keeper keeps one replica served. What is served may be asked for at any time and by many;
// the rest belongs to one goroutine.
type Keeper struct {
	options Options
	serving atomic.Pointer[pair]

	// client writes, and reads what may be a moment old; live reads what is.
	client  client.Client
	live    client.Reader
	events  events.EventRecorder
	elected <-chan struct{}

	// issuance is nil without cert-manager.
	issuance *issuance

	// next waits to be served by all, stored to be served here.
	next, stored settling
	// warned is when an Event last said that rotation hangs.
	warned time.Time
}

// New returns a Keeper that serves nothing yet.
func New(options Options) (*Keeper, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	return &Keeper{options: options}, nil
}

// Configure makes a server present the certificate that is good at the time of the
// handshake, with TLS 1.3 only.
func (k *Keeper) Configure(config *tls.Config) {
	config.MinVersion = tls.VersionTLS13
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if p := k.serving.Load(); p != nil {
			return &p.serving, nil
		}
		return nil, errNothingServed
	}
}

// Ensure reads the pair that this replica starts with, and makes it where none that could be
// served is stored. Replicas that start together agree: who loses the race takes what is
// stored. With cert-manager it only reads, and finding nothing is no error.
func (k *Keeper) Ensure(ctx context.Context, c client.Client) error {
	again := func(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }
	err := retry.OnError(retry.DefaultBackoff, again, func() error {
		secret, err := read(ctx, c)
		if err != nil {
			return err
		}
		now := k.options.Clock.Now()
		s := decode(secret.Data)
		if k.options.CertManager || s.current.good(k.options.Names, now) {
			k.serve(s.current)
			return nil
		}
		s, _, err = k.options.plan(s, nil, false, now)
		if err != nil {
			return err
		}
		if err := write(ctx, c, secret, s); err != nil {
			return err
		}
		k.serve(s.current)
		return nil
	})
	if err != nil {
		return fmt.Errorf("certificate in Secret %s/%s: %w", v1alpha1.Namespace, SecretName, err)
	}
	return nil
}

func (k *Keeper) serve(p *pair) {
	if p != nil {
		k.serving.Store(p)
	}
}

// read returns an object without a resourceVersion if there is no Secret.
func read(ctx context.Context, reader client.Reader) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: v1alpha1.Namespace, Name: SecretName}, secret)
	if apierrors.IsNotFound(err) {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: SecretName},
			Type:       corev1.SecretTypeTLS,
		}, nil
	}
	return secret, err
}

// write fails with a conflict if the Secret is not as it was read.
func write(ctx context.Context, c client.Client, secret *corev1.Secret, s stored) error {
	secret = secret.DeepCopy()
	secret.Data = s.encode(secret.Data)
	if secret.ResourceVersion == "" {
		return c.Create(ctx, secret)
	}
	return c.Update(ctx, secret)
}

// settling says since when a pair is trusted without interruption, as seen from here.
type settling struct {
	crt   string
	since time.Time
}

// settled says that a pair has been trusted for long enough, and otherwise how long it has
// to go on. No pair is never settled.
func (s *settling) settled(p *pair, trusted bool, now time.Time, enough time.Duration) (bool, time.Duration) {
	if p == nil || !trusted {
		*s = settling{}
		return false, resync
	}
	if s.crt != string(p.crt) {
		*s = settling{crt: string(p.crt), since: now}
	}
	left := s.since.Add(enough).Sub(now)
	return left <= 0, left
}
