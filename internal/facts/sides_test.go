package facts

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
)

// TestOfColor: one color is asked for, whatever the Service selects, and only pods that stay.
func TestOfColor(t *testing.T) {
	service := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "shop", "tealgate.dev/color": "green"}}}
	service.Namespace = "shop"
	asked := (&client.ListOptions{}).ApplyOptions(ofColor(service, color.Blue))
	assert.Equal(t, "green", service.Spec.Selector["tealgate.dev/color"])
	for name, test := range map[string]struct {
		labels labels.Set
		phase  corev1.PodPhase
		want   bool
	}{
		"Running":  {labels.Set{"app": "shop", "tealgate.dev/color": "blue"}, corev1.PodRunning, true},
		"Pending":  {labels.Set{"app": "shop", "tealgate.dev/color": "blue"}, corev1.PodPending, true},
		"Evicted":  {labels.Set{"app": "shop", "tealgate.dev/color": "blue"}, corev1.PodFailed, false},
		"Done":     {labels.Set{"app": "shop", "tealgate.dev/color": "blue"}, corev1.PodSucceeded, false},
		"Green":    {labels.Set{"app": "shop", "tealgate.dev/color": "green"}, corev1.PodRunning, false},
		"NoColor":  {labels.Set{"app": "shop"}, corev1.PodRunning, false},
		"OtherApp": {labels.Set{"app": "cart", "tealgate.dev/color": "blue"}, corev1.PodRunning, false},
	} {
		t.Run(name, func(t *testing.T) {
			phase := fields.Set{"status.phase": string(test.phase)}
			assert.Equal(t, test.want, asked.LabelSelector.Matches(test.labels) && asked.FieldSelector.Matches(phase))
		})
	}
}

// TestTooManyPods: a color of which not all pods are known is not moved to, and may be behind
// every endpoint that nobody knows; the other one is as fit as ever.
func TestTooManyPods(t *testing.T) {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "blue-1"}}
	ready := func(uid types.UID) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", UID: uid}}
	}
	found := []discoveryv1.EndpointSlice{{Endpoints: []discoveryv1.Endpoint{ready("blue-1"), ready("unknown")}}}
	for name, test := range map[string]struct {
		green   oneSide
		serving map[color.Color]int
		unfit   map[color.Color][]string
	}{
		"All":  {oneSide{}, map[color.Color]int{color.Blue: 1, "": 1}, map[color.Color][]string{}},
		"More": {oneSide{more: true}, map[color.Color]int{color.Blue: 1, color.Green: 1, "": 1}, map[color.Color][]string{color.Green: {"green has more than 2000 pods, and tealgate looks at no more"}}},
	} {
		t.Run(name, func(t *testing.T) {
			sides := map[color.Color]oneSide{color.Blue: {pods: []corev1.Pod{pod}}, color.Green: test.green}
			assert.Equal(t, test.serving, servingByColor(found, sides))
			assert.Equal(t, test.unfit, unfitByColor(&corev1.Service{}, sides, found))
		})
	}
}
