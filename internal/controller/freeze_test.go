package controller

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// TestFreeze: who was held up is woken when the freeze is over, once, and nobody else. That
// nothing is asked of the API server meanwhile is held by test/integration.
func TestFreeze(t *testing.T) {
	var frozen atomic.Bool
	var woken []string
	f := newFreeze(frozen.Load, func(key client.ObjectKey) { woken = append(woken, key.Name) })

	assert.False(t, f.holds(client.ObjectKey{Name: "before"}))
	frozen.Store(true)
	assert.True(t, f.holds(client.ObjectKey{Name: "shop"}))
	assert.True(t, f.holds(client.ObjectKey{Name: "shop"}))
	f.thaw()
	assert.Empty(t, woken, "it is frozen still")
	frozen.Store(false)
	f.thaw()
	f.thaw()
	assert.Equal(t, []string{"shop"}, woken)

	frozen.Store(true)
	f.holds(client.ObjectKey{Name: "cart"})
	frozen.Store(false)
	f.thaw()
	assert.Equal(t, []string{"shop", "cart"}, woken, "the next freeze begins anew")
}

// TestKnowing: nobody acts on settings that were not read yet, which may say that all is frozen.
func TestKnowing(t *testing.T) {
	missing := errors.New("not yet")
	seen := 0
	r := knowing(func() error { return missing }, reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		seen++
		return reconcile.Result{}, nil
	}))
	result, err := r.Reconcile(t.Context(), reconcile.Request{})
	require.NoError(t, err)
	assert.Equal(t, reconcile.Result{RequeueAfter: minBackoff}, result)
	assert.Zero(t, seen)
	missing = nil
	_, err = r.Reconcile(t.Context(), reconcile.Request{})
	require.NoError(t, err)
	assert.Equal(t, 1, seen)
}
