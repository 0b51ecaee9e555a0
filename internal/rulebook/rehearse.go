package rulebook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// rehearsal bounds one question: it is all the time that a request has.
const rehearsal = 1500 * time.Millisecond

const plainDeployment = `{"apiVersion": "apps/v1", "kind": "Deployment",
	"metadata": {"namespace": "rehearsal", "name": "plain"},
	"spec": {"replicas": 1, "selector": {"matchLabels": {"app": "plain"}}, "template": {
		"metadata": {"labels": {"app": "plain"}},
		"spec": {"containers": [{"name": "app", "image": "plain:1"}]}}}}`

const plainService = `{"apiVersion": "v1", "kind": "Service",
	"metadata": {"namespace": "rehearsal", "name": "plain"},
	"spec": {"type": "ClusterIP", "selector": {"app": "plain"}, "ports": [{"port": 80}]}}`

const plainScale = `{"apiVersion": "autoscaling/v1", "kind": "Scale",
	"metadata": {"namespace": "rehearsal", "name": "plain"}, "spec": {"replicas": 1}}`

// rehearse asks the rules about plain objects. What they say is their business, but
// rules that have an error here, or take too long, would deny every change in
// enforce with words that nobody can act on.
func rehearse(ctx context.Context, engine *policy.Engine) error {
	for _, plain := range []struct{ kind, object string }{
		{"Deployment", plainDeployment}, {"Service", plainService}, {"Scale", plainScale},
	} {
		for _, operation := range []string{"CREATE", "UPDATE", "DELETE"} {
			in := policy.Input{
				Operation: operation, Kind: plain.kind, Namespace: "rehearsal", Name: "plain", Facts: facts.None(),
			}
			if operation != "DELETE" {
				in.Object = []byte(plain.object)
			}
			if operation != "CREATE" {
				in.Old = []byte(plain.object)
			}
			if err := ask(ctx, engine, in); err != nil {
				return err
			}
		}
	}
	return nil
}

var errSlow = fmt.Errorf("no answer within %s", rehearsal)

func ask(ctx context.Context, engine *policy.Engine, in policy.Input) error {
	limited, cancel := context.WithTimeoutCause(ctx, rehearsal, errSlow)
	defer cancel()
	_, err := engine.Evaluate(limited, in)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !errors.Is(err, errSlow) {
		return err
	}
	problem := policy.ProblemOf(err, policy.Fails)
	problem.Subject = in.Operation + " " + in.Kind
	return policy.Problems{problem}
}
