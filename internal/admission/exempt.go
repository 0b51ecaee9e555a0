package admission

import (
	"context"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// exemptions are what the annotation tealgate.dev/exempt asks for on both sides of a
// request. Whether they may be given is a rule's affair, which asks once, when they
// come: then they count for everybody.
type exemptions struct {
	// held count for the request: those of the object, and of what is deleted.
	held []exemption.Exemption
	// stored are those of the stored object.
	stored []exemption.Exemption
	now    time.Time
}

// askExemptions reads the annotations and tells the rules about them. Whether the
// user may exempt is asked only where it matters.
func (w *Webhooks) askExemptions(ctx context.Context, r *review, q *question) error {
	if r.Kind.Kind == kindScale {
		return nil // it has no annotations; see askScale
	}
	object, err := r.exemptionsOf(r.Object.Raw)
	if err != nil {
		return err
	}
	stored, err := r.exemptionsOf(r.OldObject.Raw)
	if err != nil {
		return err
	}
	if r.standing {
		stored = nil // nobody changes anything: what stands there is judged as a whole
	}
	now, known := w.now(), r.edition.exemptable
	q.exemptions = exemptions{held: object, stored: stored, now: now}
	if r.Operation == admissionv1.Delete {
		q.exemptions.held = stored
		return nil
	}
	gathered := &q.input.Facts
	gathered.Exemptions = facts.Exemptions(object, stored, now, known)
	if !r.standing && (q.declined || slices.ContainsFunc(gathered.Exemptions, asks)) {
		if gathered.MayExempt, err = w.facts.MayExempt(ctx, r.Namespace, r.UserInfo.Username, r.UserInfo.Groups); err != nil {
			return err
		}
	}
	before := q.before
	q.before = func(ctx context.Context) (facts.Facts, error) {
		around, err := before(ctx)
		around.Exemptions, around.MayExempt = facts.Exemptions(stored, stored, now, known), gathered.MayExempt
		return around, err
	}
	return nil
}

// asks says that an exemption would count, or is meant to, and did not before.
func asks(e facts.Exemption) bool { return e.Added && e.Known && e.Exemptable && !e.Ended }

// exemptable says of a rule's id whether there is such a rule, and whether objects
// can be exempt from it.
func (e Edition) exemptable(id string) (known, exemptable bool) {
	rule, known := e.Rules.Rule(id)
	return known, known && rule.Exemptable
}

func (r *review) exemptionsOf(raw []byte) ([]exemption.Exemption, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	object, err := r.head(raw)
	if err != nil {
		return nil, err
	}
	return exemption.Parse(object.Annotations[v1alpha1.AnnotationExempt]), nil
}

// What the rule about exemptions finds where the user may not give one.
const (
	ruleExemption     = "exemption"
	messageNotAllowed = "not-allowed"
)

// excuse takes what an exemption covers out of the violations. One that the user may
// not give covers nothing, so that all problems are told at once.
func (e exemptions) excuse(violations []policy.Violation) (rest []policy.Violation, excused []message.Exempted) {
	held := e.held
	if slices.ContainsFunc(violations, refuses) {
		held = slices.DeleteFunc(slices.Clone(held), func(one exemption.Exemption) bool { return !one.Within(e.stored) })
	}
	for _, violation := range violations {
		by, found := exemption.For(violation.Rule.ID, held)
		if found && violation.Rule.Exemptable && !by.Ended(e.now) {
			excused = append(excused, message.Exempted{Violation: violation, By: by})
		} else {
			rest = append(rest, violation)
		}
	}
	return rest, excused
}

func refuses(violation policy.Violation) bool {
	return violation.Rule.ID == ruleExemption && violation.Message.Name == messageNotAllowed
}

// lent says that the stored object has a problem on loan: an exemption covers or
// covered it. It does not pass for having been there before when the pods, the
// Service or the exemptions change. While none of them does, scaling and restarting
// go on after the last day.
func (e exemptions) lent(r *review) func(rule *policy.Rule) bool {
	if len(e.stored) == 0 || !e.due(r) {
		return func(*policy.Rule) bool { return false }
	}
	return func(rule *policy.Rule) bool {
		_, found := exemption.For(rule.ID, e.stored)
		return found && rule.Exemptable
	}
}

func (e exemptions) due(r *review) bool {
	if !slices.Equal(e.held, e.stored) {
		return true
	}
	switch r.Kind.Kind {
	case kindDeployment:
		object, old, err := r.deployments()
		if err == nil && old.Spec.Template.Labels[v1alpha1.LabelColor] == "" {
			// tealgate adds it whenever the template changes.
			delete(object.Spec.Template.Labels, v1alpha1.LabelColor)
		}
		return err != nil || replacesPods(object, old)
	case kindService:
		object, old, err := r.services()
		return err != nil || !apiequality.Semantic.DeepEqual(object.Spec, old.Spec)
	default:
		return false
	}
}

// dropped says that a problem was on loan, when the template ran or until now, and
// that the exemption is not there any more. Going back to the template would leave the
// problem as if it had always been there.
func (e exemptions) dropped(rule *policy.Rule, past facts.Past) bool {
	_, held := exemption.For(rule.ID, e.held)
	_, stored := exemption.For(rule.ID, e.stored)
	_, then := exemption.For(rule.ID, past.Exemptions)
	return rule.Exemptable && !held && (stored || then)
}

// ended are the exemptions whose problems count again. One that was written just now
// though it had ended is told by the rule about exemptions.
func (e exemptions) ended(v verdict) []exemption.Exemption {
	var list []exemption.Exemption
	over := func(rule *policy.Rule) {
		by, found := exemption.For(rule.ID, e.held)
		if found && rule.Exemptable && by.Ended(e.now) && by.Within(e.stored) && !slices.Contains(list, by) {
			list = append(list, by)
		}
	}
	for _, violation := range v.denied {
		over(violation.Rule)
	}
	for _, finding := range v.warned {
		over(finding.Rule)
	}
	return list
}

// granted lists what a request exempts from beyond what was, for the audit log,
// which knows who asked.
func granted(asked []facts.Exemption) string {
	var list []string
	for _, e := range asked {
		if asks(e) && e.Problem == "" {
			list = append(list, e.Text)
		}
	}
	return strings.Join(list, "; ")
}

// exemptLine says in one warning what became of exemptions; empty without any.
func exemptLine(language policy.Language, object message.Object, ended []exemption.Exemption, excused []message.Exempted) string {
	covering := make([]exemption.Exemption, len(excused))
	for i, one := range excused {
		covering[i] = one.By
	}
	return message.Exempt(language, object, ended, covering)
}
