package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

func TestForgotten(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	status := v1alpha1.BlueGreenStatus{
		Release: &v1alpha1.Release{Name: "shop-17", StartTime: micro(began)},
		History: []v1alpha1.ReleaseSummary{{Name: "shop-16"}, {Name: "shop-7"}},
	}
	for name, test := range map[string]struct {
		reason  string
		release string
		at      time.Time
		want    bool
	}{
		"Present":    {"it is what is decided on", "shop-17", began.Add(-time.Second), false},
		"Remembered": {"a report of it can be written", "shop-7", began.Add(-time.Hour), false},
		"Old":        {"its release has left the history", "shop-6", began.Add(-time.Hour), true},
		"NeverWas":   {"no release to come has heard it: it is older", "shop-99", began.Add(-time.Hour), true},
		"New":        {"the status that was read may be older than the release it is about", "shop-18", began.Add(time.Second), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &v1alpha1.Decision{Spec: v1alpha1.DecisionSpec{BlueGreen: "shop", Release: test.release}}
			d.CreationTimestamp = metav1.NewTime(test.at.Truncate(time.Second))
			assert.Equal(t, test.want, forgotten(d, &status), test.reason)
			assert.False(t, forgotten(d, &v1alpha1.BlueGreenStatus{}), "a lost status knows nothing")
		})
	}
}

// TestDecisionResultsAreBounded: whoever says a lot does not make the status too big to write.
func TestDecisionResultsAreBounded(t *testing.T) {
	o := &release.Observation{State: release.State{Release: &release.Release{}}}
	for range maxPages * maxDecisions {
		o.Decisions = append(o.Decisions, release.Decision{Release: "shop-1", Verdict: release.NoGo})
	}
	assert.Len(t, decisionResults(&v1alpha1.Release{Name: "shop-1"}, o, time.Time{}), maxWords)
}

// TestWhoCountsIsKept: no crowd of one person's words hides another person's.
func TestWhoCountsIsKept(t *testing.T) {
	var list []v1alpha1.DecisionStatus
	for range 10 * maxWords {
		list = append(list, v1alpha1.DecisionStatus{Verdict: v1alpha1.VerdictGo, By: "lee"})
	}
	list = append(list, v1alpha1.DecisionStatus{Verdict: v1alpha1.VerdictGo, By: "mia"}, v1alpha1.DecisionStatus{Verdict: v1alpha1.VerdictNoGo, By: "lee"})
	kept := fewest(list)
	assert.Len(t, kept, maxWords)
	assert.Equal(t, []v1alpha1.DecisionStatus{list[0], list[len(list)-2], list[len(list)-1]}, kept[:3])
	assert.Equal(t, list[:3], fewest(list[:3]))
}
