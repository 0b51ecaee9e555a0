package desk

import (
	"fmt"
	"strings"
	"time"
)

// clock is a time of day in the place of now, with the day if that is another.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("Jan 2 15:04")
}

// took is a duration as people say it: short ones to the millisecond, long ones to the minute.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Hour:
		return short(d.Round(time.Second).String())
	case d < 48*time.Hour:
		return short(d.Round(time.Minute).String())
	default:
		return fmt.Sprintf("%.1fd", d.Hours()/24)
	}
}

// between is how long it took from one time to another, "" if one of them is not known.
func between(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return took(to.Sub(from))
}

// short is 2h for 2h0m0s.
func short(text string) string {
	for _, nothing := range []struct{ end, stays string }{{"m0s", "m"}, {"h0m", "h"}} {
		if rest, found := strings.CutSuffix(text, nothing.end); found {
			text = rest + nothing.stays
		}
	}
	return text
}
