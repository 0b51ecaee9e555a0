package admission

import (
	"context"
	"maps"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// validate asks the rules and lets the namespace's mode cap what they say.
func (w *Webhooks) validate(ctx context.Context, r *review) (admission.Response, error) {
	question, err := w.ask(ctx, r)
	if err != nil || question == nil {
		return admission.Allowed(""), err
	}
	violations, err := w.rules.Evaluate(ctx, question.input)
	if err != nil {
		return admission.Response{}, err
	}
	verdict, err := w.weigh(ctx, r, question, violations)
	if err != nil {
		return admission.Response{}, err
	}
	return w.answer(r, verdict)
}

// question is what the rules are asked, and how the same is asked of the stored
// object should the new one have problems.
type question struct {
	input policy.Input
	// before returns the facts of the stored object.
	before func(ctx context.Context) (facts.Facts, error)
	// ranBefore says whether the new pod template is one to go back to.
	ranBefore func(ctx context.Context) (bool, error)
}

// ask gathers the facts. It returns nil for objects that are not tealgate's business.
func (w *Webhooks) ask(ctx context.Context, r *review) (*question, error) {
	q := &question{
		input: policy.Input{
			Operation: string(r.Operation), Kind: r.Kind.Kind, Namespace: r.Namespace, Name: r.name,
			User: r.UserInfo.Username, Object: r.Object.Raw, Old: r.OldObject.Raw, Facts: facts.None(),
		},
		before:    func(context.Context) (facts.Facts, error) { return facts.None(), nil },
		ranBefore: func(context.Context) (bool, error) { return false, nil },
	}
	if r.Operation == admissionv1.Delete {
		q.input.Object = nil
		return q, nil
	}
	switch r.Kind.Kind {
	case kindDeployment:
		return q, w.askDeployment(ctx, r, q)
	case kindService:
		return w.askService(ctx, r, q)
	default:
		return q, nil
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
	if old == nil {
		return nil
	}
	declined := object.Annotations[v1alpha1.AnnotationBlueGreen]
	if declined == v1alpha1.BlueGreenDisabled && declined != old.Annotations[v1alpha1.AnnotationBlueGreen] {
		q.input.Facts.MayExempt, err = w.facts.MayExempt(ctx, r.Namespace, r.UserInfo.Username, r.UserInfo.Groups)
		if err != nil {
			return err
		}
	}
	q.before = func(ctx context.Context) (facts.Facts, error) {
		if maps.Equal(object.Spec.Template.Labels, old.Spec.Template.Labels) {
			return q.input.Facts, nil
		}
		return w.facts.ForDeployment(ctx, old)
	}
	q.ranBefore = func(ctx context.Context) (bool, error) { return w.facts.RanBefore(ctx, object) }
	return nil
}

func (w *Webhooks) askService(ctx context.Context, r *review, q *question) (*question, error) {
	object, old, err := r.services()
	if err != nil {
		return nil, err
	}
	if object.Annotations[v1alpha1.AnnotationArgoRollouts] != "" {
		return nil, nil //nolint:nilnil // nothing to ask, and nothing went wrong
	}
	if q.input.Facts, err = w.facts.ForService(ctx, object, old); err != nil {
		return nil, err
	}
	if old != nil {
		q.before = func(context.Context) (facts.Facts, error) {
			return facts.ForOldService(object, old, q.input.Facts), nil
		}
	}
	return q, nil
}

// verdict is what remains of the violations after mode, ratchet and undo.
type verdict struct {
	denied []policy.Violation
	warned []message.Finding
}

// weigh lets what the stored object has already, and what only goes back to a
// template that ran before, warn instead of deny. Both are looked up only when a
// request is about to be denied.
func (w *Webhooks) weigh(ctx context.Context, r *review, q *question, violations []policy.Violation) (verdict, error) {
	var v verdict
	var denying []policy.Violation
	for _, violation := range violations {
		switch violation.Action() {
		case policy.Deny:
			denying = append(denying, violation)
		case policy.Warn:
			v.warned = append(v.warned, message.Finding{Violation: violation, Why: message.Advice})
		case policy.Advise:
		}
	}
	if len(denying) == 0 {
		return v, nil
	}
	if r.Operation == admissionv1.Update {
		known, err := w.known(ctx, q)
		if err != nil {
			return verdict{}, err
		}
		denying = v.warnWhere(denying, message.Before, func(violation policy.Violation) bool { return known[violation.Identity()] })
	}
	if r.mode != v1alpha1.ModeEnforce {
		denying = v.warnWhere(denying, message.Mode, func(policy.Violation) bool { return true })
	}
	if len(denying) > 0 && r.Operation == admissionv1.Update {
		ran, err := q.ranBefore(ctx)
		if err != nil {
			return verdict{}, err
		}
		denying = v.warnWhere(denying, message.Undo, func(violation policy.Violation) bool {
			return ran && violation.Rule.Concern == policy.ConcernWorkload
		})
	}
	v.denied = denying
	return v, nil
}

// known returns the identities of the problems that the stored object has.
func (w *Webhooks) known(ctx context.Context, q *question) (map[string]bool, error) {
	before := q.input
	before.Object = q.input.Old
	var err error
	if before.Facts, err = q.before(ctx); err != nil {
		return nil, err
	}
	violations, err := w.rules.Evaluate(ctx, before)
	if err != nil {
		return nil, err
	}
	identities := map[string]bool{}
	for _, violation := range violations {
		identities[violation.Identity()] = true
	}
	return identities, nil
}

func (v *verdict) warnWhere(denying []policy.Violation, why message.Why, where func(policy.Violation) bool) []policy.Violation {
	var rest []policy.Violation
	for _, violation := range denying {
		if where(violation) {
			v.warned = append(v.warned, message.Finding{Violation: violation, Why: why})
		} else {
			rest = append(rest, violation)
		}
	}
	return rest
}

// answer turns a verdict into the API's response and counts it.
func (w *Webhooks) answer(r *review, v verdict) (admission.Response, error) {
	var trail []string
	for _, violation := range v.denied {
		w.metrics.found(violation, policy.Deny, r.mode)
		trail = append(trail, "deny "+violation.Rule.ID+" "+violation.Field)
	}
	for _, finding := range v.warned {
		w.metrics.found(finding.Violation, policy.Warn, r.mode)
		trail = append(trail, "warn "+finding.Rule.ID+" "+finding.Field)
	}
	response := admission.Allowed("")
	if r.mode != v1alpha1.ModeAudit {
		lines, err := message.Warnings(r.language, r.object(), v.warned)
		if err != nil {
			return admission.Response{}, err
		}
		if len(v.denied) > 0 {
			if response, err = denied(r, v.denied); err != nil {
				return admission.Response{}, err
			}
		}
		response = response.WithWarnings(lines...)
	}
	if len(trail) > 0 {
		response.AuditAnnotations = map[string]string{"problems": strings.Join(trail, "; ")}
	}
	return response, nil
}
