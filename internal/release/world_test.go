package release_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// world is a cluster of two Deployments and two Services that does at once what it is told.
type world struct {
	release.Observation
	now time.Time
	// acts are what was done to it, notes what was told.
	acts  []release.Act
	notes []string
	// told is all that was said, in the order of its steps.
	told []said
	// stuck makes acts have no effect.
	stuck bool
	// astray is how many endpoints of no pod the slices of shop-grpc hold.
	astray int
	// beforeAct is asked before each act.
	beforeAct func(release.Act)
}

// The jobs of spec.
var (
	smoke          = release.JobKey{Stage: release.StageVerify, Name: "smoke"}
	pauseConsumers = release.JobKey{Stage: release.StageBefore, Name: "pause-consumers"}
	probe          = release.JobKey{Stage: release.StageWatch, Name: "probe"}
)

// said is what a release says in a phase.
type said struct {
	phase  release.Phase
	reason string
	// how is what becomes of it: it waits, it takes a person, it acts, it tells, or it turns
	// to an outcome.
	how, message string
}

func (s said) String() string {
	return strings.TrimRight(fmt.Sprintf("%-16s %-10s %-18s %s", cmp.Or(s.phase, "-"), s.how, s.reason, s.message), " ")
}

// kind is the same without the words.
func (s said) kind() said { return said{phase: s.phase, reason: s.reason, how: s.how} }

func spec() release.Spec {
	limit, increase := 0.01, 20.0
	return release.Spec{
		DeployDeadline: 15 * time.Minute,
		Verify:         release.Verify{Jobs: []string{"smoke"}, Checklist: []string{"login"}, Deadline: 10 * time.Minute},
		Approval:       release.Approval{Separation: true, Approvals: 1, ValidFor: 24 * time.Hour},
		Before:         []string{"pause-consumers"}, After: []string{"resume-consumers"},
		Watch: release.Watch{
			Duration: 10 * time.Minute, Interval: 15 * time.Second, Jobs: []string{"probe"}, Checklist: []string{"order"},
			Signals: []release.Signal{{Name: "errors", Max: &limit, Increase: &increase, MinSamples: 100}},
		},
		Retire: release.Retire{After: 30 * time.Minute},
	}
}

// newWorld has blue 1.4.0 live, with three pods, and no green.
func newWorld() *world {
	w := &world{now: start, Observation: release.Observation{
		Name: "shop", Namespace: "shop", Spec: spec(), Jobs: map[release.JobKey]release.Job{},
		Samples: map[string]release.Sample{"errors": {Value: 0.001, Samples: 1000}},
		Services: []release.Service{
			{Name: "shop", Color: color.Blue, Preview: &release.Preview{Name: "shop-preview", Color: color.Green}},
			{Name: "shop-grpc", Color: color.Blue},
		},
	}}
	w.deploy(color.Blue, "1.4.0", 3)
	return w
}

// deploy makes a Deployment, or replaces it.
func (w *world) deploy(c color.Color, version string, replicas int32) {
	w.remove(c)
	w.Deployments = append(slices.Clone(w.Deployments), release.Deployment{
		Name: "shop-" + string(c), Base: "shop", Color: c, Version: version, Revision: "hash-" + version,
		Deployer: "lee", UID: "uid-" + string(c) + version, Generation: 1, Desired: replicas, Ready: replicas,
	})
	w.settle()
}

func (w *world) remove(c color.Color) {
	w.Deployments = slices.DeleteFunc(slices.Clone(w.Deployments), func(d release.Deployment) bool { return d.Color == c })
	w.settle()
}

// change edits the Deployment of a color.
func (w *world) change(c color.Color, edit func(*release.Deployment)) {
	w.Deployments = slices.Clone(w.Deployments)
	for i := range w.Deployments {
		if w.Deployments[i].Color == c {
			edit(&w.Deployments[i])
		}
	}
	w.settle()
}

func (w *world) scale(c color.Color, replicas int32) {
	w.change(c, func(d *release.Deployment) { d.Desired, d.Ready, d.Generation = replicas, replicas, d.Generation+1 })
}

func (w *world) ready(c color.Color, n int32) {
	w.change(c, func(d *release.Deployment) { d.Ready = n })
}

// settle lets endpoints follow pods and selectors.
func (w *world) settle() {
	ready := map[color.Color]int{}
	for _, d := range w.Deployments {
		ready[d.Color] += int(d.Ready)
	}
	w.Services = slices.Clone(w.Services)
	for i := range w.Services {
		s := &w.Services[i]
		s.Ready, s.Serving = maps.Clone(ready), map[color.Color]int{}
		if s.Color != "" {
			s.Serving[s.Color] = ready[s.Color]
		}
		if s.Name == "shop-grpc" {
			s.Serving[""] = w.astray
		}
		if s.Preview != nil {
			preview := *s.Preview
			preview.Serving = map[color.Color]int{preview.Color: ready[preview.Color]}
			s.Preview = &preview
		}
	}
}

// selects moves all Services, by hand.
func (w *world) selects(c color.Color, names ...string) {
	w.Services = slices.Clone(w.Services)
	for i := range w.Services {
		if len(names) == 0 || slices.Contains(names, w.Services[i].Name) {
			w.Services[i].Color = c
		}
	}
	w.settle()
}

