// Package controller watches and acts, on the leader only. It never imports the
// webhooks, and they never import it.
package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/traffic"
)

// settle is how long to wait before looking again at a Service whose pods are
// ready and whose EndpointSlices do not say so yet.
const settle = time.Second

// pinTimeout bounds one look at a Service: a read that hangs must not keep others waiting.
const pinTimeout = 10 * time.Second

// Namespaces tells the labels of a namespace, nil when it is not known.
type Namespaces interface {
	Labels(ctx context.Context, namespace string) map[string]string
}

// Facts reads what serves, live. Implementations end with ctx.
type Facts interface {
	ForService(ctx context.Context, service, old *corev1.Service) (facts.Facts, error)
}

// Pinner gives a colorless Service the color of what it serves, once all its
// ready endpoints carry one and the same: the Service stood there before its
// pods did, as in the output of Helm and Kustomize. Two colors that were created at the
// same time, before any of the webhooks could see the other, are not left to meet in it:
// while nothing serves, it is pinned to the one that was there first. Pinning changes no
// endpoint.
type Pinner struct {
	client     client.Client
	live       client.Reader
	facts      Facts
	namespaces Namespaces
	events     events.EventRecorder
}

// PinnerOptions are the parts of a Pinner. All are required.
type PinnerOptions struct {
	Facts      Facts
	Namespaces Namespaces
}

// SetupPinner adds a Pinner to a manager. Services and Deployments are watched;
// pods and EndpointSlices are read when one of them changes.
func SetupPinner(mgr ctrl.Manager, options PinnerOptions) error {
	p := &Pinner{
		client: mgr.GetClient(), live: mgr.GetAPIReader(), facts: options.Facts,
		namespaces: options.Namespaces, events: mgr.GetEventRecorder("tealgate"),
	}
	err := ctrl.NewControllerManagedBy(mgr).Named("service-pinner").
		For(&corev1.Service{}).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(p.servicesOf)).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(p.servicesIn),
			builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WithOptions(controller.Options{ReconciliationTimeout: pinTimeout}).
		Complete(p)
	if err != nil {
		return fmt.Errorf("service pinner: %w", err)
	}
	return nil
}

// servicesOf finds the colorless Services over a Deployment that has a color.
func (p *Pinner) servicesOf(ctx context.Context, object client.Object) []reconcile.Request {
	deployment, ok := object.(*appsv1.Deployment)
	if !ok || deployment.Spec.Template.Labels[v1alpha1.LabelColor] == "" {
		return nil
	}
	return p.pinnable(ctx, deployment.Namespace, func(service *corev1.Service) bool {
		return facts.Selects(service, deployment.Spec.Template.Labels)
	})
}

// servicesIn finds the colorless Services of a namespace whose mode was set.
func (p *Pinner) servicesIn(ctx context.Context, namespace client.Object) []reconcile.Request {
	return p.pinnable(ctx, namespace.GetName(), func(*corev1.Service) bool { return true })
}

func (p *Pinner) pinnable(ctx context.Context, namespace string, want func(*corev1.Service) bool) []reconcile.Request {
	var services corev1.ServiceList
	if err := p.client.List(ctx, &services, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		logf.FromContext(ctx).Error(err, "listing Services to pin", "namespace", namespace)
		return nil
	}
	var requests []reconcile.Request
	for i := range services.Items {
		if service := &services.Items[i]; facts.Pinnable(service) && want(service) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(service)})
		}
	}
	return requests
}

