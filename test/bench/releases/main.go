// Command releases measures what tealgate costs beside 300 BlueGreens that rest, and while 30
// more of them release at the same time: processor time, memory and requests to the API
// server, counted in that one's own log. It prints; it judges nothing, because machines are
// shared and noisy. That nothing is asked about BlueGreens that rest is held by a test.
//
//	go run ./test/bench/releases
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/test/env"
)

type options struct {
	idle, releasing int
	// rest is how long to look at tealgate where nothing happens.
	rest time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.idle, "idle", 300, "BlueGreens that rest")
	flag.IntVar(&o.releasing, "releasing", 30, "BlueGreens that release at the same time")
	flag.DurationVar(&o.rest, "rest", 65*time.Second, "how long to look at tealgate while nothing happens")
	flag.Parse()
	logf.SetLogger(logr.Discard())
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/releases:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, o options) (err error) {
	ctx, interrupted := signal.NotifyContext(context.Background(), os.Interrupt)
	defer interrupted()
	dir, err := os.MkdirTemp("", "tealgate-bench-releases-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "audit.log")
	cluster, err := env.Start(ctx, env.Options{Dir: filepath.Join(dir, "cluster"), AuditLog: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	b := &bench{out: out, options: o, log: log}
	if b.Client, err = newClient(cluster); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("filling the control plane: %w", err)
	}
	if b.tealgate, err = env.InstallTealgate(ctx, cluster, env.TealgateOptions{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.tealgate.Stop()) }()
	return b.measure(ctx)
}

// measure looks at the pairs without BlueGreens, which is the floor, at the same with
// BlueGreens, and at the releases.
func (b *bench) measure(ctx context.Context) error {
	fmt.Fprintf(b.out, "%-26s %6s  %15s  %8s  %6s  %8s\n", "", "time", "processor", "resident", "heap", "requests")
	rest := func(ctx context.Context) error { return pause(ctx, b.rest) }
	if err := pause(ctx, settling); err != nil {
		return err
	}
	if _, err := b.during(ctx, fmt.Sprintf("%d pairs, no BlueGreen", b.idle+b.releasing), rest); err != nil {
		return err
	}
	if _, err := b.during(ctx, "a BlueGreen for each", b.manage); err != nil {
		return fmt.Errorf("creating the BlueGreens: %w", err)
	}
	if _, err := b.during(ctx, fmt.Sprintf("%d BlueGreens rest", b.idle+b.releasing), rest); err != nil {
		return err
	}
	cost, err := b.during(ctx, fmt.Sprintf("%d of them release", b.releasing), b.release)
	if err != nil {
		return err
	}
	b.tabulate(cost)
	return b.switches(ctx)
}

// tabulate prints the requests of one release, most frequent first.
func (b *bench) tabulate(c *cost) {
	fmt.Fprintf(b.out, "\nA release: %.3f s of processor time, %.0f requests:\n", c.processor/float64(b.releasing), float64(c.requests())/float64(b.releasing))
	kinds := make([]string, 0, len(c.asked))
	for kind := range c.asked {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return c.asked[b] - c.asked[a] })
	for _, kind := range kinds {
		fmt.Fprintf(b.out, "  %6.1f  %s\n", float64(c.asked[kind])/float64(b.releasing), kind)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
