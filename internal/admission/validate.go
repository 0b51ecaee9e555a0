package admission

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// validate asks the rules and lets the namespace's mode cap what they say.
func (w *Webhooks) validate(ctx context.Context, r *review) (admission.Response, error) {
	if left, err := r.unmanaged(); err != nil || left {
		return admission.Allowed(""), err
	}
	if err := w.asEnforced(ctx, r); err != nil {
		return admission.Response{}, err
	}
	verdict, err := w.decide(ctx, r)
	if err != nil {
		return admission.Response{}, err
	}
	verdict.glass = w.intact(ctx, r)
	return w.answer(r, verdict)
}

// decide asks the rules, for the webhooks and for Judge. There is nothing to find
// in objects that are not tealgate's business.
func (w *Webhooks) decide(ctx context.Context, r *review) (verdict, error) {
	question, err := w.ask(ctx, r)
	if err != nil || question == nil {
		return verdict{}, err
	}
	violations, err := r.edition.Rules.Evaluate(ctx, question.input)
	if err != nil {
		return verdict{}, err
	}
	v, err := w.weigh(ctx, r, question, violations)
	if err != nil {
		return verdict{}, err
	}
	v.behind, v.seen = w.behind(ctx, r), seen(question.input.Facts)
	return v, nil
}

// asEnforced gives a Deployment in audit, where nothing is mutated, the color that
// it would have in enforce. Otherwise each would be found without one.
func (w *Webhooks) asEnforced(ctx context.Context, r *review) error {
	if r.mode != v1alpha1.ModeAudit || r.Kind.Kind != kindDeployment || r.Operation == admissionv1.Delete {
		return nil
	}
	content, err := w.colored(ctx, r)
	if err != nil {
		return err
	}
	r.Object.Raw, err = json.Marshal(content.Object)
	return err
}

// verdict is what remains of the violations after mode, ratchet and undo.
type verdict struct {
	denied []policy.Violation
	warned []message.Finding
	// advised is silent at admission.
	advised []policy.Violation
	// exempt is what exemptions cover, ended are those that do no longer, granted
	// names those that are new.
	exempt  []message.Exempted
	ended   []exemption.Exemption
	granted string
	// behind is about other objects than the one under review.
	behind behind
	// glass is about a break-glass annotation that is there.
	glass intact
	// seen is what was read live, for the audit log.
	seen string
}

// weigh puts aside what exemptions cover, and weighs the rest.
func (w *Webhooks) weigh(ctx context.Context, r *review, q *question, violations []policy.Violation) (verdict, error) {
	rest, exempt := q.exemptions.excuse(violations)
	v, err := w.weighRest(ctx, r, q, rest)
	if err != nil {
		return verdict{}, err
	}
	v.exempt, v.ended, v.granted = exempt, q.exemptions.ended(v), granted(q.input.Facts.Exemptions)
	return v, nil
}

// weighRest lets what the stored object has already, and what only goes back to a
// template that ran before, warn instead of deny. Both are looked up only when a
// request is about to be denied.
func (w *Webhooks) weighRest(ctx context.Context, r *review, q *question, violations []policy.Violation) (verdict, error) {
	var v verdict
	var denying []policy.Violation
	var advice []message.Finding
	for _, violation := range violations {
		switch violation.Action {
		case policy.Warn:
			advice = append(advice, message.Finding{Violation: violation, Why: message.Advice})
		case policy.Advise:
			v.advised = append(v.advised, violation)
		default: // Deny, and what nobody knows
			denying = append(denying, violation)
		}
	}
	if len(denying) == 0 {
		v.warned = advice
		return v, nil
	}
	update := r.Operation == admissionv1.Update && !r.standing
	if update {
		known, err := knownBefore(ctx, r, q)
		if err != nil {
			return verdict{}, err
		}
		denying = v.warnWhere(denying, message.Before, known.takes)
	}
	if r.mode != v1alpha1.ModeEnforce {
		denying = v.warnWhere(denying, message.Mode, func(policy.Violation) bool { return true })
	}
	if update && slices.ContainsFunc(denying, func(v policy.Violation) bool { return v.Rule.Concern == policy.ConcernWorkload }) {
		past, err := q.ranBefore(ctx)
		if err != nil {
			return verdict{}, err
		}
		denying = v.warnWhere(denying, message.Undo, func(violation policy.Violation) bool {
			return past.Ran && violation.Rule.Concern == policy.ConcernWorkload && !q.exemptions.dropped(violation.Rule, past)
		})
	}
	if len(denying) > 0 && r.Operation == admissionv1.Delete {
		// kubectl delete namespace, and what follows from it, must go on.
		ending, err := w.facts.Terminating(ctx, r.Namespace)
		if err != nil || ending {
			return verdict{}, err
		}
	}
	v.denied = denying
	// Few lines are shown: what would deny comes before advice.
	v.warned = append(v.warned, advice...)
	return v, nil
}

