package admission

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// errLate ends the counting early enough that what was counted is still told.
var errLate = errors.New("no time is left")

// modeSet tells who sets the mode of a namespace what enforce would deny there, as
// kubectl tealgate audit does. It never denies. Whether the mode may be loosened is
// decided by the API server itself.
func (w *Webhooks) modeSet(ctx context.Context, r *review) (admission.Response, error) {
	response := admission.Allowed("")
	if r.Operation == admissionv1.Delete {
		return response, nil
	}
	object, old, err := decodeBoth[corev1.Namespace](r)
	if err != nil {
		return admission.Response{}, err
	}
	mode, set := object.Labels[v1alpha1.LabelMode]
	if !set {
		return response, nil
	}
	// The request knows the language better than a cache of what is stored.
	r.language = language(object.Labels, w.language)
	r.namespaceLabels = object.Labels
	response = response.WithWarnings(unknownMode(r)...)
	if old == nil || old.DeletionTimestamp != nil {
		return response, nil
	}
	if before, was := old.Labels[v1alpha1.LabelMode]; was && before == mode {
		return response, nil
	}
	count, err := w.count(ctx, r)
	if err != nil {
		return admission.Response{}, err
	}
	if count.Denied > 0 || count.Judged < count.Of {
		response = response.WithWarnings(message.ModeSet(r.language, r.name, count))
	}
	return response, nil
}

// count judges the Deployments of a namespace as they stand, in the order of their
// names, as many as an inventory has. It stops when a quarter of the time is left.
func (w *Webhooks) count(ctx context.Context, r *review) (message.Count, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-time.Until(deadline)/4), errLate)
		defer cancel()
	}
	inventory, err := w.inventory(ctx, r.name)
	if err != nil {
		return message.Count{}, err
	}
	judge := NewJudge(JudgeOptions{Edition: r.edition, Facts: inventory, Language: r.language})
	count := message.Count{Of: inventory.Of}
	for _, deployment := range inventory.Deployments {
		verdict, err := stands(ctx, judge, deployment)
		if errors.Is(context.Cause(ctx), errLate) {
			break
		}
		if err != nil {
			return message.Count{}, fmt.Errorf("%s: %w", deployment.Name, err)
		}
		if verdict.Unmanaged {
			count.Of--
			continue
		}
		count.Judged++
		if len(verdict.Denied) > 0 {
			count.Denied++
		}
	}
	return count, nil
}

func stands(ctx context.Context, judge *Judge, deployment *appsv1.Deployment) (Verdict, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(deployment)
	if err != nil {
		return Verdict{}, err
	}
	return judge.Standing(ctx, &unstructured.Unstructured{Object: content})
}
