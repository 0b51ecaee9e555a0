package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
)

// Standing decides about an object that is stored. The rules are asked about an
// update that changes nothing: so those about a change have nothing to say about a
// pair that runs, and no problem passes for being there before. colored is what
// Mutate has made of it, the copy that an apply under another name would get: a
// Deployment without a color is judged with the one that it would be given, and is
// warned besides that the stored selector cannot take any.
func (j *Judge) Standing(ctx context.Context, stored, colored *unstructured.Unstructured) (Verdict, error) {
	r, err := j.review(colored, admissionv1.Update)
	if err != nil {
		return Verdict{}, err
	}
	r.standing = true
	return j.verdict(r, func() (verdict, error) { return j.webhooks.stand(ctx, r, stored) })
}

func (w *Webhooks) stand(ctx context.Context, r *review, stored *unstructured.Unstructured) (verdict, error) {
	question, err := w.ask(ctx, r)
	if err != nil || question == nil {
		return verdict{}, err
	}
	violations, err := r.edition.Rules.Evaluate(ctx, question.input)
	if err != nil {
		return verdict{}, err
	}
	uncolored, err := w.uncolored(ctx, r, question.input, stored)
	if err != nil {
		return verdict{}, err
	}
	return w.weigh(ctx, r, question, append(violations, unlike(uncolored, violations)...))
}

// uncolored returns what the rules warn of because a Deployment's stored selector
// has no color. Whatever else they say about it they say about its colored copy.
func (w *Webhooks) uncolored(ctx context.Context, r *review, in policy.Input, stored *unstructured.Unstructured) ([]policy.Violation, error) {
	const path = "spec.selector.matchLabels"
	had, _, err := unstructured.NestedMap(stored.Object, strings.Split(path, ".")...)
	if err != nil {
		return nil, badRequest(fmt.Errorf("%s: %w", path, err))
	}
	if r.Kind.Kind != kindDeployment || had[v1alpha1.LabelColor] != nil {
		return nil, nil
	}
	if in.Object, err = json.Marshal(stored.Object); err != nil {
		return nil, err
	}
	in.Old = in.Object
	violations, err := r.edition.Rules.Evaluate(ctx, in)
	return slices.DeleteFunc(violations, func(v policy.Violation) bool { return v.Action == policy.Deny }), err
}

// unlike returns the violations that are not among others.
func unlike(violations, others []policy.Violation) []policy.Violation {
	return slices.DeleteFunc(violations, func(v policy.Violation) bool {
		return slices.ContainsFunc(others, func(other policy.Violation) bool { return other.Identity() == v.Identity() })
	})
}
