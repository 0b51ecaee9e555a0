package facts

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

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
