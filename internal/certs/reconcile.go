package certs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const (
	// deadline bounds one look at everything, writes included.
	deadline = 10 * time.Second
	// warnEvery is how often an Event says that rotation hangs.
	warnEvery = 12 * time.Hour
)

// Setup adds the Keeper to a manager. It runs on every replica: one that had to wait for the
// leader would be called and not be trusted. Only the leader writes the Secret.
func (k *Keeper) Setup(mgr ctrl.Manager) error {
	k.client, k.live = mgr.GetClient(), mgr.GetAPIReader()
	k.events, k.elected = mgr.GetEventRecorder("tealgate"), mgr.Elected()
	all := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{}}
	})
	err := ctrl.NewControllerManagedBy(mgr).Named("certificates").
		WatchesRawSource(source.Kind(mgr.GetCache(), client.Object(&corev1.Secret{}), all)).
		WatchesRawSource(source.Kind(mgr.GetCache(), client.Object(&admissionregistrationv1.ValidatingWebhookConfiguration{}), all)).
		WatchesRawSource(source.Kind(mgr.GetCache(), client.Object(&admissionregistrationv1.MutatingWebhookConfiguration{}), all)).
		WatchesRawSource(source.Func(k.onceElected)).
		WithOptions(controller.Options{NeedLeaderElection: new(false)}).
		Complete(k)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if k.options.CertManager {
		k.issuance, err = setupIssuance(mgr)
	}
	return err
}

// onceElected has a new leader look at once, and not after resync: the Secret may have been
// deleted while nobody led.
func (k *Keeper) onceElected(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	go func() {
		select {
		case <-k.elected:
			queue.Add(reconcile.Request{})
		case <-ctx.Done():
		}
	}()
	return nil
}

// Reconcile makes trusted what is stored, serves it when it is, and on the leader goes one
// step on.
func (k *Keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	secret, err := read(ctx, k.client)
	if err != nil {
		return reconcile.Result{}, err
	}
	s := decode(secret.Data)
	if k.options.CertManager {
		return reconcile.Result{RequeueAfter: k.adopt(ctx, s.current)}, nil
	}
	injected := k.inject(ctx, s.ca)
	if apierrors.IsConflict(injected) {
		return reconcile.Result{RequeueAfter: time.Second}, nil // Another replica was faster.
	}
	// Whoever may not write the configurations can still serve, and say so.
	again := k.adopt(ctx, s.current)
	if !k.leads() {
		return after(again, injected)
	}
	wait, err := k.lead(ctx, secret, s, injected)
	return after(min(again, wait), errors.Join(injected, err))
}

// after looks again then, and after an error as controllers do.
func after(then time.Duration, err error) (reconcile.Result, error) {
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: then}, nil
}

func (k *Keeper) leads() bool {
	select {
	case <-k.elected:
		return true
	default:
		return false
	}
}

// inject puts the CAs of the Secret, and that of what is served here, into both webhook
// configurations.
func (k *Keeper) inject(ctx context.Context, cas []byte) error {
	now := k.options.Clock.Now()
	if p := k.serving.Load(); p != nil {
		cas = join(now, cas, p.ca)
	}
	for _, kind := range kinds() {
		if err := inject(ctx, k.client, kind, cas, now); err != nil {
			return err
		}
	}
	return nil
}

// adopt serves what is stored as soon as the API server trusts it, and at once if it trusts
// what is served now no more. It returns when to look again.
func (k *Keeper) adopt(ctx context.Context, current *pair) time.Duration {
	serving, now := k.serving.Load(), k.options.Clock.Now()
	if current == nil || serving.is(current) {
		k.stored = settling{}
		return resync
	}
	trusted := k.trusts(ctx, k.client, current) == nil
	settled, again := k.stored.settled(current, trusted, now, k.options.Settle)
	if !settled && serving != nil && k.trusts(ctx, k.client, serving) == nil {
		return again
	}
	k.serve(current)
	logf.FromContext(ctx).Info("serving certificate changed", "expires", current.notAfter(), "trusted", trusted)
	return resync
}

// lead takes at most one step, by one write. It returns when to look again. injected is why the
// configurations could not be written.
func (k *Keeper) lead(ctx context.Context, secret *corev1.Secret, s stored, injected error) (time.Duration, error) {
	now := k.options.Clock.Now()
	var untrusted error
	if s.next != nil {
		untrusted = k.trusts(ctx, k.live, s.next)
	}
	settled, again := k.next.settled(s.next, untrusted == nil, now, k.options.Settle)
	then, took, err := k.options.plan(s, k.serving.Load(), settled, now)
	if err != nil {
		return 0, err
	}
	if took == rest {
		k.warn(secret, s, cmp.Or(injected, untrusted), now)
		return again, nil
	}
	if err := write(ctx, k.client, secret, then); err != nil {
		k.warn(secret, s, err, now)
		return 0, fmt.Errorf("%s: %w", took, err)
	}
	k.tell(ctx, secret, s, then, took)
	return time.Second, nil
}
