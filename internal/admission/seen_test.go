package admission

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/facts"
)

func TestSeen(t *testing.T) {
	pods := []facts.Pod{{Name: "a", Ready: true}, {Name: "b"}, {Name: "c", Ready: true}}
	for name, test := range map[string]struct {
		reason string
		facts  facts.Facts
		want   string
	}{
		"Nothing": {"what was not read was not judged by", facts.None(), ""},
		"Switch": {
			"both lists, each with its own resourceVersion",
			facts.Facts{
				Selected: facts.Selected{Pods: pods, ResourceVersion: "41"}, Serving: facts.Serving{Ready: 2, ResourceVersion: "42"},
			},
			"selected 2 of 3 pods ready at 41; serving 2 ready at 42",
		},
		"New": {"nothing serves yet", facts.Facts{Selected: facts.Selected{ResourceVersion: "41"}}, "selected 0 of 0 pods ready at 41"},
		"RoutesNowhere": {
			"a Service without a selector", facts.Facts{Serving: facts.Serving{Ready: 1, ResourceVersion: "42"}}, "serving 1 ready at 42",
		},
		"Truncated": {
			"numbers are those of what was read",
			facts.Facts{
				Selected: facts.Selected{Pods: pods, Truncated: true, ResourceVersion: "41"},
				Serving:  facts.Serving{Ready: 2, Truncated: true, ResourceVersion: "42"},
			},
			"selected 2 of 3 or more pods ready at 41; serving 2 or more ready at 42",
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, seen(test.facts), test.reason) })
	}
}
