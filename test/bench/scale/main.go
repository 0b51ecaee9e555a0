// Command scale measures tealgate in a control plane with 5,000 Deployments of three
// containers and 2,500 Services, beside one with nothing but the pair that both have: the
// memory that stays, the reads that a request costs and how long it takes. It prints; it
// judges nothing, because machines are shared and noisy.
//
//	go run ./test/bench/scale
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
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type options struct {
	deployments, services, namespaces int
	// rounds is how often each cluster is asked each question.
	rounds int
}

func main() {
	var o options
	flag.IntVar(&o.deployments, "deployments", 5000, "Deployments of the full control plane")
	flag.IntVar(&o.services, "services", 2500, "Services of the full control plane")
	flag.IntVar(&o.namespaces, "namespaces", 50, "namespaces that they are spread over")
	flag.IntVar(&o.rounds, "rounds", 500, "how often each control plane is asked each question")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/scale:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, o options) (err error) {
	ctx, interrupted := signal.NotifyContext(context.Background(), os.Interrupt)
	defer interrupted()
	dir, err := os.MkdirTemp("", "tealgate-bench-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	empty, err := start(ctx, filepath.Join(dir, "empty"), options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, empty.stop()) }()
	full, err := start(ctx, filepath.Join(dir, "full"), o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, full.stop()) }()
	sides := []*side{empty, full}
	answers, err := measure(ctx, sides, o.rounds)
	if err != nil {
		return err
	}
	tabulate(out, sides, answers)
	return atRest(ctx, out, sides)
}

func tabulate(out io.Writer, sides []*side, answers map[string][]sample) {
	fmt.Fprintln(out, "request                          objects  reads  median    p99")
	for _, question := range questions {
		medians := make([]time.Duration, len(sides))
		for i, side := range sides {
			s := answers[question.name][i]
			slices.Sort(s.took)
			medians[i] = s.took[len(s.took)/2]
			fmt.Fprintf(out, "%-32s %7d  %5s  %6.2f ms  %6.2f ms\n", question.name, side.objects, strings.Join(s.reads, ","),
				milliseconds(medians[i]), milliseconds(s.took[len(s.took)*99/100]))
		}
		fmt.Fprintf(out, "%-32s the full one takes %.2f times the time of the empty one\n", "", float64(medians[1])/float64(medians[0]))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// atRest waits until each tealgate has collected its garbage twice without being asked
// anything. The Go runtime does that after two minutes of rest, and gives the memory
// back meanwhile: nothing is forced, and no setting differs from the defaults.
func atRest(ctx context.Context, out io.Writer, sides []*side) error {
	usages := make([]usage, len(sides))
	group, ctx := errgroup.WithContext(ctx)
	for i, side := range sides {
		group.Go(func() (err error) {
			usages[i], err = side.memory(ctx, 2)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Fprintln(out, "objects  resident memory  live heap")
	for i, u := range usages {
		fmt.Fprintf(out, "%7d  %12d MB  %6d MB\n", sides[i].objects, u.resident>>20, u.heap>>20)
	}
	return nil
}