// problems counts those of the stored object by their identity.
type problems map[string]int

// takes says that the stored object has such a problem, once for each that it has: a rule that
// does not tell two problems apart does not hide a second one behind the first.
func (p problems) takes(violation policy.Violation) bool {
	identity := violation.Identity()
	p[identity]--
	return p[identity] >= 0
}

// knownBefore returns the problems that the stored object has, without those that are on
// loan.
func knownBefore(ctx context.Context, r *review, q *question) (problems, error) {
	before := q.input
	before.Object = q.input.Old
	var err error
	if before.Facts, err = q.before(ctx); err != nil {
		return nil, err
	}
	violations, err := r.edition.Rules.Evaluate(ctx, before)
	if err != nil {
		return nil, err
	}
	had, lent := problems{}, q.exemptions.lent(r)
	for _, violation := range violations {
		if !lent(violation.Rule) {
			had[violation.Identity()]++
		}
	}
	return had, nil
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

// What was done about a problem, in metrics and audit annotations.
const (
	actionDeny      = "deny"
	actionWouldDeny = "would-deny"
	actionWarn      = "warn"
	actionExempt    = "exempt"
)

// answer turns a verdict into the API's response and counts it.
func (w *Webhooks) answer(r *review, v verdict) (admission.Response, error) {
	var trail []string
	note := func(action string, violation policy.Violation) {
		w.metrics.found(violation, action, r.mode)
		trail = append(trail, action+" "+violation.Rule.ID+" "+violation.Field)
	}
	for _, violation := range v.denied {
		note(actionDeny, violation)
	}
	for _, finding := range v.warned {
		if finding.Why == message.Mode {
			note(actionWouldDeny, finding.Violation)
		} else {
			note(actionWarn, finding.Violation)
		}
	}
	for _, excused := range v.exempt {
		note(actionExempt, excused.Violation)
	}
	trail = append(trail, v.behind.note(func(action string, violation policy.Violation) {
		w.metrics.found(violation, action, r.mode)
	})...)
	response := admission.Allowed("")
	if r.mode != v1alpha1.ModeAudit {
		told := slices.Concat(unknownMode(r), v.glass.lines, gotColor(r, v))
		told = told[:min(len(told), message.MaxWarnings-1)]
		lines, err := warnings(r, v, message.MaxWarnings-len(told))
		if err != nil {
			return admission.Response{}, err
		}
		if len(v.denied) > 0 {
			if response, err = denied(r, v.denied); err != nil {
				return admission.Response{}, err
			}
		}
		response = response.WithWarnings(told...).WithWarnings(lines...)
	}
	response.AuditAnnotations = annotations(trail, v)
	return response, nil
}

// annotations are for the audit log of the API server.
func annotations(trail []string, v verdict) map[string]string {
	said := map[string]string{}
	if len(trail) > 0 {
		said["problems"] = strings.Join(trail, "; ")
	}
	if v.granted != "" && len(v.denied) == 0 {
		said["exempted"] = v.granted
	}
	if v.glass.audit != "" {
		said["break-glass"] = v.glass.audit
	}
	if v.seen != "" {
		said["seen"] = v.seen
	}
	return said
}

// unknownMode tells that the namespace's mode is misspelled: the API server sends
// every value that is none of the others to the entry that warns.
func unknownMode(r *review) []string {
	mode, set := r.namespaceLabels[v1alpha1.LabelMode]
	if !set || r.mode != v1alpha1.ModeWarn {
		return nil
	}
	switch mode {
	case v1alpha1.ModeEnforce, v1alpha1.ModeWarn, v1alpha1.ModeAudit:
		return nil
	default:
		return []string{message.UnknownMode(r.language, r.Namespace, mode)}
	}
}

// gotColor tells, once a new Deployment is admitted, which color it got and why.
func gotColor(r *review, v verdict) []string {
	if r.Kind.Kind != kindDeployment || r.Operation != admissionv1.Create || len(v.denied) > 0 {
		return nil
	}
	object, _, err := r.deployments()
	if err != nil {
		return nil // it was decoded before; a missing explanation denies nothing
	}
	c, ok := color.Parse(selectorColor(object))
	if !ok {
		return nil
	}
	from := message.ColorFrom(object.Annotations[v1alpha1.AnnotationColorFrom])
	if line := message.Colored(r.language, r.object(), c, from); line != "" {
		return []string{line}
	}
	return nil
}
