package release_test

import (
	"math/rand/v2"
	"slices"
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
	release.Switching, release.Watching, release.Retiring, release.RollingBack,
}

// shake lets one thing happen that a cluster or a person can do at any time.
func shake(w *world, r *rand.Rand) {
	c := []color.Color{color.Blue, color.Green}[r.IntN(2)]
	switch r.IntN(20) {
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
	case 10:
		w.change(c, func(d *release.Deployment) { d.Crashing = []string{"shop-" + string(c) + "-1"} })
	case 11:
		w.change(c, func(d *release.Deployment) { d.Incomplete = []string{"", "1 of 3 pods are new"}[r.IntN(2)] })
	case 12:
		w.change(c, func(d *release.Deployment) { d.Autoscaler = []string{"", "shop"}[r.IntN(2)] })
	case 13:
		w.astray = r.IntN(2)
		w.settle()
	case 14:
		w.shows(c)
	case 15:
		w.Crowded = !w.Crowded
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

// TestNeverRestsOnTheDead: what rests on a color without a ready pod, while the other has some,
// takes a person, or has not switched yet. Where going back is automatic nothing stays there.
func TestNeverRestsOnTheDead(t *testing.T) {
	met := map[release.Phase]int{}
	for seed := range uint64(histories) {
		w := random(t, seed, nil)
		plan := w.rest(t)
		for _, s := range w.Services {
			if s.Color == "" || s.Ready[s.Color] > 0 || s.Ready[s.Color.Other()] == 0 {
				continue
			}
			met[w.State.Phase]++
			r := w.State.Release
			switch w.State.Phase {
			case release.Deploying, release.Verifying, release.AwaitingDecision, release.Switching:
				require.True(t, plan.Stalled || s.Color == r.From, "seed %d: %s", seed, plan.Message)
			case release.RollingBack:
				require.Equal(t, r.From, s.Color, "seed %d: it is not left where it was: %s", seed, plan.Message)
			default:
				require.True(t, plan.Stalled, "seed %d: %s: %s", seed, w.State.Phase, plan.Message)
			}
			if r != nil && !r.Spec.ManualRollback && (w.State.Phase == release.Watching || w.State.Phase == release.Retiring && r.Outcome == "") {
				require.Fail(t, "it goes back by itself", "seed %d: %s: %s", seed, w.State.Phase, plan.Message)
			}
		}
	}
	assert.Greater(t, met[release.Idle], 10, "the histories come there")
	assert.Greater(t, met[release.Watching]+met[release.Switching]+met[release.RollingBack], 10, "the histories come there: %v", met)
}

// TestNeverRetiresWhatServes: no Deployment is retired while a Service selects its color, or
// while nothing else could serve.
func TestNeverRetiresWhatServes(t *testing.T) {
	for seed := range uint64(histories) {
		random(t, seed, func(w *world) {
			w.beforeAct = func(act release.Act) {
				if _, ok := act.(release.Remove); !ok {
					return
				}
				retire := w.State.Release.Retire
				for _, s := range w.Services {
					require.NotEqual(t, retire, s.Color, "seed %d", seed)
					require.False(t, s.Ready[retire] > 0 && s.Ready[retire.Other()] == 0, "seed %d: the last that could serve", seed)
				}
			}
		}).rest(t)
	}
}

// TestRollbackNeverLooksAtTheNew: whatever becomes of the new color, a rollback does the same,
// says the same, and ends in the same way.
func TestRollbackNeverLooksAtTheNew(t *testing.T) {
	ended := map[release.Outcome]int{}
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 7))
		from := []release.Phase{release.Watching, release.Retiring}[r.IntN(2)]
		old, wait := int32(r.IntN(4)), time.Duration(r.IntN(26))*time.Hour
		back := func(meanwhile func(*world)) *world {
			w := newWorld().until(t, from)
			w.ready(color.Blue, old)
			w.decide(release.Rollback, "ann", "")
			w.told, w.acts = nil, nil
			require.True(t, w.step())
			require.Equal(t, release.RollingBack, w.State.Phase)
			meanwhile(w)
			w.steps(t, wait)
			return w
		}
		want, got := back(func(*world) {}), back(spoil(r))
		require.Equal(t, want.acts, got.acts, "seed %d", seed)
		require.Equal(t, want.way(), got.way(), "seed %d", seed)
		require.Equal(t, want.State.Live, got.State.Live, "seed %d", seed)
		ended[want.State.Release.Outcome]++
	}
	assert.Greater(t, min(ended[release.RolledBack], ended[release.Aborted], ended[""]), histories/100, "some go back, some never, some are on their way: %v", ended)
}

// TestRollbackIsHeard: whatever else was said and has happened, a release that can go back does
// so when a person says so.
func TestRollbackIsHeard(t *testing.T) {
	met, late := map[release.Phase]int{}, 0
	for seed := range uint64(histories) {
		w := random(t, seed, nil)
		r := w.State.Release
		moved := r != nil && !r.Moving.IsZero() && !r.Retired && r.Outcome == ""
		if from := w.State.Phase; moved && (from == release.Switching || from == release.Watching || from == release.Retiring) {
			met[from]++
			if slices.ContainsFunc(w.Decisions, func(d release.Decision) bool { return d.Release == r.Name && d.Verdict == release.NoGo }) {
				late++
			}
			w.decide(release.Rollback, "ann", "")
			// A pause that has just begun or ended is written down first.
			require.True(t, w.step(), "seed %d", seed)
			if w.State.Phase == from {
				require.True(t, w.step(), "seed %d", seed)
			}
			require.Equal(t, release.RollingBack, w.State.Phase, "seed %d: from %s", seed, from)
			require.Equal(t, "Decision", w.State.Release.Reason, "seed %d: from %s", seed, from)
		}
	}
	assert.Greater(t, min(met[release.Watching], met[release.Retiring], late), 10, "the histories come there: %v, %d", met, late)
}

// spoil lets something become of the new color.
func spoil(r *rand.Rand) func(*world) {
	return []func(*world){
		func(w *world) { w.remove(color.Green) },
		func(w *world) { w.ready(color.Green, int32(r.IntN(3))) },
		func(w *world) { w.deploy(color.Green, "1.7.0", 5) },
		func(w *world) {
			w.change(color.Green, func(d *release.Deployment) {
				d.Crashing, d.Restarts, d.Incomplete = []string{"shop-green-1"}, 99, "ImagePullBackOff"
			})
		},
		func(w *world) { w.sample(99, 9999, "") },
	}[r.IntN(5)]
}

// way is what was said while it went back.
func (w *world) way() []said {
	return slices.DeleteFunc(slices.Clone(w.told), func(s said) bool { return s.phase != release.RollingBack })
}

// steps comes to rest now and after a time.
func (w *world) steps(t *testing.T, after time.Duration) {
	t.Helper()
	w.rest(t)
	w.pass(after)
	w.rest(t)
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
