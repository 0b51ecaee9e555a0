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

// measurer measures beside the reconciles, so that a slow Prometheus holds up no rollback,
// and each value beside the others, so that a slow query holds up no failed one. At most one
// measurement of a value is under way. It is safe for concurrent use.
type measurer struct {
	// address finds the address of a Prometheus server by its name in the settings.
	address func(name string) (string, bool)
	// done is called when a measurement has ended.
	done func(client.ObjectKey)
	now  func() time.Time

	mu      sync.Mutex
	entries map[client.ObjectKey]*measured
	// slots bound how many ask a server at the same time, by its name.
	slots map[string]chan struct{}
}

// measured is what was measured last for a BlueGreen.
type measured struct {
	// occasion is what it was measured for: values of one phase say nothing in another.
	occasion string
	values   map[string]*value
}

// value is the answer to one question.
type value struct {
	busy bool
	// began and ended are when the last measurement did.
	began, ended time.Time
	sample       release.Sample
}

func newMeasurer(address func(string) (string, bool), done func(client.ObjectKey), now func() time.Time) *measurer {
	return &measurer{
		address: address, done: done, now: now,
		entries: map[client.ObjectKey]*measured{}, slots: map[string]chan struct{}{},
	}
}

const (
	// stale is after how many intervals, beside the time that an answer may take, a value says
	// nothing any more: hours without a look must not pass for data.
	stale = 3
	// queriesAtOnce is how many queries a server gets at the same time: when tealgate starts,
	// every BlueGreen has some.
	queriesAtOnce = 8
)

// pace is how often to measure.
type pace struct {
	// interval is after how long a value is measured again, when somebody asks for it.
	interval time.Duration
	// trouble is after how long a query that does not run is put again although nobody asks.
	// Nobody is told before the answer is another one. Zero is never.
	trouble time.Duration
}

// latest returns what is known for an occasion, and begins to measure again what is older
// than the interval. What is much older is not known. It never waits.
func (m *measurer) latest(ctx context.Context, key client.ObjectKey, occasion string, pace pace, ask []question) map[string]release.Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	entry := m.entries[key]
	if entry == nil || entry.occasion != occasion {
		entry = &measured{occasion: occasion, values: map[string]*value{}}
		m.entries[key] = entry
	}
	now := m.now()
	known := map[string]release.Sample{}
	for _, q := range ask {
		v := entry.values[q.name]
		if v == nil {
			v = &value{}
			entry.values[q.name] = v
		}
		if !v.busy && now.Sub(v.began) >= pace.interval {
			v.busy, v.began = true, now
			go m.measure(context.WithoutCancel(ctx), key, v, q, pace.trouble)
		}
		if now.Sub(v.ended) <= stale*pace.interval+signals.Timeout {
			known[q.name] = v.sample
		}
	}
	return known
}

// forget drops what is known of a BlueGreen that is gone or idle.
func (m *measurer) forget(key client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// measure answers one question. It has its own deadline, once it is its turn. With an again
// it goes on for as long as the query does not run, and tells of each other answer.
func (m *measurer) measure(ctx context.Context, key client.ObjectKey, v *value, q question, again time.Duration) {
	sample := m.one(ctx, q)
	runs := sample.Trouble == "" || sample.Trouble == signals.NoData
	m.mu.Lock()
	same := again > 0 && !v.ended.IsZero() && sample.Trouble == v.sample.Trouble
	v.sample, v.ended, v.busy = sample, m.now(), false
	m.mu.Unlock()
	if again > 0 && !runs {
		time.AfterFunc(again, func() { m.once(ctx, key, v, q, again) })
	}
	if !same {
		m.done(key)
	}
}

// once puts a query again, if its value still counts and nobody else does.
func (m *measurer) once(ctx context.Context, key client.ObjectKey, v *value, q question, again time.Duration) {
	m.mu.Lock()
	entry := m.entries[key]
	due := entry != nil && entry.values[q.name] == v && !v.busy && m.now().Sub(v.began) >= again
	if due {
		v.busy, v.began = true, m.now()
	}
	m.mu.Unlock()
	if due {
		m.measure(ctx, key, v, q, again)
	}
}

func (m *measurer) one(ctx context.Context, q question) release.Sample {
	address, known := m.address(q.server)
	if !known {
		return release.Sample{Trouble: fmt.Sprintf("the settings name no Prometheus %s", q.server)}
	}
	server, err := signals.NewServer(address)
	if err != nil {
		return release.Sample{Trouble: err.Error()}
	}
	slot := m.slot(q.server)
	slot <- struct{}{}
	defer func() { <-slot }()
	return server.Measure(ctx, q.query, q.count, m.now())
}

func (m *measurer) slot(server string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.slots[server] == nil {
		m.slots[server] = make(chan struct{}, queriesAtOnce)
	}
	return m.slots[server]
}
