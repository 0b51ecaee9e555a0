package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"
)

// writers is how many requests fill a control plane at the same time.
const writers = 16

// The namespaces of what is asked: one in enforce, and one that tealgate does not see.
const (
	shop   = "shop"
	unseen = "unseen"
)

// fill creates pairs and their Services in namespaces that are in enforce. The
// Deployments are paused, so that no pods are made of them; they carry what kubectl
// apply leaves on an object.
func (s *side) fill(ctx context.Context, o options) error {
	for i := range o.namespaces {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: team(i), Labels: map[string]string{"tealgate.dev/mode": "enforce"},
		}}
		if _, err := s.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range o.deployments {
		deployment := deploymentOf(fmt.Sprintf("app-%d", i/2/o.namespaces), []string{"blue", "green"}[i%2])
		vary(deployment, i/2)
		deployment.Spec.Paused = true
		group.Go(func() error { return s.deploy(ctx, team(i/2%o.namespaces), deployment) })
	}
	for i := range o.services {
		service := serviceOf(fmt.Sprintf("app-%d", i/o.namespaces))
		group.Go(func() error {
			_, err := s.client.CoreV1().Services(team(i%o.namespaces)).Create(ctx, service, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.settled(o)
}

func team(i int) string { return fmt.Sprintf("team-%d", i) }

// settled waits until the controllers have seen everything.
func (s *side) settled(o options) error {
	ctx := context.Background()
	return wait.PollUntilContextTimeout(ctx, time.Second, 10*time.Minute, true, func(ctx context.Context) (bool, error) {
		slices, err := s.client.DiscoveryV1().EndpointSlices("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil || len(slices.Items) < o.services {
			return false, err
		}
		deployments, err := s.client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return false, err
		}
		for i := range deployments.Items {
			if deployments.Items[i].Status.ObservedGeneration == 0 {
				return false, nil
			}
		}
		return true, nil
	})
}

// pair makes the two colors of the application that is asked about, ready both.
func (s *side) pair(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: unseen}}
	if _, err := s.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, color := range []string{"blue", "green"} {
		deployment := deploymentOf(shop, color)
		deployment.Spec.Replicas = new(int32(2))
		if err := s.deploy(ctx, shop, deployment); err != nil {
			return err
		}
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	for _, namespace := range []string{unseen, shop} {
		if _, err := s.client.CoreV1().Services(namespace).Create(ctx, serviceOf(shop), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) ready(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		deployments, err := s.client.AppsV1().Deployments(shop).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for i := range deployments.Items {
			if deployments.Items[i].Status.ReadyReplicas < 2 {
				return false, nil
			}
		}
		return true, nil
	})
}

func (s *side) deploy(ctx context.Context, namespace string, deployment *appsv1.Deployment) error {
	applied, err := json.Marshal(deployment)
	if err != nil {
		return err
	}
	deployment.Annotations[corev1.LastAppliedConfigAnnotation] = string(applied)
	_, err = s.client.AppsV1().Deployments(namespace).Create(ctx, deployment, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
	return err
}

// vary keeps applications from being alike in more than they are in real clusters.
func vary(deployment *appsv1.Deployment, i int) {
	for c := range deployment.Spec.Template.Spec.Containers {
		container := &deployment.Spec.Template.Spec.Containers[c]
		container.Image = fmt.Sprintf("registry.example.org:5000/%s/%s:1.%d.%d", deployment.Name, container.Name, i%40, i%7)
		container.Resources.Requests[corev1.ResourceMemory] = *resource.NewQuantity(int64(1+i%16)<<27, resource.BinarySI)
		container.ReadinessProbe.HTTPGet.Path = []string{"/readyz", "/healthz", "/ready", "/actuator/health/readiness"}[i%4]
		container.ReadinessProbe.PeriodSeconds = int32(3 + i%6)
		container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("FEATURE_%d", i%100), Value: fmt.Sprintf("variant %d", i)})
	}
}

func deploymentOf(app, color string) *appsv1.Deployment {
	var containers strings.Builder
	for _, name := range []string{"web", "worker", "cache"} {
		containers.WriteString(strings.ReplaceAll(container, "NAME", name))
	}
	deployment := &appsv1.Deployment{}
	text := strings.NewReplacer("APP", app, "COLOR", color).Replace(manifest + containers.String())
	if err := yaml.UnmarshalStrict([]byte(text), deployment); err != nil {
		panic(err)
	}
	return deployment
}

func serviceOf(app string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: app, Labels: map[string]string{"app": app}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": app, "tealgate.dev/color": "blue"},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("web")}},
		},
	}
}

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP-COLOR
  labels: {app: APP, team: APP, tealgate.dev/color: COLOR}
  annotations: {example.org/owner: team of APP, example.org/runbook: 'https://wiki.example.org/runbooks/APP'}
spec:
  selector: {matchLabels: {app: APP, tealgate.dev/color: COLOR}}
  template:
    metadata: {labels: {app: APP, team: APP, app.kubernetes.io/version: '1.4.0', tealgate.dev/color: COLOR}}
    spec:
      volumes: [{name: config, configMap: {name: APP-config}}, {name: tmp, emptyDir: {}}]
      containers:
`

const container = `
      - name: NAME
        image: registry.example.org:5000/APP/NAME:1.4.0
        args: [--listen=:8080, --log-format=json, --config=/etc/NAME/config.yaml]
        ports: [{name: NAME, containerPort: 8080}]
        env:
        - {name: LOG_LEVEL, value: info}
        - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'http://otel-collector.monitoring:4317'}
        - {name: DB_URL, valueFrom: {secretKeyRef: {name: APP-secrets, key: DB_URL}}}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        envFrom: [{configMapRef: {name: APP-config}}]
        lifecycle: {preStop: {sleep: {seconds: 5}}}
        readinessProbe: {httpGet: {path: /readyz, port: NAME}, periodSeconds: 5}
        livenessProbe: {httpGet: {path: /livez, port: NAME}, periodSeconds: 10}
        resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 4Gi}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: config, mountPath: /etc/NAME}, {name: tmp, mountPath: /tmp}]
`
