// Command scale measures tealgate in a control plane with 5,000 Deployments of three
// containers and 2,500 Services, beside one with nothing but the pair that both have: the
// memory that stays, the reads that a request costs and how long it takes. It prints all of
// it and fails where one is out of bounds: the resident memory, in MB of 10^6 bytes; reads,
// which must be equal; and medians, whose ratio is that of one run, asked in turn.
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
	usages, err := atRest(ctx, sides)
	if err != nil {
		return err
	}
	return errors.Join(tabulate(out, sides, answers), weigh(out, sides, usages))
}
