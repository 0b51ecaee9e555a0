//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

const (
	// Two applications beside each other, because most of the time is waiting.
	loadedApps   = 2
	loadedRounds = 25
	// loadedRate is in requests a second, for each of the applications.
	loadedRate = 100
	// loadedTimeout is how long clients wait for an answer.
	loadedTimeout = 5 * time.Second

	// proxyPeriod is how long kube-proxy may take to follow the endpoints.
	proxyPeriod = 2 * time.Second
)

// move is one switch of live traffic, there or back.
type move struct {
	from, to color.Color
	// decided is when a person said so, reached when all endpoints were of the new color.
	decided, reached time.Time
}

// underLoad: people switch to green and back to blue, over and over, while clients send
// requests. None fails, and the old color gets no new connection once the proxies had
// their time.
func underLoad(t *testing.T, c *cluster) {
	c.install(t)
	figures := make([]loaded, loadedApps)
	t.Run("Apps", func(t *testing.T) {
		for i := range loadedApps {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				name := fmt.Sprintf("under-load-%d", i+1)
				c.enforce(t, name)
				a := c.open(t, name, "under_load.yaml")
				a.phase(0, v1alpha1.PhaseIdle)
				figures[i] = a.playUnderLoad()
			})
		}
	})
	if t.Failed() {
		return
	}
	all := loaded{}
	for _, one := range figures {
		all.moves = append(all.moves, one.moves...)
		all.answers = append(all.answers, one.answers...)
		all.follow = append(all.follow, one.follow...)
	}
	t.Logf("%d switches and rollbacks, %d requests (%d on connections of their own), %d failed",
		len(all.moves), len(all.answers), count(all.answers, func(a answer) bool { return a.Fresh }), len(failures(t, all.answers)))
	for _, to := range []color.Color{color.Green, color.Blue} {
		t.Logf("to %s, from the Decision until all endpoints are of it: %s", to, spread(all.to(to), func(m move) time.Duration { return m.reached.Sub(m.decided) }))
	}
	t.Logf("from then until the last new connection that the old color answered: %s", spread(all.follow, func(d time.Duration) time.Duration { return d }))
	t.Logf("latency: %s", spread(all.answers, func(a answer) time.Duration { return a.Latency }))
}

// loaded is what came of one application.
type loaded struct {
	moves   []move
	answers []answer
	follow  []time.Duration
}

func (l loaded) to(c color.Color) []move {
	return slices.DeleteFunc(slices.Clone(l.moves), func(m move) bool { return m.to != c })
}

func (a *app) playUnderLoad() loaded {
	load := a.startLoad(loadedRate, loadedTimeout)
	var moves []move
	for round := range loadedRounds {
		moves = append(moves, a.thereAndBack(int64(round)+1)...)
	}
	result := loaded{moves: moves, answers: load.report()}
	assert.Empty(a.t, failures(a.t, result.answers))
	assert.Len(a.t, result.moves, 2*loadedRounds)
	for _, one := range result.answers {
		if one.failed() || one.Latency > time.Second {
			a.t.Logf("slow or failed: %s", after(moves, one))
		}
	}
	for i, m := range moves {
		until := time.Now()
		if i+1 < len(moves) {
			until = moves[i+1].decided
		}
		result.follow = append(result.follow, a.followed(m, until, result.answers))
	}
	return result
}

// thereAndBack is one release that people undo once it has been live for a while.
func (a *app) thereAndBack(number int64) []move {
	a.deploy(color.Green, fmt.Sprintf("1.0.%d", number))
	a.phase(number, v1alpha1.PhaseAwaitingDecision)
	there := move{from: color.Blue, to: color.Green, decided: a.decide(v1alpha1.VerdictGo)}
	bg := a.phase(number, v1alpha1.PhaseWatching)
	there.reached = bg.Status.Release.EndpointsSwitchedTime.Time
	<-time.After(time.Until(there.reached.Add(proxyPeriod + 500*time.Millisecond)))

	back := move{from: color.Green, to: color.Blue, decided: a.decide(v1alpha1.VerdictRollback)}
	bg = a.phase(number, v1alpha1.PhaseIdle)
	assert.Equal(a.t, v1alpha1.OutcomeRolledBack, bg.Status.Release.Outcome)
	back.reached = bg.Status.Release.EndpointsRestoredTime.Time
	return []move{there, back}
}

// after says when a request was sent, from the move before it on.
func after(moves []move, one answer) string {
	said := fmt.Sprintf("%s %s took %s, %d %q", one.Time.Format("15:04:05.000"), one.Client, one.Latency.Round(time.Millisecond), one.Code, one.Body)
	for _, m := range slices.Backward(moves) {
		if m.decided.Before(one.Time) {
			return fmt.Sprintf("%s, %s after the Decision for %s and %s after its endpoints", said,
				one.Time.Sub(m.decided).Round(time.Millisecond), m.to, one.Time.Sub(m.reached).Round(time.Millisecond))
		}
	}
	return said
}

// followed returns how long after the endpoints had changed the old color still got a new
// connection, and holds that it was not longer than kube-proxy may take. The answers are
// in no order.
func (a *app) followed(m move, until time.Time, answers []answer) time.Duration {
	var last time.Duration
	for _, one := range answers {
		if one.Fresh && one.color() == string(m.from) && one.Time.After(m.decided) && one.Time.Before(until) {
			last = max(last, one.Time.Sub(m.reached))
		}
	}
	assert.LessOrEqual(a.t, last, proxyPeriod, "%s got a new connection after %s had taken over", m.from, m.to)
	return last
}

func count[T any](all []T, which func(T) bool) (n int) {
	for _, one := range all {
		if which(one) {
			n++
		}
	}
	return n
}

// spread is the median and the largest of the durations.
func spread[T any](all []T, of func(T) time.Duration) string {
	durations := make([]time.Duration, 0, len(all))
	for _, one := range all {
		durations = append(durations, of(one))
	}
	slices.Sort(durations)
	return fmt.Sprintf("median %s, p99 %s, largest %s", durations[len(durations)/2].Round(time.Millisecond),
		durations[len(durations)*99/100].Round(time.Millisecond), durations[len(durations)-1].Round(time.Millisecond))
}
