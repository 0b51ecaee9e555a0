package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// TestLeaderDies: the replica that leads is killed while a release is watched, and then green
// breaks. The other one takes over when the lease has run out, which docs/rollback.md states,
// and rolls back.
func TestLeaderDies(t *testing.T) {
	w := solitary(t)
	s := open(t, w.cluster, "leader-dies", change(unasked))
	other, err := w.tealgate.Replica(t.Context())
	require.NoError(t, err)
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			require.NoError(t, other.Stop())
		}
	})
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseWatching)
	s.serves(color.Green, 3)
	before := s.lease()
	assert.Equal(t, int32(15), *before.Spec.LeaseDurationSeconds, "as docs/rollback.md says")

	w.kill(t)
	t.Cleanup(func() {
		// Before the killed one is there again: it must not meet another leader.
		stopped = true
		require.NoError(t, other.Stop())
	})
	died := time.Now()
	s.says(color.Green, 3, env.AnnotationReady, "false")
	t.Logf("%s from the death of the leader to blue in the slices", s.serves(color.Blue, 3).Sub(died))
	assert.Equal(t, "green has no ready pod behind Service shop", s.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message)
	assert.NotEqual(t, *before.Spec.HolderIdentity, *s.lease().Spec.HolderIdentity, "the other one leads")
}

// lease is that of tealgate's leader.
func (s *pair) lease() *coordinationv1.Lease {
	s.t.Helper()
	lease := &coordinationv1.Lease{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: v1alpha1.Namespace, Name: "tealgate-leader"}, lease))
	return lease
}
