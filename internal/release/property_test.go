package release_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// histories is how many random histories each property is tried on.
const histories = 2000

// phases are where a random history begins.
var phases = []release.Phase{
	release.Idle, release.Deploying, release.Verifying, release.AwaitingDecision,
	release.Switching, release.Watching, release.Retiring,
}

// shake lets one thing happen that a cluster or a person can do at any time.
func shake(w *world, r *rand.Rand) {
	c := []color.Color{color.Blue, color.Green}[r.IntN(2)]
	switch r.IntN(13) {
	case 0:
		w.ready(c, int32(r.IntN(4)))
	case 1:
		w.scale(c, int32(r.IntN(4)))
	case 2:
		w.deploy(c, []string{"1.4.0", "1.5.0", "1.6.0"}[r.IntN(3)], 3)
	case 3:
		w.remove(c)
	case 4:
		w.selects([]color.Color{color.Blue, color.Green, ""}[r.IntN(3)], []string{"shop", "shop-grpc"}[r.IntN(2)])
	case 5:
		w.sample(r.Float64()/20, float64(r.IntN(1000)), []string{"", "no data"}[r.IntN(2)])
	case 6:
		w.Paused = !w.Paused
	case 7:
		w.change(c, func(d *release.Deployment) { d.Restarts++ })
	case 8:
		w.Requested = w.now.String()
	case 9:
		for key := range w.Jobs {
			w.Jobs[key] = release.Job{Failed: r.IntN(2) == 0, Succeeded: true}
		}
	default:
		if w.State.Release != nil {
			verdict := []release.Verdict{release.Go, release.NoGo, release.Rollback, release.Checked, release.Go}[r.IntN(5)]
			w.decide(verdict, []string{"mia", "lee", "ann"}[r.IntN(3)], []string{"login", "order"}[r.IntN(2)])
		}
	}
}

// vary asks for what a spec may ask, of this release and the next.
func vary(w *world, r *rand.Rand) {
	specs := []*release.Spec{&w.Spec}
	if w.State.Release != nil {
		specs = append(specs, &w.State.Release.Spec)
	}
	manual, automatic, retire := r.IntN(2) == 0, r.IntN(3) == 0, r.IntN(4)
	for _, spec := range specs {
		spec.ManualRollback, spec.Approval.Automatic = manual, automatic
		spec.Retire.Delete, spec.Retire.Keep, spec.Retire.Evidence = retire == 1, retire == 2, retire == 3
	}
	w.OldTraffic = []*release.Sample{nil, {}, {Value: 1}, {Trouble: "no data"}}[r.IntN(4)]
}

// random is a world in the middle of some history, decided on or not.
func random(t *testing.T, seed uint64, look func(*world)) *world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 42))
	w := newWorld().until(t, phases[r.IntN(len(phases))])
	vary(w, r)
	if look != nil {
		look(w)
	}
	for range 1 + r.IntN(12) {
		shake(w, r)
		w.pass(time.Duration(r.IntN(600)) * time.Second)
		for range r.IntN(4) {
			w.step()
		}
	}
	return w
}

// TestSaysTheSame: deciding twice is deciding once, and changes nothing of what it was given.
func TestSaysTheSame(t *testing.T) {
	for seed := range uint64(histories) {
		w := random(t, seed, nil)
		first := release.Decide(w.Observation, w.now)
		second := release.Decide(w.Observation, w.now)
		require.Equal(t, first, second, "seed %d", seed)
		if first.Act != nil {
			require.Equal(t, w.State, first.State, "seed %d: what is done stands in the state already", seed)
		}
	}
}

// TestRestsAlways: with a world that stands still nothing goes round in circles.
func TestRestsAlways(t *testing.T) {
	for seed := range uint64(histories) {
		random(t, seed, nil).rest(t)
	}
}

// TestNeverServesTheDead: no Service is moved to a color without a ready pod.
func TestNeverServesTheDead(t *testing.T) {
	moves := 0
	for seed := range uint64(histories) {
		w := random(t, seed, func(w *world) {
			w.beforeAct = func(act release.Act) {
				move, ok := act.(release.Move)
				if !ok {
					return
				}
				moves++
				for _, s := range w.Services {
					for _, name := range move.Services {
						require.False(t, name == s.Name && s.Ready[move.To] == 0, "seed %d moves %s to %s", seed, name, move.To)
					}
				}
			}
		})
		w.rest(t)
	}
	assert.Greater(t, moves, histories/10, "the histories move Services")
}

// TestNeverRetiresWhatServes: no Deployment is retired while a Service selects its color.
func TestNeverRetiresWhatServes(t *testing.T) {
	for seed := range uint64(histories) {
		random(t, seed, func(w *world) {
			w.beforeAct = func(act release.Act) {
				if _, ok := act.(release.Remove); !ok {
					return
				}
				for _, s := range w.Services {
					require.NotEqual(t, w.State.Release.Retire, s.Color, "seed %d", seed)
				}
			}
		}).rest(t)
	}
}

// TestRollbackNeverLooksAtTheNew: whatever becomes of the new color, a rollback does the same.
func TestRollbackNeverLooksAtTheNew(t *testing.T) {
	tried := 0
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld().until(t, release.Watching)
		w.decide(release.Rollback, "ann", "")
		require.True(t, w.step())
		require.Equal(t, release.RollingBack, w.State.Phase)
		if r.IntN(2) == 0 {
			w.ready(color.Blue, int32(r.IntN(4)))
		}
		want := release.Decide(w.Observation, w.now)
		switch r.IntN(5) {
		case 0:
			w.remove(color.Green)
		case 1:
			w.ready(color.Green, int32(r.IntN(3)))
		case 2:
			w.deploy(color.Green, "1.7.0", 5)
		case 3:
			w.change(color.Green, func(d *release.Deployment) {
				d.Crashing, d.Restarts, d.Incomplete = []string{"shop-green-1"}, 99, "ImagePullBackOff"
			})
		case 4:
			w.sample(99, 9999, "")
		}
		got := release.Decide(w.Observation, w.now)
		require.Equal(t, want, got, "seed %d", seed)
		tried++
	}
	assert.Equal(t, histories, tried)
}

// TestEveryPhaseEnds: when nobody does anything any more and the clock runs, a release ends,
// and the Services are together again or were torn apart by hand.
func TestEveryPhaseEnds(t *testing.T) {
	for seed := range uint64(histories) {
		w := random(t, seed, nil)
		w.Paused = false
		w.stuck = seed%2 == 0 // Half of the worlds do not even do what they are told.
		for range 100 {
			for range 20 {
				if !w.step() {
					break
				}
			}
			w.pass(time.Hour)
		}
		require.Equal(t, release.Idle, w.State.Phase, "seed %d", seed)
		if w.State.Release != nil {
			require.NotEmpty(t, w.State.Release.Outcome, "seed %d", seed)
		}
	}
}
