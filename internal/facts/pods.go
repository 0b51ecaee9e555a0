package facts

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

func podFact(pod *corev1.Pod) Pod {
	fact := Pod{
		Name: pod.Name, Color: pod.Labels[v1alpha1.LabelColor], Version: Version(pod.Labels),
		Terminating: pod.DeletionTimestamp != nil,
		Traffic:     pod.Annotations[v1alpha1.AnnotationTraffic],
		Workload:    workload(pod),
		Ports:       portNames(pod),
	}
	fact.Ready = !fact.Terminating && podReady(pod)
	if !fact.Ready {
		fact.Problem = problem(pod)
	}
	return fact
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// workload takes the hash off the name of the pod's ReplicaSet.
func workload(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "ReplicaSet" {
		return ""
	}
	if i := strings.LastIndexByte(owner.Name, '-'); i > 0 {
		return owner.Name[:i]
	}
	return owner.Name
}

// portNames are the names that a Service's named targetPort can find: those of
// containers and native sidecars.
func portNames(pod *corev1.Pod) []string {
	names := []string{}
	containers := slices.Clone(pod.Spec.Containers)
	for _, container := range pod.Spec.InitContainers {
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, container)
		}
	}
	for _, container := range containers {
		for _, port := range container.Ports {
			if port.Name != "" && !slices.Contains(names, port.Name) {
				names = append(names, port.Name)
			}
		}
	}
	return names
}

// problem finds the first thing that keeps a pod from being ready, in the words
// of its own status.
func problem(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "terminating"
	}
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, status := range statuses {
		if waiting := status.State.Waiting; waiting != nil && waiting.Reason != "" && waiting.Reason != "PodInitializing" {
			return status.Name + ": " + waiting.Reason
		}
		if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return status.Name + ": " + ended.Reason
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running != nil && !status.Ready {
			return status.Name + ": running, not ready"
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue && condition.Reason != "" &&
			(condition.Type == corev1.PodScheduled || condition.Type == corev1.PodReady) {
			return string(condition.Type) + ": " + condition.Reason
		}
	}
	if pod.Status.Phase == "" || pod.Status.Phase == corev1.PodPending {
		return "starting"
	}
	return string(pod.Status.Phase) + ", not ready"
}

// servingFact lists the pods and addresses that traffic goes to. A pod of two
// address families stands in two slices and counts once.
func servingFact(slicesOfService []discoveryv1.EndpointSlice) Serving {
	pods, addresses := map[string]bool{}, map[string]bool{}
	for i := range slicesOfService {
		for _, endpoint := range slicesOfService[i].Endpoints {
			if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready {
				continue
			}
			if target := endpoint.TargetRef; target != nil && target.Kind == "Pod" {
				pods[target.Name] = true
			} else if len(endpoint.Addresses) > 0 {
				addresses[endpoint.Addresses[0]] = true
			}
		}
	}
	names := slices.AppendSeq(make([]string, 0, len(pods)), maps.Keys(pods))
	slices.Sort(names)
	return Serving{Ready: len(pods) + len(addresses), Pods: names, Colors: []string{}}
}

// colorsOf returns the colors that named pods have, each once, sorted.
func colorsOf(names []string, pods []Pod) []string {
	colors := []string{}
	for _, pod := range pods {
		if pod.Color != "" && slices.Contains(names, pod.Name) && !slices.Contains(colors, pod.Color) {
			colors = append(colors, pod.Color)
		}
	}
	slices.Sort(colors)
	return colors
}
