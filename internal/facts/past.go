package facts

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/exemption"
)

// Past is what is known of the time at which a pod template ran before.
type Past struct {
	// Ran says that it did.
	Ran bool
	// Exemptions are those that the Deployment had then. Its controller keeps its
	// annotations on the ReplicaSet.
	Exemptions []exemption.Exemption
}

// RanBefore looks for a ReplicaSet of the Deployment that has the same pod template
// already, as after `kubectl rollout undo`. One live read.
func (g *Gatherer) RanBefore(ctx context.Context, deployment *appsv1.Deployment) (Past, error) {
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return Past{}, fmt.Errorf("selector of Deployment %s/%s: %w", deployment.Namespace, deployment.Name, err)
	}
	var replicaSets appsv1.ReplicaSetList
	err = g.live.List(ctx, &replicaSets, client.InNamespace(deployment.Namespace),
		client.MatchingLabelsSelector{Selector: selector}, client.Limit(maxReplicaSets))
	if err != nil {
		return Past{}, fmt.Errorf("reading the ReplicaSets of Deployment %s/%s: %w", deployment.Namespace, deployment.Name, err)
	}
	wanted := authored(deployment.Spec.Template)
	past := Past{}
	for i := range replicaSets.Items {
		replicaSet := &replicaSets.Items[i]
		if metav1.IsControlledBy(replicaSet, deployment) && apiequality.Semantic.DeepEqual(authored(replicaSet.Spec.Template), wanted) {
			past.Ran = true
			past.Exemptions = append(past.Exemptions, exemption.Parse(replicaSet.Annotations[v1alpha1.AnnotationExempt])...)
		}
	}
	return past, nil
}

// authored returns a pod template without the labels that others than its
// author put there: the ReplicaSet's hash, and the color that tealgate adds.
func authored(template corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	template.Labels = maps.Clone(template.Labels)
	delete(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	delete(template.Labels, v1alpha1.LabelColor)
	return template
}
