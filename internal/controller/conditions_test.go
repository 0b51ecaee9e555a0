package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// TestConditions: what kstatus reads. Reconciling is in progress, Stalled has failed, Ready is
// done; at most one of them is true, and none while what is live does not serve.
func TestConditions(t *testing.T) {
	const nobody = "nobody has to do anything about it"
	watching := release.State{Phase: release.Watching, Release: &release.Release{Name: "shop-1", Version: "1.5.0", To: "green"}}
	back := watching
	back.Phase = release.RollingBack
	rests := release.State{Phase: release.Idle, Live: "green", Release: &release.Release{Name: "shop-1", Outcome: release.Aborted}}
	for name, test := range map[string]struct {
		plan release.Plan
		// true is the condition that holds, reason and message are those of Ready.
		true, reason, message string
		stalled               string
	}{
		"NotSeen":  {release.Plan{Reason: "NoLiveColor", Message: "there is no Service", Stalled: true}, "Stalled", "NoLiveColor", "there is no Service", "there is no Service"},
		"Rests":    {release.Plan{State: rests, Reason: "Idle", Message: "green is live with 1.5.0"}, "Ready", "Idle", "green is live", nobody},
		"Watching": {release.Plan{State: watching, Reason: "Watching", Message: "all is well so far"}, "Reconciling", "Watching", "shop-1 brings 1.5.0 to green", nobody},
		"NotBack": {
			release.Plan{State: back, Reason: "RollbackDeadline", Message: "not rolled back", Stalled: true},
			"Stalled", "RollbackDeadline", "not rolled back", "not rolled back",
		},
		"GivenUp": {
			release.Plan{State: rests, Reason: "NoReadyPods", Message: "no ready pod", Stalled: true, Unready: true},
			"Stalled", "NoReadyPods", "no ready pod", "no ready pod",
		},
		"NoPodsYet": {release.Plan{State: rests, Reason: "NoReadyPods", Message: "no ready pod", Unready: true}, "", "NoReadyPods", "no ready pod", nobody},
	} {
		t.Run(name, func(t *testing.T) {
			bg := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
			writeConditions(bg, &test.plan)
			for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
				c := meta.FindStatusCondition(bg.Status.Conditions, kind)
				assert.Equal(t, kind == test.true, c.Status == metav1.ConditionTrue, kind)
				assert.Equal(t, int64(7), c.ObservedGeneration, kind)
			}
			ready := meta.FindStatusCondition(bg.Status.Conditions, v1alpha1.ConditionReady)
			assert.Equal(t, test.reason, ready.Reason)
			assert.Equal(t, test.message, ready.Message)
			assert.Equal(t, test.stalled, meta.FindStatusCondition(bg.Status.Conditions, v1alpha1.ConditionStalled).Message)
			assert.Equal(t, test.plan.Stalled, bg.Status.Waiting.Stalled)
		})
	}
}