// decide says a word now. Its time has whole seconds, as in the API.
func (w *world) decide(verdict release.Verdict, by, item string) {
	w.Decisions = append(slices.Clone(w.Decisions), release.Decision{
		Release: w.State.Release.Name, Verdict: verdict, By: by, Item: item, Reason: "because", At: w.now.Truncate(time.Second),
	})
}

func (w *world) do(act release.Act) {
	if w.beforeAct != nil {
		w.beforeAct(act)
	}
	w.acts = append(w.acts, act)
	if w.stuck {
		return
	}
	switch act := act.(type) {
	case release.Scale:
		w.changeNamed(act.Deployment, act.Replicas)
	case release.Remove:
		for _, name := range act.Deployments {
			if act.Delete {
				w.removeNamed(name)
			} else {
				w.changeNamed(name, 0)
			}
		}
	case release.Move:
		w.selects(act.To, act.Services...)
	case release.Show:
		w.Services = slices.Clone(w.Services)
		preview := *w.Services[0].Preview
		preview.Color = act.To
		w.Services[0].Preview = &preview
		w.settle()
	case release.Run:
		w.Jobs = maps.Clone(w.Jobs)
		if w.Jobs == nil {
			w.Jobs = map[release.JobKey]release.Job{}
		}
		w.Jobs[act.Job] = release.Job{Succeeded: true}
	}
}

func (w *world) removeNamed(name string) {
	w.Deployments = slices.DeleteFunc(slices.Clone(w.Deployments), func(d release.Deployment) bool { return d.Name == name })
	w.settle()
}

func (w *world) changeNamed(name string, replicas int32) {
	for _, d := range w.Deployments {
		if d.Name == name {
			w.scale(d.Color, replicas)
		}
	}
}

// step decides once, and does or records it. It says whether anything came of it.
func (w *world) step() bool {
	plan := release.Decide(w.Observation, w.now)
	phase := w.State.Phase
	switch {
	case plan.Act != nil:
		w.tell(said{phase, plan.Reason, "acts", plan.Message})
		w.do(plan.Act)
	case !same(plan.State, w.State):
		before := w.State
		w.State = plan.State
		if plan.Note != nil {
			w.notes = append(w.notes, plan.Note.Reason)
			w.tell(said{phase, plan.Note.Reason, "tells", plan.Note.Message})
		}
		w.turned(&before)
	default:
		how := "waits"
		if plan.Stalled {
			how = "stalls"
		}
		w.tell(said{phase, plan.Reason, how, plan.Message})
		return false
	}
	return true
}

// turned tells why the release has ended, or goes back.
func (w *world) turned(before *release.State) {
	r := w.State.Release
	switch {
	case r == nil || before.Release == nil || r.Reason == before.Release.Reason && r.Outcome == before.Release.Outcome:
	case r.Outcome != "":
		w.tell(said{phase: before.Phase, reason: r.Reason, how: string(r.Outcome)})
	case r.Reason != "":
		w.tell(said{phase: before.Phase, reason: r.Reason, how: "goes back"})
	}
}

// tell keeps what is said, once for as long as it stays the same.
func (w *world) tell(what said) {
	if len(w.told) == 0 || w.told[len(w.told)-1] != what {
		w.told = append(w.told, what)
	}
}

// rest goes on until there is nothing to do but wait, and returns what it waits for.
func (w *world) rest(t *testing.T) release.Plan {
	t.Helper()
	require.True(t, w.rests(), "no rest after 100 steps: phase %s, last acts %v", w.State.Phase, w.acts[max(0, len(w.acts)-5):])
	return release.Decide(w.Observation, w.now)
}

// rests is rest, and says whether it came to one.
func (w *world) rests() bool {
	for range 100 {
		if !w.step() {
			return true
		}
	}
	return false
}

func (w *world) pass(after time.Duration) { w.now = w.now.Add(after) }

// until brings a world to a phase, as far as it gets by itself there.
func (w *world) until(t *testing.T, phase release.Phase) *world {
	t.Helper()
	if phase == "" {
		return w
	}
	w.rest(t)
	require.Equal(t, release.Idle, w.State.Phase)
	if phase == release.Idle {
		return w
	}
	w.pass(time.Minute)
	w.deploy(color.Green, "1.5.0", 3)
	w.rest(t)
	w.pass(time.Second) // What is deployed is old enough to decide on it.
	if phase == release.Deploying {
		w.ready(color.Green, 1)
		w.rest(t)
		return w
	}
	for _, next := range []func(){
		func() {},
		func() { w.pass(time.Minute); w.decide(release.Checked, "kim", "login") },
		func() { w.pass(time.Minute); w.beforeGo(phase); w.decide(release.Go, "mia", "") },
		func() { w.goBack(phase); w.pass(15 * time.Minute); w.decide(release.Checked, "kim", "order") },
	} {
		next()
		w.rest(t)
		if w.State.Phase == phase {
			return w
		}
	}
	require.Equal(t, phase, w.State.Phase)
	return w
}

// beforeGo makes a hook hang that keeps a release in Switching.
func (w *world) beforeGo(phase release.Phase) {
	if phase == release.Switching {
		w.Jobs = maps.Clone(w.Jobs)
		w.Jobs[pauseConsumers] = release.Job{}
	}
}

// goBack has a person say Rollback while no pod of the old color is ready.
func (w *world) goBack(phase release.Phase) {
	if phase == release.RollingBack {
		w.ready(color.Blue, 0)
		w.decide(release.Rollback, "ann", "")
	}
}
