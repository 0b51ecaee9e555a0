package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// behind is what a new Service is told about the Deployments that it selects. They
// may be older than the namespace's mode: then nobody has heard of their problems.
type behind struct {
	found []message.Behind
	// failed says that tealgate could not look.
	failed error
}

// behind asks the rules about each of these Deployments as if it were created now.
// What it finds only warns, and so does its own failure, in enforce too: the Service
// itself is judged at this point, and to deny it because of an object that is not
// under review, and was not changed, would protect nothing. Therefore it also gets
// no more than half of the time that is left, so that the answer is still given.
func (w *Webhooks) behind(ctx context.Context, r *review) behind {
	if r.Kind.Kind != kindService || r.Operation != admissionv1.Create {
		return behind{}
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Until(deadline)/2, errors.New("no answer in time"))
		defer cancel()
	}
	found, err := inTime(ctx, func() ([]message.Behind, error) { return w.unfit(ctx, r) })
	if err != nil {
		logf.FromContext(ctx).Error(err, "Deployments behind a new Service", "service", r.object().String())
	}
	return behind{found, err}
}

// unfit evaluates as many Deployments as Behind returns, once each.
func (w *Webhooks) unfit(ctx context.Context, r *review) ([]message.Behind, error) {
	service, _, err := r.services()
	if err != nil {
		return nil, err
	}
	selected, err := w.facts.Behind(ctx, service)
	if err != nil {
		return nil, err
	}
	var found []message.Behind
	for _, each := range selected {
		if r.edition.Settings.IsUnmanaged(r.Namespace, each.Deployment.Spec.Template.Labels) {
			continue
		}
		violations, err := r.created(ctx, each)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each.Deployment.Name, err)
		}
		held := exemption.Parse(each.Deployment.Annotations[v1alpha1.AnnotationExempt])
		violations, _ = exemptions{held: held, now: w.now()}.excuse(violations)
		for _, violation := range violations {
			// Rules on traffic have their say about the Service itself.
			if violation.Action == policy.Deny && violation.Rule.Concern == policy.ConcernWorkload {
				object := message.Object{Kind: kindDeployment, Namespace: r.Namespace, Name: each.Deployment.Name}
				found = append(found, message.Behind{Violation: violation, Object: object})
			}
		}
	}
	return found, nil
}

// created asks about a stored Deployment. Fields that this binary does not know are
// lost on the way through its types, and nobody is said to have sent it.
func (r *review) created(ctx context.Context, each facts.Behind) ([]policy.Violation, error) {
	raw, err := json.Marshal(each.Deployment)
	if err != nil {
		return nil, err
	}
	return r.edition.Rules.Evaluate(ctx, policy.Input{
		Operation: string(admissionv1.Create), Kind: kindDeployment,
		Namespace: each.Deployment.Namespace, Name: each.Deployment.Name, Object: raw, Facts: each.Facts,
		Unadvised: true,
	})
}

// note counts what was found and returns the lines of it for the audit log.
func (b behind) note(count func(action string, violation policy.Violation)) []string {
	var trail []string
	for _, finding := range b.found {
		count(actionWarn, finding.Violation)
		trail = append(trail, fmt.Sprintf("%s %s %s %s", actionWarn, finding.Rule.ID, finding.Object, finding.Field))
	}
	if b.failed != nil {
		trail = append(trail, "undecided about the Deployments that it selects")
	}
	return trail
}

// warnings are at most room lines: about the object under review, and in the end
// about those behind it, which keep one line whatever comes before, and about
// exemptions, if there is room.
func warnings(r *review, v verdict, room int) ([]string, error) {
	exempt := exemptLine(r.language, r.object(), v.ended, v.exempt)
	kept := 0
	if exempt != "" && room > 1 {
		kept = 1
	}
	lines, err := findings(r, v, room-kept)
	if err == nil && exempt != "" && len(lines) < room {
		lines = append(lines, exempt)
	}
	return lines, err
}

func findings(r *review, v verdict, room int) ([]string, error) {
	kept := min(1, len(v.behind.found))
	if v.behind.failed != nil {
		kept = 1
	}
	lines, err := message.Warnings(r.language, r.object(), v.warned, room-kept)
	if err != nil {
		return nil, err
	}
	if v.behind.failed != nil {
		return append(lines, message.UndecidedBehind(r.language, r.object(), v.behind.failed)), nil
	}
	about, err := message.BehindWarnings(r.language, v.behind.found, room-len(lines))
	return append(lines, about...), err
}
