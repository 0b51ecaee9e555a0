package facts

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSideBySide(t *testing.T) {
	of := func(app, color, version string, phase corev1.PodPhase) corev1.Pod {
		labels := map[string]string{"app": app, "tealgate.dev/color": color}
		if version != "" {
			labels["app.kubernetes.io/version"] = version
		}
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Status: corev1.PodStatus{Phase: phase}}
	}
	preview := live("shop-preview", map[string]string{"app": "shop", "tealgate.dev/color": "green"})
	preview.Labels = map[string]string{"tealgate.dev/role": "preview"}
	services := []*corev1.Service{
		live("shop", map[string]string{"app": "shop", "tealgate.dev/color": "blue"}),
		live("cart", map[string]string{"app": "cart", "tealgate.dev/color": "blue"}), preview,
	}
	ending := of("shop", "blue", "1.4.0", corev1.PodRunning)
	ending.DeletionTimestamp = &metav1.Time{}
	for name, test := range map[string]struct {
		reason string
		pods   []corev1.Pod
		want   []Versions
	}{
		"None": {"nothing runs", nil, []Versions{}},
		"Both": {
			"blue and green differ",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), of("shop", "blue", "1.4.0", corev1.PodRunning)},
			[]Versions{{"shop", []string{"1.4.0", "1.5.0"}}},
		},
		"SameVersion": {
			"both colors, one version",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), of("shop", "blue", "1.5.0", corev1.PodRunning)},
			[]Versions{},
		},
		"TwoApplications": {
			"each has one version",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), of("cart", "blue", "1.4.0", corev1.PodRunning)},
			[]Versions{},
		},
		"Ended": {
			"it works no more",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), of("shop", "blue", "1.4.0", corev1.PodFailed)},
			[]Versions{},
		},
		"Terminating": {
			"it works until it has ended",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), ending},
			[]Versions{{"shop", []string{"1.4.0", "1.5.0"}}},
		},
		"Pending": {
			"it will work in a moment",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodPending), of("shop", "blue", "1.4.0", corev1.PodRunning)},
			[]Versions{{"shop", []string{"1.4.0", "1.5.0"}}},
		},
		"NoVersion": {
			"nobody knows which it is",
			[]corev1.Pod{of("shop", "green", "1.5.0", corev1.PodRunning), of("shop", "blue", "", corev1.PodRunning)},
			[]Versions{{"shop", []string{"", "1.5.0"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, sideBySide(services, test.pods), test.reason)
		})
	}
}
