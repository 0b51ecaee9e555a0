package facts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// status builds a container's status.
func status(name string, ready bool, state corev1.ContainerState) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Ready: ready, State: state}
}

func waiting(reason string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
}

func terminated(reason string, code int32) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
}

var running = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}

func condition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) corev1.PodCondition {
	return corev1.PodCondition{Type: kind, Status: status, Reason: reason}
}

func TestPodProblem(t *testing.T) {
	now := metav1.NewTime(time.Unix(0, 0))
	for name, test := range map[string]struct {
		reason string
		pod    corev1.Pod
		ready  bool
		want   string
	}{
		"Ready": {
			reason: "a ready pod has no problem", ready: true,
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionTrue, "")},
				ContainerStatuses: []corev1.ContainerStatus{status("web", true, running)},
			}},
		},
		"Terminating": {
			reason: "it is ready and will not stay",
			pod: corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &now}, Status: corev1.PodStatus{
				Conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionTrue, "")},
			}},
			want: "terminating",
		},
		"ImagePullBackOff": {
			reason: "in the words of its own status",
			pod: corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{
				status("proxy", true, running), status("web", false, waiting("ImagePullBackOff")),
			}}},
			want: "web: ImagePullBackOff",
		},
		"CrashLoopBackOff": {
			reason: "the phase Running says nothing",
			pod: corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
				status("web", false, waiting("CrashLoopBackOff")),
			}}},
			want: "web: CrashLoopBackOff",
		},
		"RunningNotReady": {
			reason: "its probe fails",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{status("web", false, running)},
				Conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady")},
			}},
			want: "web: running, not ready",
		},
		"Crashed": {
			reason: "between two starts",
			pod: corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
				status("web", false, terminated("OOMKilled", 137)),
			}}},
			want: "web: OOMKilled",
		},
		"Unschedulable": {
			reason: "no container has a status yet",
			pod: corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
				condition(corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable"),
			}}},
			want: "PodScheduled: Unschedulable",
		},
		"ReadinessGate": {
			reason: "every container is ready and something outside is not",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{status("web", true, running)},
				Conditions: []corev1.PodCondition{
					condition(corev1.PodScheduled, corev1.ConditionTrue, ""), condition(corev1.PodReady, corev1.ConditionFalse, "ReadinessGatesNotReady"),
				},
			}},
			want: "Ready: ReadinessGatesNotReady",
		},
		"InitContainerWaits": {
			reason: "what comes first is shown first",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase:                 corev1.PodPending,
				InitContainerStatuses: []corev1.ContainerStatus{status("migrate", false, waiting("CreateContainerConfigError"))},
				ContainerStatuses:     []corev1.ContainerStatus{status("web", false, waiting("PodInitializing"))},
			}},
			want: "migrate: CreateContainerConfigError",
		},
		"InitContainerFails": {
			reason: "the same",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase:                 corev1.PodPending,
				InitContainerStatuses: []corev1.ContainerStatus{status("migrate", false, terminated("Error", 1))},
				ContainerStatuses:     []corev1.ContainerStatus{status("web", false, waiting("PodInitializing"))},
			}},
			want: "migrate: Error",
		},
		"InitContainerDone": {
			reason: "a completed init container is no problem",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase:                 corev1.PodRunning,
				InitContainerStatuses: []corev1.ContainerStatus{status("migrate", true, terminated("Completed", 0))},
				ContainerStatuses:     []corev1.ContainerStatus{status("web", false, running)},
			}},
			want: "web: running, not ready",
		},
		"Initializing": {
			reason: "nothing is wrong yet",
			pod: corev1.Pod{Status: corev1.PodStatus{
				Phase:                 corev1.PodPending,
				InitContainerStatuses: []corev1.ContainerStatus{status("migrate", false, running)},
				ContainerStatuses:     []corev1.ContainerStatus{status("web", false, waiting("PodInitializing"))},
			}},
			want: "starting",
		},
		"JustCreated": {reason: "no kubelet has seen it", want: "starting"},
		"NoStatus": {
			reason: "a node that lost contact", pod: corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodUnknown}}, want: "Unknown, not ready",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fact := podFact(&test.pod)
			assert.Equal(t, test.want, fact.Problem, test.reason)
			assert.Equal(t, test.ready, fact.Ready, test.reason)
		})
	}
}

