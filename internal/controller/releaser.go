package controller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/notify"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/settings"
)

const (
	// reconcileTimeout bounds one reconcile, maxSteps how much it does before others get
	// their turn.
	reconcileTimeout = 30 * time.Second
	maxSteps         = 20
	// Between two attempts after an error: a rollback must not wait for a long backoff.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
	// releasesAtOnce is how many BlueGreens are worked on at the same time.
	releasesAtOnce = 8
)

// Releases reads what stands around a release, live. Implementations end with ctx.
type Releases interface {
	ForRelease(ctx context.Context, namespace string, pairs []facts.ServicePair) (*facts.Surroundings, error)
}

// Releaser carries out the releases of BlueGreens: it observes, has release.Decide decide,
// and does the one thing that comes of it, again and again until there is nothing to do.
type Releaser struct {
	client       client.Client
	live         client.Reader
	surroundings Releases
	namespaces   Namespaces
	measurer     *measurer
	freeze       *freeze
	metrics      *metrics
	notifier     *notifier
	events       events.EventRecorder
	now          func() time.Time
}

// ReleaserOptions are the parts of a Releaser. All are required, but SetupReleaser takes
// Client, Live, Events and Again from its manager.
type ReleaserOptions struct {
	// Client writes, and reads from a cache what may be a moment old; Live reads from the
	// API server. Events are told with Events.
	Client client.Client
	Live   client.Reader
	Events events.EventRecorder

	Releases   Releases
	Namespaces Namespaces
	// Prometheus finds the address of a server by its name in the settings.
	Prometheus func(name string) (address string, known bool)
	// Ready returns an error until the settings were read. SetupReleaser has nothing done
	// before that.
	Ready func() error
	// Frozen says whether no release may go on, in the whole cluster.
	Frozen func() bool
	// Notifications are whom to tell of releases.
	Notifications func() []settings.Notification
	// Registerer takes the metrics of releases.
	Registerer prometheus.Registerer
	// Again is called when something that was begun beside the reconciles has ended, and a
	// BlueGreen should be looked at. It may wait.
	Again func(client.ObjectKey)
}

// NewReleaser returns a Releaser. It is safe for concurrent use, with different BlueGreens.
func NewReleaser(options ReleaserOptions) *Releaser {
	r := &Releaser{
		client: options.Client, live: options.Live, surroundings: options.Releases,
		namespaces: options.Namespaces, freeze: newFreeze(options.Frozen, options.Again), metrics: newMetrics(options.Registerer),
		measurer: newMeasurer(options.Prometheus, options.Again, time.Now),
		notifier: newNotifier(options.Registerer, options.Notifications, options.Again, time.Now),
		events:   options.Events, now: time.Now,
	}
	r.notifier.tell = (&teller{live: r.live, sender: notify.NewSender()}).tell
	return r
}

// SetupReleaser adds a Releaser to a manager. BlueGreens, their Decisions and jobs, and the
// Services and Deployments around them are watched; pods and EndpointSlices are read.
func SetupReleaser(mgr ctrl.Manager, options ReleaserOptions) error {
	wake := make(chan event.TypedGenericEvent[client.ObjectKey], 64)
	options.Client, options.Live, options.Events = mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder("tealgate")
	options.Again = func(key client.ObjectKey) {
		select {
		case wake <- event.TypedGenericEvent[client.ObjectKey]{Object: key}:
		case <-time.After(reconcileTimeout): // tealgate is ending.
		}
	}
	r := NewReleaser(options)
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](minBackoff, maxBackoff)
	err := ctrl.NewControllerManagedBy(mgr).Named("releaser").
		For(&v1alpha1.BlueGreen{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Owns(&batchv1.Job{}).
		Watches(&v1alpha1.BlueGreen{}, handler.EnqueueRequestsFromMapFunc(r.besides), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Decision{}, handler.EnqueueRequestsFromMapFunc(decided)).
		Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(r.ofService)).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.ofDeployment)).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.ofNamespace),
			builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.TypedChannel(wake, handler.TypedEnqueueRequestsFromMapFunc(
			func(_ context.Context, key client.ObjectKey) []reconcile.Request {
				return []reconcile.Request{{NamespacedName: key}}
			}))).
		WithOptions(controller.Options{MaxConcurrentReconciles: releasesAtOnce, RateLimiter: limiter}).
		Complete(knowing(options.Ready, r))
	if err != nil {
		return fmt.Errorf("releaser: %w", err)
	}
	return mgr.Add(r.freeze)
}

