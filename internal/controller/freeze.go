package controller

import (
	"context"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// thawInterval is how often to look whether a freeze is over.
const thawInterval = time.Second

// freeze knows which BlueGreens were held up while releases were frozen in the whole cluster,
// and wakes them once that is over: the settings tell nobody. It asks nothing of the API
// server. It is safe for concurrent use.
type freeze struct {
	frozen func() bool
	again  func(client.ObjectKey)

	mu   sync.Mutex
	held map[client.ObjectKey]struct{}
}

func newFreeze(frozen func() bool, again func(client.ObjectKey)) *freeze {
	return &freeze{frozen: frozen, again: again, held: map[client.ObjectKey]struct{}{}}
}

// holds says whether releases are frozen. A BlueGreen that was told so is woken afterwards.
func (f *freeze) holds(key client.ObjectKey) bool {
	if !f.frozen() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held[key] = struct{}{}
	return true
}

// Start wakes who was held up, whenever a freeze has ended, until ctx ends. It implements
// manager.Runnable, on the leader.
func (f *freeze) Start(ctx context.Context) error {
	ticker := time.NewTicker(thawInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			f.thaw()
		}
	}
}

func (f *freeze) thaw() {
	if f.frozen() {
		return
	}
	f.mu.Lock()
	held := f.held
	f.held = map[client.ObjectKey]struct{}{}
	f.mu.Unlock()
	for key := range held {
		f.again(key)
	}
}

// knowing holds reconciles back until the settings were read: a freeze counts from the first
// moment, also after a restart.
func knowing(ready func() error, next reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		if ready() != nil {
			return reconcile.Result{RequeueAfter: minBackoff}, nil
		}
		return next.Reconcile(ctx, request)
	})
}
