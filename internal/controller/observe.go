package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
)

// rehearsal is how often the queries of an idle BlueGreen are tried. Those that do not run are
// put again without it, because nobody tells that a server is back or was put into the settings.
var rehearsal = pace{interval: 24 * time.Hour, trouble: 5 * time.Minute}

// trafficSample is the name under which the traffic of the old color is measured.
const trafficSample = "traffic of the old color"

// sight is what one look at the world brought: what is decided by, and what is acted on.
type sight struct {
	bg       *v1alpha1.BlueGreen
	observed release.Observation
	accepted acceptance
	services map[string]*corev1.Service
	// deployments are the pair's, by name.
	deployments map[string]*appsv1.Deployment
}

// observe reads all that a decision is made from. The Services are read before the
// BlueGreen: a move tests that they have not changed since, so one that another replica
// has made meanwhile is never overwritten by what an older status says.
func (r *Releaser) observe(ctx context.Context, bg *v1alpha1.BlueGreen) (*sight, error) {
	around, err := r.surroundings.ForRelease(ctx, bg.Namespace, pairsOf(bg))
	if err != nil {
		return nil, err
	}
	decisions, crowded, err := r.decisions(ctx, bg)
	if err != nil {
		return nil, err
	}
	highest, err := r.highest(ctx, bg, decisions)
	if err != nil {
		return nil, err
	}
	fresh := &v1alpha1.BlueGreen{}
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(bg), fresh); err != nil {
		return nil, err
	}
	state := stateOf(&fresh.Status)
	observed := release.Observation{
		Name: fresh.Name, Namespace: fresh.Namespace, Spec: specOf(&fresh.Spec), State: state, Highest: highest,
		Requested: fresh.Annotations[v1alpha1.AnnotationReleaseRequested],
		Paused:    fresh.Spec.Paused || r.freeze.holds(client.ObjectKeyFromObject(fresh)),
		Services:  around.Services, Deployments: around.Deployments, Decisions: decisions, Crowded: crowded,
	}
	if state.Running() {
		if observed.Jobs, err = jobsOf(ctx, r.live, fresh); err != nil {
			return nil, err
		}
	}
	if crowded && state.Running() {
		r.events.Eventf(fresh, nil, corev1.EventTypeWarning, "TooManyDecisions", "Release",
			"there are more than %d Decisions on %s; the others are not heard: delete those that do not count", len(decisions), state.Release.Name)
	}
	r.measureFor(ctx, fresh, &observed)
	return &sight{bg: fresh, observed: observed, services: around.Objects, deployments: around.Workloads}, nil
}

func pairsOf(bg *v1alpha1.BlueGreen) []facts.ServicePair {
	services := bg.Spec.Services
	// A release goes on with the Services that it began with.
	if release := bg.Status.Release; release != nil && release.Outcome == "" && release.Spec != nil {
		services = release.Spec.Services
	}
	var pairs []facts.ServicePair
	for _, service := range services {
		pair := facts.ServicePair{Live: service.Name}
		if service.Preview != nil {
			pair.Preview = service.Preview.Name
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// measureFor adds what is known of the signals, where a decision needs them.
func (r *Releaser) measureFor(ctx context.Context, bg *v1alpha1.BlueGreen, o *release.Observation) {
	key := client.ObjectKeyFromObject(bg)
	status := bg.Status.Release
	if bg.Status.Phase == v1alpha1.PhaseIdle {
		// Once for each spec: whoever writes a query learns at once that it does not run.
		ask := questions(bg, &bg.Spec, "", bg.Status.LiveColor, bg.Status.LiveVersion)
		o.Samples = r.measurer.latest(ctx, key, fmt.Sprintf("spec %d", bg.Generation), rehearsal, ask)
		return
	}
	if status == nil || status.Spec == nil {
		r.measurer.forget(key)
		return
	}
	occasion := fmt.Sprintf("%s %s %s", status.Name, bg.Status.Phase, status.PhaseTime.UTC())
	var ask []question
	switch bg.Status.Phase {
	case v1alpha1.PhaseAwaitingDecision:
		ask = questions(bg, status.Spec, status.Name, status.From, status.FromVersion)
	case v1alpha1.PhaseWatching:
		ask = questions(bg, status.Spec, status.Name, status.To, status.Version)
	case v1alpha1.PhaseRetiring:
		if traffic := status.Spec.Retire.Traffic; traffic != nil && status.Outcome == "" {
			scope := scopeOf(bg, status.Spec, status.Name, status.From, status.FromVersion)
			ask = []question{askFor(trafficSample, traffic, "", scope)}
		}
	default:
		r.measurer.forget(key)
		return
	}
	o.Samples = r.measurer.latest(ctx, key, occasion, pace{interval: o.State.Release.Spec.Watch.Interval}, ask)
	if sample, there := o.Samples[trafficSample]; there {
		o.OldTraffic = &sample
	}
}

// questions are those of the signals of a spec, about a color.
func questions(bg *v1alpha1.BlueGreen, spec *v1alpha1.BlueGreenSpec, of string, c color.Color, version string) []question {
	scope := scopeOf(bg, spec, of, c, version)
	var ask []question
	for i := range spec.Watch.Signals {
		signal := &spec.Watch.Signals[i]
		ask = append(ask, askFor(signal.Name, &signal.PrometheusQuery, signal.SamplesQuery, scope))
	}
	return ask
}

func scopeOf(bg *v1alpha1.BlueGreen, spec *v1alpha1.BlueGreenSpec, of string, c color.Color, version string) signals.Scope {
	return signals.Scope{
		Namespace: bg.Namespace, BlueGreen: bg.Name, Service: spec.Services[0].Name,
		Release: of, Color: string(c), Version: version,
	}
}

// askFor fills in one question. A template that is none is put as it is: the server says
// what is wrong with it.
func askFor(name string, q *v1alpha1.PrometheusQuery, count string, scope signals.Scope) question {
	return question{name: name, server: q.Prometheus, query: expand(q.Query, scope), count: expand(count, scope)}
}

func expand(query string, scope signals.Scope) string {
	if expanded, err := signals.Expand(query, scope); err == nil {
		return expanded
	}
	return query
}