// Reconcile carries one BlueGreen on as far as it goes without waiting.
func (r *Releaser) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	for range maxSteps {
		wake, resting, err := r.step(ctx, request.NamespacedName)
		switch {
		case errors.Is(err, errGone):
			r.measurer.forget(request.NamespacedName)
			r.metrics.forget(request.NamespacedName)
			r.notifier.forget(request.NamespacedName)
			return reconcile.Result{}, nil
		case apierrors.IsConflict(err):
			// Somebody was faster: look again. Nothing was done.
			return reconcile.Result{RequeueAfter: minBackoff}, nil
		case err != nil:
			return reconcile.Result{}, err
		case resting && wake.IsZero():
			return reconcile.Result{}, nil
		case resting:
			return reconcile.Result{RequeueAfter: max(wake.Sub(r.now()), minBackoff)}, nil
		}
	}
	return reconcile.Result{RequeueAfter: minBackoff}, nil
}

// errGone says that there is no such BlueGreen. That something else is not there is an error
// as any other.
var errGone = errors.New("the BlueGreen is gone")

// step decides once, and records or acts. It says when to look again once there is
// nothing to do but wait.
func (r *Releaser) step(ctx context.Context, key client.ObjectKey) (wake time.Time, resting bool, err error) {
	bg := &v1alpha1.BlueGreen{}
	err = r.live.Get(ctx, key, bg)
	switch {
	case apierrors.IsNotFound(err):
		return time.Time{}, false, errGone
	case err != nil:
		return time.Time{}, false, err
	}
	if bg.DeletionTimestamp != nil {
		return time.Time{}, true, nil
	}
	accepted, err := r.acceptance(ctx, bg)
	if err != nil {
		return time.Time{}, true, err
	}
	if accepted.refuses(bg) {
		r.metrics.forget(key)
		if err = r.refuse(ctx, bg, accepted); err == nil {
			wake, err = r.notify(ctx, bg)
		}
		return wake, true, err
	}
	s, err := r.observe(ctx, bg)
	if err != nil {
		return time.Time{}, false, err
	}
	s.accepted = accepted
	plan := release.Decide(s.observed, r.now().UTC().Truncate(time.Microsecond))
	if !reflect.DeepEqual(plan.State, s.observed.State) {
		return time.Time{}, false, r.record(ctx, s, &plan)
	}
	// What is about to be done is told before it is: it may take long, or fail.
	if err := r.tell(ctx, s, &plan); err != nil {
		return time.Time{}, false, err
	}
	if plan.Act == nil {
		wake, err := r.notify(ctx, s.bg)
		return sooner(wake, plan.Wake), true, errors.Join(err, r.clean(ctx, s))
	}
	return time.Time{}, false, r.act(ctx, s, plan.Act)
}

// clean does what no release waits for, once there is nothing else to do.
func (r *Releaser) clean(ctx context.Context, s *sight) error {
	if err := r.tidy(ctx, s.bg); err != nil {
		// Whatever the reason, old Decisions are no reason to look again all the time.
		logf.FromContext(ctx).Error(err, "decisions")
	}
	return r.disown(ctx, s)
}

// record writes the new state. It fails with a conflict if the BlueGreen has changed since
// it was read: two replicas never both go on from the same state.
func (r *Releaser) record(ctx context.Context, s *sight, plan *release.Plan) error {
	before := s.bg.DeepCopy()
	writeState(&s.bg.Status, &plan.State, &s.bg.Spec)
	writeResults(&s.bg.Status, &s.observed, r.now())
	writeConditions(s.bg, plan)
	s.accepted.write(s.bg)
	dropped := addNews(s.bg, &s.observed.State, plan, r.notifier.targets(), r.now())
	if err := r.patchStatus(ctx, s.bg, before); err != nil {
		return err
	}
	r.notifier.dropped(dropped)
	r.metrics.passed(&s.observed.State, &plan.State)
	r.metrics.stands(client.ObjectKeyFromObject(s.bg), &s.bg.Status)
	if plan.Note != nil {
		kind := corev1.EventTypeNormal
		if plan.Note.Warning {
			kind = corev1.EventTypeWarning
		}
		r.events.Eventf(s.bg, nil, kind, plan.Note.Reason, "Release", "%s", plan.Note.Message)
		logf.FromContext(ctx).Info("release", "phase", plan.State.Phase, "reason", plan.Note.Reason, "message", plan.Note.Message)
	}
	return nil
}

// tell writes what the release waits for, if that is news.
func (r *Releaser) tell(ctx context.Context, s *sight, plan *release.Plan) error {
	before := s.bg.DeepCopy()
	writeResults(&s.bg.Status, &s.observed, r.now())
	writeConditions(s.bg, plan)
	s.accepted.write(s.bg)
	writeSignalsReady(s.bg, &s.observed)
	r.metrics.stands(client.ObjectKeyFromObject(s.bg), &s.bg.Status)
	if apiequality.Semantic.DeepEqual(before.Status, s.bg.Status) {
		return nil
	}
	return r.patchStatus(ctx, s.bg, before)
}

func (r *Releaser) patchStatus(ctx context.Context, bg, before *v1alpha1.BlueGreen) error {
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.client.Status().Patch(ctx, bg, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("status of BlueGreen %s/%s: %w", bg.Namespace, bg.Name, err)
	}
	return nil
}
