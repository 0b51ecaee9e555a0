package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// What the full control plane must not exceed.
const (
	// maxResident is in bytes, after a collection.
	maxResident = 150e6
	// maxRatio is what a median may be of that in the empty one.
	maxRatio = 1.10
)

// tabulate prints what was measured of requests, and says what is out of bounds.
func tabulate(out io.Writer, sides []*side, answers map[string][]sample) error {
	var exceeded []error
	fmt.Fprintln(out, "request                          objects  reads  median    p99")
	for _, question := range questions {
		medians := make([]time.Duration, len(sides))
		reads := make([]string, len(sides))
		for i, side := range sides {
			s := answers[question.name][i]
			slices.Sort(s.took)
			medians[i], reads[i] = s.took[len(s.took)/2], strings.Join(s.reads, ",")
			fmt.Fprintf(out, "%-32s %7d  %5s  %6.2f ms  %6.2f ms\n", question.name, side.objects, reads[i],
				milliseconds(medians[i]), milliseconds(s.took[len(s.took)*99/100]))
		}
		ratio := float64(medians[1]) / float64(medians[0])
		fmt.Fprintf(out, "%-32s the full one takes %.2f times the time of the empty one\n", "", ratio)
		if ratio > maxRatio && !question.floor {
			exceeded = append(exceeded, fmt.Errorf("%s: the median is %.2f times that in the empty one, more than %.2f", question.name, ratio, maxRatio))
		}
		if reads[0] != reads[1] {
			exceeded = append(exceeded, fmt.Errorf("%s: %s reads, and %s in the empty one", question.name, reads[1], reads[0]))
		}
	}
	return errors.Join(exceeded...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// atRest waits until each tealgate has collected its garbage twice without being asked
// anything. The Go runtime does that after two minutes of rest, and gives the memory
// back meanwhile: nothing is forced, and no setting differs from the defaults.
func atRest(ctx context.Context, sides []*side) ([]usage, error) {
	usages := make([]usage, len(sides))
	group, ctx := errgroup.WithContext(ctx)
	for i, side := range sides {
		group.Go(func() (err error) {
			usages[i], err = side.memory(ctx, 2)
			return err
		})
	}
	return usages, group.Wait()
}

// weigh prints what is held, and says what is out of bounds.
func weigh(out io.Writer, sides []*side, usages []usage) error {
	fmt.Fprintln(out, "objects  resident memory  live heap, in MB of 10^6 bytes")
	for i, u := range usages {
		fmt.Fprintf(out, "%7d  %15.0f  %9.0f\n", sides[i].objects, float64(u.resident)/1e6, float64(u.heap)/1e6)
	}
	if most := usages[len(usages)-1].resident; most > maxResident {
		return fmt.Errorf("%.0f MB resident, more than %.0f", float64(most)/1e6, maxResident/1e6)
	}
	return nil
}
