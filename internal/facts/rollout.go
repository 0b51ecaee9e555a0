package facts

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// releaseDeployment is what a release knows of a Deployment.
func releaseDeployment(deployment *appsv1.Deployment, c color.Color, replicaSets []appsv1.ReplicaSet,
	autoscalers []autoscalingv2.HorizontalPodAutoscaler, pods map[string]*corev1.Pod,
) release.Deployment {
	found := release.Deployment{
		Name: deployment.Name, Base: strings.TrimSuffix(deployment.Name, "-"+string(c)), Color: c,
		Version:  Version(deployment.Spec.Template.Labels),
		Deployer: deployment.Annotations[v1alpha1.AnnotationDeployedBy],
		UID:      string(deployment.UID), Generation: deployment.Generation,
		Desired: desired(deployment), Ready: deployment.Status.ReadyReplicas,
		Incomplete: incomplete(deployment),
		Autoscaler: autoscaler(deployment, autoscalers),
	}
	var owned []string
	for i := range replicaSets {
		replicaSet := &replicaSets[i]
		if !metav1.IsControlledBy(replicaSet, deployment) {
			continue
		}
		owned = append(owned, replicaSet.Name)
		if apiequality.Semantic.DeepEqual(hashless(&replicaSet.Spec.Template), hashless(&deployment.Spec.Template)) {
			found.Revision = replicaSet.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
		}
	}
	for _, pod := range pods {
		if owner := metav1.GetControllerOf(pod); owner != nil && slices.Contains(owned, owner.Name) && pod.DeletionTimestamp == nil {
			crashes(&found, pod)
		}
	}
	slices.Sort(found.Crashing)
	return found
}

// desired is how many replicas a Deployment asks for: one, where it says nothing.
func desired(deployment *appsv1.Deployment) int32 {
	if deployment.Spec.Replicas == nil {
		return 1
	}
	return *deployment.Spec.Replicas
}

// incomplete says what keeps a rollout from being done, "" if it is. The order is that of
// kubectl rollout status: nothing can be said of what the controller has not seen.
func incomplete(deployment *appsv1.Deployment) string {
	status, want := &deployment.Status, desired(deployment)
	switch {
	case deployment.DeletionTimestamp != nil:
		return "it is being deleted"
	case status.ObservedGeneration < deployment.Generation:
		return "its newest change was not taken up yet"
	case status.UpdatedReplicas < want:
		return fmt.Sprintf("%d of %d pods are new", status.UpdatedReplicas, want)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%d old pods are still there", status.Replicas-status.UpdatedReplicas)
	case status.AvailableReplicas < status.UpdatedReplicas:
		return fmt.Sprintf("%d of %d pods are available", status.AvailableReplicas, status.UpdatedReplicas)
	default:
		return ""
	}
}

// autoscaler is the name of the one that owns the replicas of a Deployment, "" without one.
func autoscaler(deployment *appsv1.Deployment, all []autoscalingv2.HorizontalPodAutoscaler) string {
	for i := range all {
		if target := all[i].Spec.ScaleTargetRef; target.Kind == "Deployment" && target.Name == deployment.Name {
			return all[i].Name
		}
	}
	return ""
}

// hashless is a pod template as the Deployment has it: without what its controller adds.
func hashless(template *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	bare := template.DeepCopy()
	delete(bare.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return bare
}

// crashes adds what the containers of a pod have gone through.
func crashes(found *release.Deployment, pod *corev1.Pod) {
	looping := false
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		found.Restarts += status.RestartCount
		looping = looping || (status.State.Waiting != nil && status.State.Waiting.Reason == "CrashLoopBackOff")
	}
	if looping {
		found.Crashing = append(found.Crashing, pod.Name)
	}
}
