package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
)

func TestSwitchOf(t *testing.T) {
	of := func(pairs ...string) *corev1.Service {
		selector := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			selector[pairs[i]] = pairs[i+1]
		}
		return service(selector)
	}
	const key = "tealgate.dev/color"
	external := of("app", "shop", key, "green")
	external.Spec.Type = corev1.ServiceTypeExternalName
	for name, test := range map[string]struct {
		reason   string
		old, new *corev1.Service
		want     bool
	}{
		"Switch":       {"nothing but the color", of("app", "shop", key, "blue"), of("app", "shop", key, "green"), true},
		"OnlyAColor":   {"a selector of nothing else", of(key, "blue"), of(key, "green"), true},
		"Same":         {"the color stays", of("app", "shop", key, "blue"), of("app", "shop", key, "blue"), false},
		"AnotherApp":   {"going back would be to another application", of("app", "web", key, "blue"), of("app", "shop", key, "green"), false},
		"OneKeyMore":   {"the same", of("app", "shop", key, "blue"), of("app", "shop", "tier", "web", key, "green"), false},
		"Pinned":       {"it had no color to go back to", of("app", "shop"), of("app", "shop", key, "green"), false},
		"Unpinned":     {"it goes to no color", of("app", "shop", key, "blue"), of("app", "shop"), false},
		"UnknownColor": {"red is none", of("app", "shop", key, "red"), of("app", "shop", key, "green"), false},
		"ExternalName": {"its selector means nothing", of("app", "shop", key, "blue"), external, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, isSwitch(test.new, test.old), test.reason)
		})
	}
}

func TestSwitchRecord(t *testing.T) {
	ready := func(version string) Pod { return Pod{Version: version, Ready: true} }
	failing := func(version string) Pod { return Pod{Version: version} }
	ending := func(version string) Pod { return Pod{Version: version, Terminating: true} }
	for name, test := range map[string]struct {
		reason            string
		leaving, selected []Pod
		truncated         bool
		want              string
	}{
		"OneVersionEach":   {reason: "as it should be", leaving: []Pod{ready("1.4.0"), ready("1.4.0")}, selected: []Pod{ready("1.5.0")}, want: "from blue 1.4.0 to green 1.5.0"},
		"HalfRolledOut":    {reason: "what is ready carried the traffic", leaving: []Pod{ready("1.4.0"), failing("1.4.1"), ending("1.3.0")}, selected: []Pod{ready("1.5.0")}, want: "from blue 1.4.0 to green 1.5.0"},
		"TwoVersionsLeft":  {reason: "nobody could tell what to go back to", leaving: []Pod{ready("1.4.0"), ready("1.4.1")}, selected: []Pod{ready("1.5.0")}},
		"NoVersionLeft":    {reason: "the same", leaving: []Pod{ready("1.4.0"), ready("")}, selected: []Pod{ready("1.5.0")}},
		"NothingReadyLeft": {reason: "there is nothing to go back to", leaving: []Pod{failing("1.4.0")}, selected: []Pod{ready("1.5.0")}},
		"NothingLeft":      {reason: "the same", selected: []Pod{ready("1.5.0")}},
		"NotReadyYet":      {reason: "with break-glass, say", leaving: []Pod{ready("1.4.0")}, selected: []Pod{failing("1.5.0"), ending("1.3.0")}, want: "from blue 1.4.0 to green 1.5.0"},
		"TwoVersionsTaken": {reason: "the way back is known all the same", leaving: []Pod{ready("1.4.0")}, selected: []Pod{ready("1.5.0"), ready("1.5.1")}, want: "from blue 1.4.0 to green"},
		"NothingTaken":     {reason: "the same", leaving: []Pod{ready("1.4.0")}, want: "from blue 1.4.0 to green"},
		"TooMany":          {reason: "not all were read", leaving: []Pod{ready("1.4.0")}, selected: []Pod{ready("1.5.0")}, truncated: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := switchRecord(color.Blue, color.Green, Selected{Pods: test.leaving, Truncated: test.truncated}, Selected{Pods: test.selected, Truncated: test.truncated})
			assert.Equal(t, test.want, got, test.reason)
		})
	}
}

// podList answers lists of pods by their labels, up to the limit, and of nothing else.
type podList struct {
	client.Reader

	pods  []corev1.Pod
	reads int
}

func (r *podList) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	r.reads++
	pods, ok := list.(*corev1.PodList)
	if !ok {
		return nil
	}
	asked := (&client.ListOptions{}).ApplyOptions(options)
	for _, pod := range r.pods {
		if !asked.LabelSelector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if len(pods.Items) == int(asked.Limit) {
			pods.Continue = "more"
			break
		}
		pods.Items = append(pods.Items, pod)
	}
	return nil
}

// TestForServiceReads holds which pods a Service is judged by, and in how many reads.
func TestForServiceReads(t *testing.T) {
	of := func(c string) *corev1.Service { return new(shop(c)) }
	for name, test := range map[string]struct {
		reason       string
		service, old *corev1.Service
		blue, green  int
		// selected, leaving and beside count pods.
		selected, leaving, beside int
		truncated                 bool
		reads                     int
	}{
		"Switch":       {"pods of both colors at once, and the slices", of("green"), of("blue"), 3, 2, 2, 3, 0, false, 2},
		"SwitchOfMany": {"one color's number keeps the other from nothing", of("green"), of("blue"), 4*maxPods + 1, 2, 2, 4 * maxPods, 0, false, 3},
		"SwitchToMany": {"too many to know", of("green"), of("blue"), 1, 2*maxPods + 1, 2*maxPods + 1, 1, 0, false, 2},
		"Kept":         {"its own pods, and the slices", of("blue"), of("blue"), 3, 2, 3, 0, 0, false, 2},
		"New":          {"both colors at once: it is new to both", of("green"), nil, 3, 2, 2, 0, 3, false, 1},
		"NewWithout":   {"its pods, and the Deployments behind it", of(""), nil, 3, 2, 5, 0, 0, false, 2},
		"KeptWithout":  {"its pods, and the slices", of(""), of(""), maxPods, 2, maxPods, 0, 0, true, 2},
		"SwitchOfAll":  {"neither is known", of("green"), of("blue"), 4 * maxPods, 2*maxPods + 1, 2 * maxPods, 4 * maxPods, 0, true, 3},
	} {
		t.Run(name, func(t *testing.T) {
			live := &podList{}
			for c, count := range map[string]int{"blue": test.blue, "green": test.green} {
				for i := range count {
					live.pods = append(live.pods, corev1.Pod{
						ObjectMeta: metav1.ObjectMeta{
							Name: fmt.Sprintf("%s-%d", c, i), Labels: map[string]string{"app": "shop", "tealgate.dev/color": c},
						},
						Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
					})
				}
			}
			// The API server lists by name.
			slices.SortStableFunc(live.pods, func(a, b corev1.Pod) int {
				return strings.Compare(a.Labels["tealgate.dev/color"], b.Labels["tealgate.dev/color"])
			})
			got, err := New(Options{Live: live}).ForService(t.Context(), test.service, test.old)
			require.NoError(t, err)
			assert.Len(t, got.Selected.Pods, test.selected, test.reason)
			assert.Equal(t, test.truncated, got.Selected.Truncated)
			assert.Len(t, got.Leaving.Pods, test.leaving)
			assert.Equal(t, test.beside, got.Beside)
			assert.Equal(t, test.reads, live.reads, "live reads")
		})
	}
}
