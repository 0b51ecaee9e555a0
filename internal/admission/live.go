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

// askTraffic gathers what a Deployment carries, and what it would carry at once.
// Most requests change neither and cost no read.
func (w *Webhooks) askTraffic(ctx context.Context, namespace string, object, old *appsv1.Deployment, gathered *facts.Facts) error {
	var err error
	if old != nil && (replacesPods(object, old) || replicas(object.Spec.Replicas) < replicas(old.Spec.Replicas)) {
		if gathered.Live, err = w.facts.Carriers(ctx, namespace, old.Spec.Template.Labels); err != nil {
			return err
		}
	}
	pod := object.Spec.Template.Labels
	var before map[string]string
	if old != nil {
		before = old.Spec.Template.Labels
		if maps.Equal(pod, before) {
			return nil
		}
	}
	gathered.Doors, err = w.facts.Doors(ctx, namespace, pod, before)
	return err
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
