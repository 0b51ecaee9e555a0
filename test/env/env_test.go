package env_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/tealgate/tealgate/test/env"
)

// soon is how long the cluster may take for what it does within a second when
// the machine has nothing else to do.
const soon = 90 * time.Second

func TestCluster(t *testing.T) {
	audit := filepath.Join(t.TempDir(), "audit.log")
	began := time.Now()
	cluster, err := env.Start(t.Context(), env.Options{AuditLog: audit, Nodes: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	t.Logf("usable after %s", time.Since(began).Round(time.Millisecond))

	client, err := kubernetes.NewForConfig(cluster.Config)
	require.NoError(t, err)
	s := suite{cluster: cluster, client: client}

	t.Run("Version", s.version)
	t.Run("DeploymentBecomesReady", s.deploymentBecomesReady)
	t.Run("ReadinessFollowsAnnotation", s.readinessFollowsAnnotation)
	t.Run("PodFollowsAnnotations", s.podFollowsAnnotations)
	t.Run("JobCompletes", s.jobCompletes)
	t.Run("Users", s.users)
	t.Run("AuditLog", func(t *testing.T) {
		content, err := os.ReadFile(audit)
		require.NoError(t, err)
		assert.Contains(t, string(content), `"kind":"Event"`)
	})
	t.Run("StopLeavesNothing", s.stopLeavesNothing)
}

func TestStartReportsAProgramThatEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	_, err := env.Start(t.Context(), env.Options{Dir: dir, APIServerArgs: []string{"--no-such-flag"}})
	require.Error(t, err)
	assert.ErrorContains(t, err, "wait until kube-apiserver is ready: ")
	assert.ErrorContains(t, err, "unknown flag: --no-such-flag")
}

func TestStopReportsAProgramThatEnded(t *testing.T) {
	cluster, err := env.Start(t.Context(), env.Options{})
	require.NoError(t, err)
	pid := cluster.PIDs()["kube-apiserver"]
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	err = wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, soon, true,
		func(context.Context) (bool, error) { return syscall.Kill(pid, 0) != nil, nil })
	require.NoError(t, err)

	assert.ErrorContains(t, cluster.Stop(), "kube-apiserver ended by itself\n")
	for name, pid := range cluster.PIDs() {
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, name)
	}
}

func TestStartReportsWhatIsLate(t *testing.T) {
	_, err := env.Start(t.Context(), env.Options{StartTimeout: 700 * time.Millisecond})
	require.Error(t, err)
	assert.ErrorContains(t, err, "not usable after 700ms")
	assert.ErrorContains(t, err, " says:\n")
}

func TestStartRefusesAUsedFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	_, err := env.Start(t.Context(), env.Options{Dir: dir})
	assert.EqualError(t, err, fmt.Sprintf("folder %q is not empty", dir))
}

// suite is what the tests of one cluster share.
type suite struct {
	cluster *env.Cluster
	client  kubernetes.Interface
}

func (s suite) version(t *testing.T) {
	out := s.kubectl(t, "version")
	assert.Contains(t, out, "Client Version: v1.37.2")
	assert.Contains(t, out, "Server Version: v1.37.2")
}

func (s suite) deploymentBecomesReady(t *testing.T) {
	began := time.Now()
	s.kubectl(t, "apply", "-f", "testdata/web.yaml")
	out := s.kubectl(t, "rollout", "status", "deployment/web", "--timeout=90s")
	t.Logf("rolled out after %s", time.Since(began).Round(time.Millisecond))
	assert.Contains(t, out, "successfully rolled out")

	s.eventually(t, "3 ready endpoints", func(ctx context.Context) (bool, error) {
		slices, err := s.client.DiscoveryV1().EndpointSlices("default").List(ctx, metav1.ListOptions{
			LabelSelector: discoveryv1.LabelServiceName + "=web",
		})
		if err != nil {
			return false, err
		}
		ready := map[string]bool{}
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if *endpoint.Conditions.Ready {
					ready[endpoint.Addresses[0]] = true
				}
			}
		}
		return len(ready) == 3, nil
	})

	for _, pod := range s.pods(t, "app=web") {
		assert.Less(t, readyAfter(t, &pod), soon)
		require.Len(t, pod.Status.ContainerStatuses, 2)
		require.Len(t, pod.Status.InitContainerStatuses, 2)
		assert.NotNil(t, pod.Status.InitContainerStatuses[0].State.Terminated, "an init container ends")
		assert.NotNil(t, pod.Status.InitContainerStatuses[1].State.Running, "a native sidecar stays")
	}

	s.kubectl(t, "scale", "deployment/web", "--replicas=0")
	s.eventually(t, "no pods", func(ctx context.Context) (bool, error) {
		return len(s.pods(t, "app=web")) == 0, nil
	})
}

