package controller

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

const none = color.Color("")

// pods returns pods of one color, named COLOR-0 and so on.
func pods(count int, c string, ready bool) []facts.Pod {
	list := make([]facts.Pod, count)
	for i := range list {
		list[i] = facts.Pod{Name: fmt.Sprintf("%s-%d", c, i), Color: c, Ready: ready}
	}
	return list
}

// around returns facts in which these pods are selected, and these names serve.
func around(selected []facts.Pod, serving ...string) facts.Facts {
	known := facts.None()
	known.Selected.Pods = append(known.Selected.Pods, selected...)
	known.Serving.Pods = append(known.Serving.Pods, serving...)
	known.Serving.Ready = len(serving)
	return known
}

func TestServedColorAndAgain(t *testing.T) {
	const blue = "blue"
	for name, test := range map[string]struct {
		reason string
		known  facts.Facts
		want   color.Color
		again  time.Duration
	}{
		"Nothing": {"no pods yet: a Deployment will come", facts.None(), none, 0},
		"OneColor": {
			"all that serve are blue",
			around(pods(2, blue, true), "blue-0", "blue-1"), color.Blue, 0,
		},
		"NotReadyYet": {
			"a Deployment's status will tell",
			around(pods(2, blue, false)), none, 0,
		},
		"SlicesBehind": {
			"the pods are ready, their endpoints are still to come",
			around(pods(2, blue, true)), none, settle,
		},
		"SomeSlicesBehind": {
			"one that serves is enough, the others join it; no wait is needed then",
			around(pods(2, blue, true), "blue-0"), color.Blue, settle,
		},
		"SecondColorServes": {
			"pinning would take endpoints away",
			around(append(pods(1, blue, true), pods(1, "green", true)...), "blue-0", "green-0"), none, 0,
		},
		"SecondColorReady": {
			"ready and not in the slices yet: it would be cut off",
			around(append(pods(1, blue, true), pods(1, "green", true)...), "blue-0"), none, settle,
		},
		"SecondColorUnready": {
			"no endpoint, and pinning keeps it so",
			around(append(pods(1, blue, true), pods(3, "green", false)...), "blue-0"), color.Blue, 0,
		},
		"ColorlessReady": {
			"it would be cut off; it gets no color by waiting",
			around(append(pods(1, blue, true), pods(1, "", true)...), "blue-0"), none, 0,
		},
		"NoColor": {
			"there is nothing to pin to",
			around(pods(1, "", true), "-0"), none, 0,
		},
		"NoColorOfOurs": {
			"the label has another value",
			around(pods(1, "red", true), "red-0"), none, 0,
		},
		"OtherEndpoints": {
			"an address without a pod would be cut off",
			withEndpoints(around(pods(1, blue, true), "blue-0"), 2), none, 0,
		},
		"OnlyOtherEndpoints": {
			"addresses that somebody wrote by hand",
			withEndpoints(facts.None(), 1), none, 0,
		},
		"UnknownPod": {
			"the slices name a pod that is gone, of a color that nobody knows",
			around(pods(1, blue, true), "blue-0", "blue-9"), none, 0,
		},
		"OnlyUnknownPods": {
			"the slices name pods that are gone",
			around(nil, "blue-8", "blue-9"), none, 0,
		},
		"MorePods": {
			"those that were not read may have the other color",
			truncated(around(pods(1, blue, true), "blue-0"), true, false), none, 0,
		},
		"MoreSlices": {
			"those that were not read may name the other color",
			truncated(around(pods(1, blue, true), "blue-0"), false, true), none, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := servedColor(test.known)
			assert.Equal(t, test.want, got, test.reason)
			assert.Equal(t, test.want != none, ok, test.reason)
			assert.Equal(t, test.again, again(test.known), test.reason)
		})
	}
}

func withEndpoints(known facts.Facts, ready int) facts.Facts {
	known.Serving.Ready = ready
	return known
}

func truncated(known facts.Facts, pods, slices bool) facts.Facts {
	known.Selected.Truncated, known.Serving.Truncated = pods, slices
	return known
}

func TestMayWrite(t *testing.T) {
	for mode, want := range map[string]bool{
		"": false, "audit": false, "warn": true, "enforce": true, "enforced": true, "Audit": true,
	} {
		assert.Equal(t, want, mayWrite(mode), "mode %q", mode)
	}
}

func TestAllUnready(t *testing.T) {
	both := around(append(pods(1, "blue", false), pods(2, "green", false)...))
	for name, test := range map[string]struct {
		known facts.Facts
		want  bool
	}{
		"Both":          {both, true},
		"NoPods":        {facts.None(), false},
		"OneColor":      {around(pods(2, "green", false)), true},
		"ReadyPod":      {around(append(pods(1, "blue", false), pods(1, "green", true)...)), false},
		"ReadyEndpoint": {withEndpoints(both, 1), false},
		"MorePods":      {truncated(both, true, false), false},
		"MoreSlices":    {truncated(both, false, true), false},
		"OneEnds":       {around(append(pods(1, "blue", false), facts.Pod{Name: "green-0", Color: "green", Terminating: true})), true},
		"AllEnd":        {around([]facts.Pod{{Name: "green-0", Color: "green", Terminating: true}}), false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, allUnready(test.known)) })
	}
}
