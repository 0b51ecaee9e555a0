package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/env"
)

const user = "system:serviceaccount:tealgate-system:tealgate"

// settling is how long to wait until what was begun has come to its end.
const settling = 10 * time.Second

type bench struct {
	client.Client
	options
	out      io.Writer
	tealgate *env.Tealgate
	// log is what the API server says of every request.
	log string
}

// cost is what tealgate took while something happened.
type cost struct {
	processor float64
	// resident is the most that there was, heap what was alive after the last collection, in
	// bytes.
	resident, heap float64
	// asked counts the requests by verb and resource, without the lease and watches.
	asked map[string]int
}

func (c *cost) requests() int {
	sum := 0
	for _, count := range c.asked {
		sum += count
	}
	return sum
}

// during measures tealgate while something runs, and prints it.
func (b *bench) during(ctx context.Context, what string, do func(context.Context) error) (*cost, error) {
	begun := time.Now()
	before, err := b.metrics(ctx, "process_cpu_seconds_total")
	if err != nil {
		return nil, err
	}
	log, err := os.Stat(b.log)
	if err != nil {
		return nil, err
	}
	c := &cost{}
	if err := b.watched(ctx, c, do); err != nil {
		return nil, err
	}
	after, err := b.metrics(ctx, "process_cpu_seconds_total", "go_memstats_next_gc_bytes")
	if err != nil {
		return nil, err
	}
	c.processor, c.heap = after[0]-before[0], after[1]/2 // The next collection comes when twice that is in use.
	if c.asked, err = requests(b.log, log.Size()); err != nil {
		return nil, err
	}
	took := time.Since(begun).Seconds()
	fmt.Fprintf(b.out, "%-26s %4.0f s  %6.2f s %5.2f%%  %5.0f MB  %3.0f MB  %8d\n",
		what, took, c.processor, 100*c.processor/took, c.resident/(1<<20), c.heap/(1<<20), c.requests())
	return c, nil
}

// watched reads the resident memory each second while something runs.
func (b *bench) watched(ctx context.Context, c *cost, do func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	ended := make(chan struct{})
	group.Go(func() error {
		defer close(ended)
		return do(ctx)
	})
	group.Go(func() error {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			now, err := b.metrics(ctx, "process_resident_memory_bytes")
			if err != nil {
				return err
			}
			c.resident = max(c.resident, now[0])
			select {
			case <-ended:
				return nil
			case <-ticker.C:
			}
		}
	})
	return group.Wait()
}

// metrics are those of tealgate that have no labels.
func (b *bench) metrics(ctx context.Context, names ...string) ([]float64, error) {
	text, err := b.tealgate.ReadMetrics(ctx)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(names))
	for i, name := range names {
		_, rest, found := strings.Cut(text, "\n"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		if !found {
			return nil, fmt.Errorf("tealgate has no metric %s", name)
		}
		if values[i], err = strconv.ParseFloat(value, 64); err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
	}
	return values, nil
}

// requests counts what tealgate asked for, from a place in the log on.
func requests(path string, from int64) (map[string]int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	asked := map[string]int{}
	for line := range bytes.Lines(content[from:]) {
		var event struct {
			Verb      string
			User      struct{ Username string }
			ObjectRef struct{ Resource, Subresource string }
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // It is being written.
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		if event.User.Username != user || event.Verb == "watch" || event.ObjectRef.Resource == "leases" {
			continue
		}
		asked[strings.TrimSuffix(event.Verb+" "+event.ObjectRef.Resource+"/"+event.ObjectRef.Subresource, "/")]++
	}
	return asked, nil
}

// switches prints how long the move of the traffic took in each release: from the order to
// slices that hold the new color only.
func (b *bench) switches(ctx context.Context) error {
	var all v1alpha1.BlueGreenList
	if err := b.List(ctx, &all); err != nil {
		return err
	}
	var took []time.Duration
	for i := range all.Items {
		if r := all.Items[i].Status.Release; r != nil {
			took = append(took, r.EndpointsSwitchedTime.Sub(r.MoveTime.Time))
		}
	}
	slices.Sort(took)
	fmt.Fprintf(b.out, "\n%d switches: median %s, longest %s\n", len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	return nil
}