func (s suite) readinessFollowsAnnotation(t *testing.T) {
	s.kubectl(t, "apply", "-f", "testdata/unready.yaml")
	s.eventuallyReady(t, "app=unready", 2, 0)
	s.kubectl(t, "annotate", "pod", "-l", "app=unready", "--overwrite", env.AnnotationReady+"=true")
	s.eventuallyReady(t, "app=unready", 2, 2)
	s.kubectl(t, "rollout", "status", "deployment/unready", "--timeout=90s")
	s.kubectl(t, "annotate", "pod", "-l", "app=unready", "--overwrite", env.AnnotationReady+"=false")
	s.eventuallyReady(t, "app=unready", 2, 0)
	s.kubectl(t, "annotate", "pod", "-l", "app=unready", env.AnnotationReady+"-")
	s.eventuallyReady(t, "app=unready", 2, 2)
}

func (s suite) podFollowsAnnotations(t *testing.T) {
	s.kubectl(t, "apply", "-f", "testdata/pods.yaml")

	s.eventuallyPod(t, "waiting", corev1.PodPending, "ImagePullBackOff")
	s.kubectl(t, "annotate", "pod/waiting", env.AnnotationWaiting+"-")
	s.eventuallyPod(t, "waiting", corev1.PodRunning, "")

	pod := s.eventuallyPod(t, "crashing", corev1.PodRunning, "CrashLoopBackOff")
	assert.Equal(t, int32(1), pod.Status.ContainerStatuses[0].RestartCount)
	s.kubectl(t, "annotate", "pod/crashing", env.AnnotationCrash+"-")
	pod = s.eventuallyPod(t, "crashing", corev1.PodRunning, "")
	assert.Equal(t, int32(1), pod.Status.ContainerStatuses[0].RestartCount, "restarts are not forgotten")
	s.kubectl(t, "annotate", "pod/crashing", env.AnnotationCrash+"=true")
	pod = s.eventuallyPod(t, "crashing", corev1.PodRunning, "CrashLoopBackOff")
	assert.Equal(t, int32(2), pod.Status.ContainerStatuses[0].RestartCount)
}

func (s suite) jobCompletes(t *testing.T) {
	s.kubectl(t, "wait", "--for=condition=Complete", "job/once", "--timeout=90s")
}

func (s suite) users(t *testing.T) {
	user, err := s.cluster.UserKubeconfig("jane@example.test", "developers")
	require.NoError(t, err)
	account, err := s.cluster.ServiceAccountKubeconfig(t.Context(), "kube-system", "default")
	require.NoError(t, err)

	tests := map[string]struct {
		options env.KubectlOptions
		args    []string
		want    env.KubectlResult
		reason  string
	}{
		"User": {
			options: env.KubectlOptions{Kubeconfig: user},
			args:    []string{"auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups}"},
			want:    env.KubectlResult{Stdout: `jane@example.test ["developers","system:authenticated"]`},
			reason:  "the certificate carries name and groups",
		},
		"ServiceAccount": {
			options: env.KubectlOptions{Kubeconfig: account},
			args:    []string{"auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"},
			want:    env.KubectlResult{Stdout: "system:serviceaccount:kube-system:default"},
			reason:  "the token is the service account's",
		},
		"Forbidden": {
			options: env.KubectlOptions{Kubeconfig: user},
			args:    []string{"get", "pods"},
			want: env.KubectlResult{Code: 1, Stderr: `Error from server (Forbidden): pods is forbidden: ` +
				`User "jane@example.test" cannot list resource "pods" in API group "" in the namespace "default"` + "\n"},
			reason: "RBAC is on, and a refusal is a result and not an error",
		},
		"Stdin": {
			options: env.KubectlOptions{Stdin: strings.NewReader("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")},
			args:    []string{"apply", "-f", "-"},
			want:    env.KubectlResult{Stdout: "namespace/shop created\n"},
			reason:  "kubectl reads what it is given",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := s.cluster.KubectlWith(t.Context(), test.options, test.args...)
			require.NoError(t, err)
			assert.Equal(t, test.want, got, test.reason)
		})
	}
}

