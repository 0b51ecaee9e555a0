package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// figures are those by which teams compare how they release (dora.dev), over the releases
// that a BlueGreen remembers. Lead time begins with the release: tealgate knows no commits.
type figures struct {
	// ended are the releases with an outcome, moved those that moved traffic, failed those
	// of them that had to go back.
	ended, moved, failed int
	// span is from the first of them to the last.
	span          time.Duration
	lead, restore []time.Duration
}

func figuresOf(releases []v1alpha1.ReleaseSummary) figures {
	var f figures
	var first, last time.Time
	for i := range releases {
		r := &releases[i]
		if r.Outcome == "" {
			continue
		}
		f.ended++
		if first.IsZero() || r.StartTime.Time.Before(first) {
			first = r.StartTime.Time
		}
		if r.EndTime.After(last) {
			last = r.EndTime.Time
		}
		moved := r.EndpointsSwitchedTime.Time
		if moved.IsZero() {
			continue
		}
		f.moved++
		f.lead = append(f.lead, moved.Sub(r.StartTime.Time))
		if r.Outcome == v1alpha1.OutcomeRolledBack {
			f.failed++
			if !r.EndpointsRestoredTime.IsZero() {
				f.restore = append(f.restore, r.EndpointsRestoredTime.Sub(moved))
			}
		}
	}
	f.span = last.Sub(first)
	return f
}

// median is the middle one, "" of none.
func median(all []time.Duration) string {
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	middle := all[len(all)/2]
	if len(all)%2 == 0 {
		middle = (middle + all[len(all)/2-1]) / 2
	}
	return took(middle)
}

func (w *paper) figures() {
	f := figuresOf(Releases(w.BlueGreen))
	if f.ended == 0 {
		return
	}
	frequency, failures := "", ""
	if f.moved > 1 {
		frequency = fmt.Sprintf(w.words.everySoOften, f.moved, took(f.span), took(f.span/time.Duration(f.moved)))
	}
	if f.moved > 0 {
		failures = fmt.Sprintf(w.words.share, f.failed, f.moved, 100*f.failed/f.moved)
	}
	w.rows(fmt.Sprintf(w.words.figures, f.ended), nil, [][]string{
		{w.words.frequency, frequency},
		{w.words.leadTime, median(f.lead)},
		{w.words.failureRate, failures},
		{w.words.restoreTime, median(f.restore)},
	})
}
