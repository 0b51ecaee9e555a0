package facts

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// MayExempt asks whether a user holds the verb exempt on overrides.tealgate.dev.
func (g *Gatherer) MayExempt(ctx context.Context, namespace, user string, groups []string) (bool, error) {
	return g.may(ctx, v1alpha1.VerbExempt, namespace, user, groups)
}

// MayBreakGlass asks whether a user holds the verb break-glass on overrides.tealgate.dev.
func (g *Gatherer) MayBreakGlass(ctx context.Context, namespace, user string, groups []string) (bool, error) {
	return g.may(ctx, v1alpha1.VerbBreakGlass, namespace, user, groups)
}

func (g *Gatherer) may(ctx context.Context, verb, namespace, user string, groups []string) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Group: v1alpha1.Group, Resource: v1alpha1.ResourceOverrides, Verb: verb,
		},
	}}
	if err := g.authorizer.Create(ctx, review); err != nil {
		return false, fmt.Errorf("asking whether %s holds %s on %s.%s in namespace %s: %w",
			user, verb, v1alpha1.ResourceOverrides, v1alpha1.Group, namespace, err)
	}
	return review.Status.Allowed, nil
}
