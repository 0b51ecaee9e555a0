package facts

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func cached(t *testing.T, app string) *appsv1.Deployment {
	t.Helper()
	deployment := &appsv1.Deployment{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(strings.ReplaceAll(`
metadata: {name: APP, labels: {app: APP, team: store}, annotations: {note: a note of some length}}
spec:
  replicas: 3
  selector: {matchLabels: {app: APP}}
  template:
    metadata: {labels: {app: APP, team: store}}
    spec:
      nodeSelector: {zone: a}
      containers:
      - name: web
        image: registry.example/APP:1.4.0
        env: [{name: LOG_LEVEL, value: info}, {name: DB, valueFrom: {secretKeyRef: {name: db, key: url}}}]
        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5}
        resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 512Mi}}
        securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
status: {conditions: [{type: Available, status: "True", lastUpdateTime: "2026-11-23T10:00:00Z"}]}
`, "APP", app)), deployment))
	// As the decoder leaves it.
	containers := make([]corev1.Container, 0, 4)
	deployment.Spec.Template.Spec.Containers = append(containers, deployment.Spec.Template.Spec.Containers...)
	return deployment
}

// What is cached says what came, however it is held.
func TestSharingLosesNothing(t *testing.T) {
	sharing := NewSharing()
	for _, app := range []string{"shop", "cart", "shop"} {
		got, err := sharing.Slim(cached(t, app))
		require.NoError(t, err)
		assert.Equal(t, cached(t, app), got)
	}
	service := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "shop"}, Ports: []corev1.ServicePort{{Port: 80}}}}
	got, err := sharing.Slim(service.DeepCopy())
	require.NoError(t, err)
	assert.Equal(t, service, got)
	tombstone := struct{ Key string }{"shop/shop"}
	got, err = sharing.Slim(tombstone)
	require.NoError(t, err)
	assert.Equal(t, tombstone, got)
}

func TestSharingShares(t *testing.T) {
	sharing := NewSharing()
	container := func(app string) *corev1.Container {
		got, err := sharing.Slim(cached(t, app))
		require.NoError(t, err)
		containers := got.(*appsv1.Deployment).Spec.Template.Spec.Containers
		assert.Equal(t, len(containers), cap(containers), "no room for more")
		return &containers[0]
	}
	one, other := container("shop"), container("cart")
	assert.Same(t, one.ReadinessProbe, other.ReadinessProbe)
	assert.Same(t, one.SecurityContext, other.SecurityContext)
	assert.Same(t, one.Env[1].ValueFrom, other.Env[1].ValueFrom)
	assert.Same(t, unsafe.StringData(one.Env[0].Value), unsafe.StringData(other.Env[0].Value))
	one.Resources.Limits["test"] = one.Resources.Limits[corev1.ResourceMemory]
	assert.Contains(t, other.Resources.Limits, corev1.ResourceName("test"), "it is one map")
	assert.NotEqual(t, one.Image, other.Image)
}

// TestSharingForgets: names come and go for months.
func TestSharingForgets(t *testing.T) {
	sharing := NewSharing()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range maxShared / 2 {
				_, err := sharing.Slim(&corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": fmt.Sprintf("%d-%d", worker, i)}}})
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, len(sharing.texts)+len(sharing.parts), maxShared+10)
}
