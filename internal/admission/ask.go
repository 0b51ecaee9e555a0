package admission

import (
	"context"
	"maps"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// question is what the rules are asked, and how the same is asked of the stored
// object should the new one have problems.
type question struct {
	input policy.Input
	// before returns the facts of the stored object.
	before func(ctx context.Context) (facts.Facts, error)
	// ranBefore says whether the new pod template is one to go back to.
	ranBefore  func(ctx context.Context) (facts.Past, error)
	exemptions exemptions
	// declined says that the request declines colors, which takes the right to exempt.
	declined bool
}

// ask gathers the facts. It returns nil for objects that are not tealgate's business.
func (w *Webhooks) ask(ctx context.Context, r *review) (*question, error) {
	q, err := w.around(ctx, r)
	if err != nil || q == nil {
		return nil, err
	}
	return q, w.askExemptions(ctx, r, q)
}

// around gathers the facts about what is around the object.
func (w *Webhooks) around(ctx context.Context, r *review) (*question, error) {
	q := &question{
		input: policy.Input{
			Operation: string(r.Operation), Kind: r.Kind.Kind, Namespace: r.Namespace, Name: r.name,
			User: r.UserInfo.Username, Object: r.Object.Raw, Old: r.OldObject.Raw, Facts: facts.None(),
			Unadvised: !w.advises,
		},
		before:    func(context.Context) (facts.Facts, error) { return facts.None(), nil },
		ranBefore: func(context.Context) (facts.Past, error) { return facts.Past{}, nil },
	}
	if r.Operation == admissionv1.Delete {
		q.input.Object = nil
		return q, w.askDeleted(ctx, r, q)
	}
	switch r.Kind.Kind {
	case kindDeployment:
		return q, w.askDeployment(ctx, r, q)
	case kindService:
		return w.askService(ctx, r, q)
	case kindJob:
		var err error
		q.input.Facts.SideBySide, err = w.facts.SideBySide(ctx, r.Namespace)
		return q, err
	default:
		return q, w.askScale(ctx, r, q)
	}
}

func (w *Webhooks) askDeployment(ctx context.Context, r *review, q *question) error {
	object, old, err := r.deployments()
	if err != nil {
		return err
	}
	if q.input.Facts, err = w.facts.ForDeployment(ctx, object); err != nil {
		return err
	}
	if old == nil || !maps.Equal(object.Spec.Template.Labels, old.Spec.Template.Labels) {
		if q.input.Facts, err = w.facts.Abreast(ctx, object, q.input.Facts); err != nil {
			return err
		}
	}
	if q.input.Facts, err = w.facts.Traffic(ctx, r.Namespace, touched(object, old), q.input.Facts); err != nil {
		return err
	}
	before := old
	if r.standing {
		before = nil
	}
	// Last, because it leaves out what does not matter enough.
	if q.input.Facts, err = w.facts.Attached(ctx, object, before, q.input.Facts); err != nil {
		return err
	}
	// What changes its labels leaves the BlueGreen that it belongs to.
	stored := object
	if old != nil {
		stored = old
	}
	managed, err := w.facts.ManagedPods(ctx, r.Namespace, stored.Spec.Template.Labels)
	if err != nil {
		return err
	}
	q.input.Facts.Managed = managed
	if old == nil {
		return nil
	}
	declined := object.Annotations[v1alpha1.AnnotationBlueGreen]
	q.declined = declined == v1alpha1.BlueGreenDisabled && declined != old.Annotations[v1alpha1.AnnotationBlueGreen]
	q.before = func(ctx context.Context) (facts.Facts, error) {
		if maps.Equal(object.Spec.Template.Labels, old.Spec.Template.Labels) {
			return q.input.Facts, nil
		}
		before, err := w.facts.ForDeployment(ctx, old)
		before.Managed, before.Claims, before.Config = managed, q.input.Facts.Claims, q.input.Facts.Config
		return before, err
	}
	// A template that stays as it is runs already: nothing goes back.
	if templateChanged(object, old) && q.input.Facts.Spare() {
		q.ranBefore = func(ctx context.Context) (facts.Past, error) { return w.facts.RanBefore(ctx, object) }
	}
	return nil
}

func (w *Webhooks) askService(ctx context.Context, r *review, q *question) (*question, error) {
	object, old, err := r.services()
	if err != nil {
		return nil, err
	}
	if managedByArgo(object, old) {
		return nil, nil //nolint:nilnil // nothing to ask, and nothing went wrong
	}
	if q.input.Facts, err = w.facts.ForService(ctx, object, old); err != nil {
		return nil, err
	}
	if q.input.Facts.Managed, err = w.facts.ManagedService(ctx, r.Namespace, r.name); err != nil {
		return nil, err
	}
	if old != nil {
		q.before = func(context.Context) (facts.Facts, error) {
			return facts.ForOldService(object, old, q.input.Facts), nil
		}
	}
	return q, nil
}

// managedByArgo says that Argo Rollouts moves the Service, and did so before: a new
// Service, and one that only becomes Argo's, is judged like any other.
func managedByArgo(object, old *corev1.Service) bool {
	return old != nil && facts.ArgoManaged(old) && facts.ArgoManaged(object)
}
