package admission

import (
	"context"
	"encoding/json"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Standing decides about an object that is stored. The rules are asked about an
// update that changes nothing, after the webhooks have added what they add to one: so
// those about a change have nothing to say about a pair that runs, and no problem
// passes for being there before. A Service that would be pinned to the only color of
// its pods is judged as if it were.
func (j *Judge) Standing(ctx context.Context, stored *unstructured.Unstructured) (Verdict, error) {
	if stored.GetKind() == kindService {
		var err error
		if stored, err = j.Mutate(ctx, stored); err != nil {
			return Verdict{}, err
		}
	}
	r, err := j.review(stored, admissionv1.Update)
	if err != nil {
		return Verdict{}, err
	}
	r.standing = true
	return j.verdict(r, func() (verdict, error) { return j.webhooks.stand(ctx, r) })
}

func (w *Webhooks) stand(ctx context.Context, r *review) (verdict, error) {
	if r.Kind.Kind == kindDeployment {
		content, err := w.colored(ctx, r)
		if err != nil {
			return verdict{}, err
		}
		if r.Object.Raw, err = json.Marshal(content.Object); err != nil {
			return verdict{}, err
		}
	}
	return w.decide(ctx, r)
}
