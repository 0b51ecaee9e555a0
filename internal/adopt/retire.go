package adopt

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// retired is a Deployment that is to go.
type retired struct {
	name, why string
	find      func(*state) *appsv1.Deployment
	// may says why it must not go yet.
	may func(*state) error
	// left counts its pods that are not about to go. Its step waits until there are none,
	// and drains none that are not there; nil does neither.
	left func(*state) int
}

// retireStep takes away a Deployment that serves no more. It is left alone for the drain
// first, because what sends traffic follows the slices with a delay.
func (a App) retireStep(r retired, options Options) step {
	return step{
		title: fmt.Sprintf("Deployment %s is deleted%s", r.name, r.why),
		done:  func(now *state) bool { return r.find(now) == nil && (r.left == nil || r.left(now) == 0) },
		do:    func(ctx context.Context, now *state) error { return a.retire(ctx, now, r, options) },
		waiting: func(now *state) string {
			if r.find(now) == nil {
				return fmt.Sprintf("%d of its pods run on", r.left(now))
			}
			return fmt.Sprintf("Deployment %s is still there", r.name)
		},
	}
}

func (a App) retire(ctx context.Context, now *state, r retired, options Options) error {
	if r.find(now) == nil {
		return nil // only its pods are left
	}
	if err := r.may(now); err != nil {
		return err
	}
	if r.left == nil || r.left(now) > 0 {
		if err := pause(ctx, options.Drain); err != nil {
			return err
		}
	}
	// What was true before the pause must be so after it.
	now, err := a.read(ctx)
	if err != nil {
		return err
	}
	deployment := r.find(now)
	if deployment == nil {
		return nil
	}
	if err := r.may(now); err != nil {
		return err
	}
	if scaler := now.scalers[deployment.Name]; scaler != nil {
		if err := client.IgnoreNotFound(a.Client.Delete(ctx, scaler)); err != nil {
			return err
		}
	}
	uid := deployment.UID
	return client.IgnoreNotFound(a.Client.Delete(ctx, deployment,
		client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &uid}))
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// scalerStep gives the new Deployment an autoscaler like that of the other. Without one
// it is done at once.
func (a App) scalerStep(first *state, from, to string) step {
	title := "no HorizontalPodAutoscaler has to follow"
	if first.scalers[from] != nil || first.scalers[to] != nil {
		title = fmt.Sprintf("HorizontalPodAutoscaler %s scales it", to)
	}
	return step{
		title: title,
		done:  func(now *state) bool { return now.scalers[to] != nil || now.scalers[from] == nil },
		do: func(ctx context.Context, now *state) error {
			had := now.scalers[from]
			made := &autoscalingv2.HorizontalPodAutoscaler{
				ObjectMeta: metav1.ObjectMeta{Namespace: had.Namespace, Name: to, Labels: had.Labels},
				Spec:       *had.Spec.DeepCopy(),
			}
			made.Spec.ScaleTargetRef.Name = to
			return exists(a.Client.Create(ctx, made, client.FieldOwner(manager)))
		},
	}
}
