package controller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
)

// decided finds the BlueGreen of a Decision.
func decided(_ context.Context, object client.Object) []reconcile.Request {
	decision, ok := object.(*v1alpha1.Decision)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: decision.Namespace, Name: decision.Spec.BlueGreen}}}
}

// ofService finds the BlueGreens that move a Service.
func (r *Releaser) ofService(ctx context.Context, object client.Object) []reconcile.Request {
	return r.blueGreens(ctx, object.GetNamespace(), func(bg *v1alpha1.BlueGreen) bool {
		return serviceNames(bg)[object.GetName()]
	})
}

// besides finds the other BlueGreens that name a Service of one: which of them has it may have
// changed.
func (r *Releaser) besides(ctx context.Context, object client.Object) []reconcile.Request {
	changed, ok := object.(*v1alpha1.BlueGreen)
	if !ok {
		return nil
	}
	return r.blueGreens(ctx, changed.Namespace, func(bg *v1alpha1.BlueGreen) bool { return bg.UID != changed.UID && share(bg, changed) })
}

// share says whether two BlueGreens name the same Service.
func share(a, b *v1alpha1.BlueGreen) bool {
	of := serviceNames(b)
	for name := range serviceNames(a) {
		if of[name] {
			return true
		}
	}
	return false
}

// ofDeployment finds the BlueGreens whose Services would select the pods of a Deployment.
func (r *Releaser) ofDeployment(ctx context.Context, object client.Object) []reconcile.Request {
	deployment, ok := object.(*appsv1.Deployment)
	if !ok || deployment.Spec.Template.Labels[v1alpha1.LabelColor] == "" {
		return nil
	}
	return r.blueGreens(ctx, deployment.Namespace, func(bg *v1alpha1.BlueGreen) bool {
		for name := range serviceNames(bg) {
			service := &corev1.Service{}
			key := client.ObjectKey{Namespace: bg.Namespace, Name: name}
			if err := r.client.Get(ctx, key, service); err == nil && facts.Pairs(service, deployment.Spec.Template.Labels) {
				return true
			}
		}
		return false
	})
}

// ofNamespace finds the BlueGreens of a namespace whose mode was changed.
func (r *Releaser) ofNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	return r.blueGreens(ctx, namespace.GetName(), func(*v1alpha1.BlueGreen) bool { return true })
}

func (r *Releaser) blueGreens(ctx context.Context, namespace string, want func(*v1alpha1.BlueGreen) bool) []reconcile.Request {
	var all v1alpha1.BlueGreenList
	if err := r.client.List(ctx, &all, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		logf.FromContext(ctx).Error(err, "listing BlueGreens", "namespace", namespace)
		return nil
	}
	var requests []reconcile.Request
	for i := range all.Items {
		if bg := &all.Items[i]; want(bg) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(bg)})
		}
	}
	return requests
}