func (s suite) stopLeavesNothing(t *testing.T) {
	pids := s.cluster.PIDs()
	require.Len(t, pids, 5)
	for name, pid := range pids {
		require.NoError(t, syscall.Kill(pid, 0), name)
	}

	began := time.Now()
	require.NoError(t, s.cluster.Stop())
	t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
	for name, pid := range pids {
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, name)
	}
	assert.NoDirExists(t, s.cluster.Dir)
	assert.NoError(t, s.cluster.Stop(), "a second time is once")
}

// kubectl runs kubectl as the administrator and requires it to succeed.
func (s suite) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	result, err := s.cluster.Kubectl(t.Context(), args...)
	require.NoError(t, err)
	require.Zero(t, result.Code, "kubectl %s: %s", strings.Join(args, " "), result)
	return result.Stdout
}

func (s suite) eventually(t *testing.T, what string, done wait.ConditionWithContextFunc) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, soon, true, done)
	require.NoError(t, err, what)
}

// eventuallyReady waits until all pods run and that many are ready.
func (s suite) eventuallyReady(t *testing.T, selector string, pods, ready int) {
	t.Helper()
	began := time.Now()
	s.eventually(t, fmt.Sprintf("%d of %d ready", ready, pods), func(context.Context) (bool, error) {
		running, isReady := 0, 0
		for _, pod := range s.pods(t, selector) {
			if pod.Status.Phase == corev1.PodRunning {
				running++
			}
			if len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].Ready && condition(&pod, corev1.PodReady).Status == corev1.ConditionTrue {
				isReady++
			}
		}
		return running == pods && isReady == ready, nil
	})
	t.Logf("%d of %d ready after %s", ready, pods, time.Since(began).Round(time.Millisecond))
}

// eventuallyPod waits until the first container waits for reason, or until the
// pod is ready if reason is empty.
func (s suite) eventuallyPod(t *testing.T, name string, phase corev1.PodPhase, reason string) *corev1.Pod {
	t.Helper()
	var pod *corev1.Pod
	s.eventually(t, name+" "+reason, func(ctx context.Context) (bool, error) {
		var err error
		if pod, err = s.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{}); err != nil {
			return false, err
		}
		if pod.Status.Phase != phase || len(pod.Status.ContainerStatuses) == 0 {
			return false, nil
		}
		ready := condition(pod, corev1.PodReady)
		if waiting := pod.Status.ContainerStatuses[0].State.Waiting; waiting != nil {
			return waiting.Reason == reason && ready.Status == corev1.ConditionFalse, nil
		}
		return reason == "" && ready.Status == corev1.ConditionTrue && ready.Reason == "", nil
	})
	return pod
}

func (s suite) pods(t *testing.T, selector string) []corev1.Pod {
	t.Helper()
	list, err := s.client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	require.NoError(t, err)
	return list.Items
}

func readyAfter(t *testing.T, pod *corev1.Pod) time.Duration {
	t.Helper()
	ready := condition(pod, corev1.PodReady)
	require.Equal(t, corev1.ConditionTrue, ready.Status)
	return ready.LastTransitionTime.Sub(pod.CreationTimestamp.Time)
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == kind {
			return condition
		}
	}
	return corev1.PodCondition{}
}