// Reconcile pins one Service, or finishes a pin that a crash interrupted.
func (p *Pinner) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var service corev1.Service
	if err := p.client.Get(ctx, request.NamespacedName, &service); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !mayWrite(p.namespaces.Labels(ctx, service.Namespace)[v1alpha1.LabelMode]) {
		return reconcile.Result{}, nil
	}
	if traffic.Owns(&service) {
		err := p.disown(ctx, request)
		if apierrors.IsInvalid(err) {
			// The managed fields are not those that were read any more: whoever has just
			// moved the Service, a release most of the time, gives up ownership as well.
			return reconcile.Result{RequeueAfter: settle}, nil
		}
		return reconcile.Result{}, err
	}
	if !facts.Pinnable(&service) || service.DeletionTimestamp != nil {
		return reconcile.Result{}, nil
	}
	around, err := p.facts.ForService(ctx, &service, &service)
	if err != nil {
		return reconcile.Result{}, err
	}
	why := "all ready endpoints are %s"
	c, ok := servedColor(around)
	if !ok && allUnready(around) {
		why = "nothing serves, and of the two colors behind it %s was there first"
		if c, ok, err = p.first(ctx, &service); err != nil {
			return reconcile.Result{}, err
		}
	}
	if !ok {
		return reconcile.Result{RequeueAfter: again(around)}, nil
	}
	if err := traffic.Pin(ctx, p.client, service.DeepCopy(), c); err != nil {
		return reconcile.Result{}, err
	}
	p.events.Eventf(&service, nil, corev1.EventTypeNormal, "Pinned", "Pin",
		"selector pinned to %s=%s: "+why, v1alpha1.LabelColor, c, c)
	return reconcile.Result{}, nil
}

// first returns the color that was there first, of two.
func (p *Pinner) first(ctx context.Context, service *corev1.Service) (color.Color, bool, error) {
	var deployments appsv1.DeploymentList
	if err := p.client.List(ctx, &deployments, client.InNamespace(service.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return "", false, err
	}
	c, ok := facts.First(service, deployments.Items)
	return c, ok, nil
}

// allUnready says that pods are on their way and that none of them is ready yet, as far as
// all of them were read. Those of one color are enough: the others may come while this one
// is being written. Without any, nothing is going to serve.
func allUnready(around facts.Facts) bool {
	if around.Serving.Ready > 0 || around.Serving.Truncated || around.Selected.Truncated {
		return false
	}
	coming := false
	for _, pod := range around.Selected.Pods {
		if pod.Ready {
			return false
		}
		coming = coming || !pod.Terminating
	}
	return coming
}

// mayWrite says whether tealgate changes objects in a namespace of that mode. A
// value that nobody knows counts as warn, as the webhooks have it.
func mayWrite(mode string) bool { return mode != "" && mode != v1alpha1.ModeAudit }

// disown works on the stored object: the cache keeps only our managed fields.
func (p *Pinner) disown(ctx context.Context, request reconcile.Request) error {
	var service corev1.Service
	if err := p.live.Get(ctx, request.NamespacedName, &service); err != nil {
		return client.IgnoreNotFound(err)
	}
	return traffic.Disown(ctx, p.client, &service)
}

// servedColor returns the color that all ready endpoints carry. Pods that are
// not ready do not count: they are no endpoints, and pinning keeps it so.
func servedColor(around facts.Facts) (color.Color, bool) {
	serving := around.Serving
	if serving.Ready == 0 || serving.Truncated || around.Selected.Truncated || len(serving.Pods) != serving.Ready {
		return "", false
	}
	colors := map[string]string{}
	for _, pod := range around.Selected.Pods {
		colors[pod.Name] = pod.Color
	}
	only := colors[serving.Pods[0]]
	for _, name := range serving.Pods {
		if colors[name] != only {
			return "", false
		}
	}
	// A second color that is ready and not in the slices yet would be cut off.
	for _, pod := range around.Selected.Pods {
		if pod.Ready && pod.Color != only {
			return "", false
		}
	}
	return color.Parse(only)
}

// again says when to look once more: soon while ready pods are missing in the
// slices, else when a Deployment or the Service changes.
func again(around facts.Facts) time.Duration {
	ready := 0
	for _, pod := range around.Selected.Pods {
		if pod.Ready && pod.Color != "" {
			ready++
		}
	}
	if ready > around.Serving.Ready {
		return settle
	}
	return 0
}
