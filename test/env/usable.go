package env

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Node with this annotation is played by kwok.
const (
	nodeAnnotation      = "kwok.x-k8s.io/node"
	nodeAnnotationValue = "fake"
)

func (c *Cluster) createNodes(ctx context.Context) error {
	for i := range c.options.Nodes {
		name := fmt.Sprintf("node-%d", i)
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{nodeAnnotation: nodeAnnotationValue},
			Labels: map[string]string{
				corev1.LabelHostname:   name,
				corev1.LabelOSStable:   "linux",
				corev1.LabelArchStable: "amd64",
			},
		}}
		if _, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create node %q: %w", name, err)
		}
	}
	return nil
}

// proveUsable waits for the work of each program instead of asking its health:
// service accounts for the controller manager, ready nodes for kwok, and a pod
// that becomes ready for the scheduler and for all of them together. The pod
// lives in kube-system, so that no test meets it or its events.
func (c *Cluster) proveUsable(ctx context.Context) error {
	scheduler, kwok := c.processNamed("kube-scheduler"), c.processNamed("kwok")

	if err := c.serviceAccounts(ctx); err != nil {
		return err
	}
	if err := c.waitFor(ctx, "all nodes are ready", kwok, c.nodesReady); err != nil {
		return err
	}

	pods := c.client.CoreV1().Pods(metav1.NamespaceSystem)
	probe := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "env-probe"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "probe", Image: "probe"}}},
	}
	if _, err := pods.Create(ctx, probe, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create pod %q: %w", probe.Name, err)
	}
	err := c.waitFor(ctx, "a pod is ready", scheduler, func(ctx context.Context) (bool, error) {
		pod, err := pods.Get(ctx, probe.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return podReady(pod), nil
	})
	if err != nil {
		return err
	}

	if err := pods.Delete(ctx, probe.Name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete pod %q: %w", probe.Name, err)
	}
	return c.waitFor(ctx, "a pod is deleted", kwok, func(ctx context.Context) (bool, error) {
		_, err := pods.Get(ctx, probe.Name, metav1.GetOptions{})
		there, err := found(err)
		return !there, err
	})
}

// serviceAccounts waits until pods may be created, which takes the controller manager.
func (c *Cluster) serviceAccounts(ctx context.Context) error {
	manager := c.processNamed("kube-controller-manager")
	for _, namespace := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem} {
		err := c.waitFor(ctx, "namespace "+namespace+" has a service account", manager, func(ctx context.Context) (bool, error) {
			_, err := c.client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
			return found(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nodesReady also waits for the taint to go that new nodes have, because until
// then nothing is scheduled.
func (c *Cluster) nodesReady(ctx context.Context) (bool, error) {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, err
	}
	for _, node := range nodes.Items {
		if len(node.Spec.Taints) > 0 || !nodeReady(&node) {
			return false, nil
		}
	}
	return true, nil
}

func (c *Cluster) processNamed(name string) *process {
	for _, p := range c.processes() {
		if p.name == name {
			return p
		}
	}
	panic("no process " + name)
}

// found turns the error of a Get into whether the object exists.
func found(err error) (bool, error) {
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func nodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
