package traffic

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Scale sets the replicas of a Deployment, provided that it still is the object, and its
// spec the one, that uid and generation say. Like Move it leaves no ownership behind: a
// Deployment's replicas belong to whoever applies it, or to its autoscaler.
func Scale(ctx context.Context, c client.Client, key types.NamespacedName, uid types.UID, generation int64, replicas int32) error {
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name = key.Namespace, key.Name
	err := patch(ctx, c, deployment, []operation{
		{Op: "test", Path: "/metadata/uid", Value: uid},
		{Op: "test", Path: "/metadata/generation", Value: generation},
		{Op: "add", Path: "/spec/replicas", Value: json.Number(fmt.Sprint(replicas))},
	})
	if err != nil {
		return fmt.Errorf("scale %s to %d: %w", key, replicas, err)
	}
	return Disown(ctx, c, deployment)
}