func TestPodFact(t *testing.T) {
	always, controls := corev1.ContainerRestartPolicyAlways, true
	port := func(name string) corev1.Container {
		return corev1.Container{Ports: []corev1.ContainerPort{{Name: name}, {Name: ""}}}
	}
	sidecar := port("mesh")
	sidecar.RestartPolicy = &always
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "shop-green-7d9f-abcde",
			Labels:      map[string]string{"tealgate.dev/color": "green", "version": "1.5.0"},
			Annotations: map[string]string{"tealgate.dev/traffic": "none"},
			OwnerReferences: []metav1.OwnerReference{
				{Kind: "Other", Name: "x"}, {APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "shop-green-7d9f", Controller: &controls},
			},
		},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{port("init"), sidecar}, Containers: []corev1.Container{port("http"), port("http"), port("admin")},
		},
	}
	assert.Equal(t, Pod{
		Name: "shop-green-7d9f-abcde", Color: "green", Version: "1.5.0", Traffic: "none", Workload: "shop-green",
		Ports: []string{"http", "admin", "mesh"}, Problem: "starting",
	}, podFact(pod))

	bare := podFact(&corev1.Pod{})
	assert.NotNil(t, bare.Ports, "a rule that walks a list must find one")
	assert.Empty(t, bare.Workload)
	pod.OwnerReferences[1].Kind = "StatefulSet"
	assert.Empty(t, podFact(pod).Workload, "only a ReplicaSet's name ends in a hash")
}

func TestServing(t *testing.T) {
	yes, no := true, false
	endpoint := func(pod, address string, ready *bool) discoveryv1.Endpoint {
		e := discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: ready}}
		if pod != "" {
			e.TargetRef = &corev1.ObjectReference{Kind: "Pod", Name: pod}
		}
		return e
	}
	slice := func(endpoints ...discoveryv1.Endpoint) discoveryv1.EndpointSlice {
		return discoveryv1.EndpointSlice{Endpoints: endpoints}
	}
	for name, test := range map[string]struct {
		reason string
		slices []discoveryv1.EndpointSlice
		ready  int
		pods   []string
	}{
		"None":     {reason: "no slices, no traffic", pods: []string{}},
		"Sorted":   {reason: "a stable order", slices: []discoveryv1.EndpointSlice{slice(endpoint("b", "10.0.0.2", &yes), endpoint("a", "10.0.0.1", &yes))}, ready: 2, pods: []string{"a", "b"}},
		"NotReady": {reason: "it gets no traffic", slices: []discoveryv1.EndpointSlice{slice(endpoint("a", "10.0.0.1", &no), endpoint("b", "10.0.0.2", &yes))}, ready: 1, pods: []string{"b"}},
		"NilReady": {reason: "the API says: nil is to be taken as ready", slices: []discoveryv1.EndpointSlice{slice(endpoint("a", "10.0.0.1", nil))}, ready: 1, pods: []string{"a"}},
		"DualStack": {
			reason: "one pod stands in a slice of each family",
			slices: []discoveryv1.EndpointSlice{slice(endpoint("a", "10.0.0.1", &yes)), slice(endpoint("a", "fd00::1", &yes))}, ready: 1, pods: []string{"a"},
		},
		"WithoutPods": {
			reason: "addresses that somebody wrote by hand serve too",
			slices: []discoveryv1.EndpointSlice{slice(endpoint("", "192.0.2.1", &yes), endpoint("", "192.0.2.2", &yes), endpoint("a", "10.0.0.1", &yes))}, ready: 3, pods: []string{"a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fact := servingFact(test.slices)
			assert.Equal(t, test.ready, fact.Ready, test.reason)
			assert.Equal(t, test.pods, fact.Pods, test.reason)
		})
	}
}

func TestColorsOf(t *testing.T) {
	pods := []Pod{{Name: "a", Color: "green"}, {Name: "b", Color: "blue"}, {Name: "c"}, {Name: "d", Color: "blue"}, {Name: "e", Color: "red"}}
	assert.Equal(t, []string{"blue", "green"}, colorsOf([]string{"a", "b", "c", "d"}, pods), "each once, sorted, of those named")
	assert.Equal(t, []string{}, colorsOf(nil, pods), "never nil")
}
