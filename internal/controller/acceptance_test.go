package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// TestAcceptance: the conditions say what is, before a release and while one is on its way.
func TestAcceptance(t *testing.T) {
	for name, test := range map[string]struct {
		accepted         acceptance
		phase            v1alpha1.Phase
		refused          bool
		accept, conflict bool
	}{
		"Well":            {acceptance{enforced: true}, v1alpha1.PhaseIdle, false, true, false},
		"NotEnforced":     {acceptance{}, "", true, false, false},
		"NotEnforcedLate": {acceptance{}, v1alpha1.PhaseWatching, false, false, false},
		"Older":           {acceptance{enforced: true, conflict: "Service shop belongs to BlueGreen old, which is older"}, v1alpha1.PhaseIdle, true, true, true},
		"OlderLate":       {acceptance{enforced: true, conflict: "Service shop belongs to BlueGreen old, which is older"}, v1alpha1.PhaseRollingBack, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			bg := &v1alpha1.BlueGreen{Status: v1alpha1.BlueGreenStatus{Phase: test.phase}}
			// What was written before does not stay.
			acceptance{enforced: !test.accept, conflict: "no more"}.write(bg)
			test.accepted.write(bg)
			assert.Equal(t, test.refused, test.accepted.refuses(bg))
			assert.Equal(t, test.accept, meta.IsStatusConditionTrue(bg.Status.Conditions, v1alpha1.ConditionAccepted))
			assert.Equal(t, test.conflict, meta.IsStatusConditionTrue(bg.Status.Conditions, v1alpha1.ConditionConflict))
		})
	}
}
