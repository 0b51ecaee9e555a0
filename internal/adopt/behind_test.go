package adopt

import (
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/color"
)

// pod is one of a name, in a color or in none, of a template.
func pod(name string, c color.Color, hash string) corev1.Pod {
	made := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pod-template-hash": hash}}}
	if c != "" {
		made.Labels["tealgate.dev/color"] = string(c)
	}
	return made
}

func ending(pod corev1.Pod) corev1.Pod {
	now := metav1.Now()
	pod.DeletionTimestamp = &now
	return pod
}

// slice names pods as ready endpoints, those with a ! in front as endpoints that are not.
func slice(names ...string) discoveryv1.EndpointSlice {
	made := discoveryv1.EndpointSlice{}
	for _, name := range names {
		ready := name[0] != '!'
		made.Endpoints = append(made.Endpoints, discoveryv1.Endpoint{
			Conditions: discoveryv1.EndpointConditions{Ready: &ready},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: name},
		})
	}
	return made
}

// TestServed holds when the pods that stay may serve alone: nothing but what the slices
// name counts, and nothing that they name by mistake.
func TestServed(t *testing.T) {
	blue := []corev1.Pod{pod("b1", color.Blue, "b"), pod("b2", color.Blue, "b")}
	for name, test := range map[string]struct {
		reason   string
		replicas int32
		pods     []corev1.Pod
		slices   []discoveryv1.EndpointSlice
		served   bool
		alone    bool
		hash     string
	}{
		"All": {
			"as many as promised, beside blue", 2, append(blue, pod("p1", "", "p"), pod("p2", "", "p")),
			[]discoveryv1.EndpointSlice{slice("b1", "b2", "p1", "p2")},
			true, false, "p",
		},
		"Alone": {
			"blue has left the slices", 2, append(blue, pod("p1", "", "p"), pod("p2", "", "p")),
			[]discoveryv1.EndpointSlice{slice("p1", "p2")},
			true, true, "p",
		},
		"OneMissing": {
			"its status may say otherwise", 2, append(blue, pod("p1", "", "p"), pod("p2", "", "p")),
			[]discoveryv1.EndpointSlice{slice("b1", "b2", "p1", "!p2")},
			false, false, "p",
		},
		"BlueHasMore": {
			"blue was scaled up meanwhile", 1, append(blue, pod("p1", "", "p")),
			[]discoveryv1.EndpointSlice{slice("b1", "b2", "p1")},
			false, false, "p",
		},
		"Gone": {
			"a slice names a pod that is not there any more", 2, append(blue, pod("p1", "", "p")),
			[]discoveryv1.EndpointSlice{slice("p1", "p2")},
			false, false, "p",
		},
		"Ending": {
			"a slice names a pod that is being deleted", 2, append(blue, pod("p1", "", "p"), ending(pod("p2", "", "p"))),
			[]discoveryv1.EndpointSlice{slice("p1", "p2")},
			false, false, "p",
		},
		"TwoFamilies": {
			"a pod has an endpoint of each family, and counts once", 2, append(blue, pod("p1", "", "p"), pod("p2", "", "p")),
			[]discoveryv1.EndpointSlice{slice("p1"), slice("p1")},
			false, true, "p",
		},
		"TwoTemplates": {
			"of what is left of an earlier one nobody knows", 2, append(blue, pod("p1", "", "p"), pod("q1", "", "q")),
			[]discoveryv1.EndpointSlice{slice("p1", "q1")},
			true, true, "",
		},
		"NobodyWanted": {
			"nothing was promised and nothing serves", 0, nil, []discoveryv1.EndpointSlice{slice()}, true, true, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := stand(test.pods, test.slices)
			s := &state{
				plain:    &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &test.replicas}},
				services: []*corev1.Service{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}},
				behind:   map[string]*behind{"shop": b},
			}
			assert.Equal(t, test.served, s.served(), test.reason)
			assert.Equal(t, test.alone, s.alone(), test.reason)
			assert.Equal(t, test.hash, b.hash(), test.reason)
		})
	}
}

// TestStrangers holds that a Service keeps its color while it would reach pods of others
// without it.
func TestStrangers(t *testing.T) {
	one := int32(1)
	s := &state{
		plain:    &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &one}},
		services: []*corev1.Service{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}},
		behind:   map[string]*behind{"shop": stand([]corev1.Pod{pod("b1", color.Blue, "b"), pod("p1", "", "p"), ending(pod("x", "", "p"))}, nil)},
	}
	assert.Empty(t, s.strangers("shop"), "what is being deleted becomes no endpoint")
	s.behind["shop"].pods[""]++
	assert.Equal(t, "2 pods without a color stand behind Service shop, and Deployment shop has only 1", s.strangers("shop"))
}
