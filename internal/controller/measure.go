package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
)

// question is one value to measure, its templates filled in.
type question struct {
	name string
	// server is the name of a Prometheus in the settings.
	server, query, count string
}

// measurer measures beside the reconciles, so that a slow Prometheus holds up no rollback.
// At most one measurement for an occasion is under way. It is safe for concurrent use.
type measurer struct {
	// address finds the address of a Prometheus server by its name in the settings.
	address func(name string) (string, bool)
	// done is called when a measurement has ended.
	done func(client.ObjectKey)
	now  func() time.Time

	mu      sync.Mutex
	entries map[client.ObjectKey]*measured
}

// measured is what was measured last for a BlueGreen.
type measured struct {
	// occasion is what it was measured for: values of one phase say nothing in another.
	occasion string
	busy     bool
	// began and ended are when the last measurement did.
	began, ended time.Time
	samples      map[string]release.Sample
}

func newMeasurer(address func(string) (string, bool), done func(client.ObjectKey), now func() time.Time) *measurer {
	return &measurer{address: address, done: done, now: now, entries: map[client.ObjectKey]*measured{}}
}

// stale is after how many intervals a value says nothing any more: a server that hangs, or
// hours without a look, must not pass for data.
const stale = 3

// latest returns what is known for an occasion, and begins to measure again when that is
// older than interval. What is much older is not known. It never waits.
func (m *measurer) latest(ctx context.Context, key client.ObjectKey, occasion string, interval time.Duration, ask []question) map[string]release.Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	entry := m.entries[key]
	if entry == nil || entry.occasion != occasion {
		entry = &measured{occasion: occasion}
		m.entries[key] = entry
	}
	now := m.now()
	if !entry.busy && now.Sub(entry.began) >= interval && len(ask) > 0 {
		entry.busy, entry.began = true, now
		go m.measure(context.WithoutCancel(ctx), key, entry, ask, now)
	}
	if now.Sub(entry.ended) > stale*interval {
		return nil
	}
	return entry.samples
}

// forget drops what is known of a BlueGreen that is gone or idle.
func (m *measurer) forget(key client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// measure asks one server after the other. Each question has its own deadline.
func (m *measurer) measure(ctx context.Context, key client.ObjectKey, entry *measured, ask []question, at time.Time) {
	samples := map[string]release.Sample{}
	for _, q := range ask {
		samples[q.name] = m.one(ctx, q, at)
	}
	m.mu.Lock()
	entry.samples, entry.ended, entry.busy = samples, m.now(), false
	m.mu.Unlock()
	m.done(key)
}

func (m *measurer) one(ctx context.Context, q question, at time.Time) release.Sample {
	address, known := m.address(q.server)
	if !known {
		return release.Sample{Trouble: fmt.Sprintf("the settings name no Prometheus %s", q.server)}
	}
	server, err := signals.NewServer(address)
	if err != nil {
		return release.Sample{Trouble: err.Error()}
	}
	return server.Measure(ctx, q.query, q.count, at)
}
