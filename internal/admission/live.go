package admission

import (
	"context"
	"encoding/json"
	"maps"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/facts"
)

// touched says which pods lose or get traffic by a request. Most touch none.
func touched(object, old *appsv1.Deployment) facts.Touched {
	if old == nil {
		return facts.Touched{Coming: object.Spec.Template.Labels}
	}
	var t facts.Touched
	stored := old.Spec.Template.Labels
	if replacesPods(object, old) || replicas(object.Spec.Replicas) < replicas(old.Spec.Replicas) {
		t.Leaving = stored
	}
	if pod := object.Spec.Template.Labels; !maps.Equal(pod, stored) {
		t.Coming, t.Before = pod, stored
	}
	return t
}

// replacesPods says that an update rolls pods for another reason than an
// annotation: kubectl rollout restart and Reloader write no more than that.
func replacesPods(object, old *appsv1.Deployment) bool {
	if !maps.Equal(object.Spec.Template.Labels, old.Spec.Template.Labels) {
		return true
	}
	return !apiequality.Semantic.DeepEqual(object.Spec.Template.Spec, old.Spec.Template.Spec)
}

// replicas is what an absent field means.
func replicas(set *int32) int32 {
	if set == nil {
		return 1
	}
	return *set
}

// askDeleted gathers what a Deployment that is to be deleted carries, and who manages it
// or a Service.
func (w *Webhooks) askDeleted(ctx context.Context, r *review, q *question) error {
	switch r.Kind.Kind {
	case kindDeployment:
		old := &appsv1.Deployment{}
		if err := json.Unmarshal(r.OldObject.Raw, old); err != nil {
			return badRequest(err)
		}
		return w.askCarried(ctx, r, q, old.Spec.Template.Labels)
	case kindService:
		managed, err := w.facts.ManagedService(ctx, r.Namespace, r.name)
		if err != nil || managed.By == "" {
			return err
		}
		// A BlueGreen and its Service are deleted by one command, one right after the other.
		there, err := w.facts.StillThere(ctx, r.Namespace, managed.By)
		if there {
			q.input.Facts.Managed = managed
		}
		return err
	default:
		return nil
	}
}

// askCarried gathers what pods with these labels carry, and who manages them.
func (w *Webhooks) askCarried(ctx context.Context, r *review, q *question, pod map[string]string) error {
	var err error
	if q.input.Facts.Live, err = w.facts.CarriersNow(ctx, r.Namespace, pod); err != nil {
		return err
	}
	q.input.Facts.Managed, err = w.facts.ManagedPods(ctx, r.Namespace, pod)
	return err
}

// askScale gathers what the Deployment behind a Scale carries, and who manages it. A Scale says
// nothing about pods; a Deployment that is gone carries nothing.
func (w *Webhooks) askScale(ctx context.Context, r *review, q *question) error {
	if r.Operation != admissionv1.Update {
		return nil
	}
	object, old, err := decodeBoth[autoscalingv1.Scale](r)
	if err != nil || object.Spec.Replicas >= old.Spec.Replicas {
		return err
	}
	scaled, err := w.facts.Scaled(ctx, r.Namespace, r.name)
	if err != nil || scaled == nil {
		return err
	}
	held := exemption.Parse(scaled.Exempt)
	q.exemptions = exemptions{held: held, stored: held, now: w.now()}
	return w.askCarried(ctx, r, q, scaled.Pod)
}
