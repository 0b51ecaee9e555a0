package controller

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
)

// maxDecisions bounds one read of the Decisions on a release.
const maxDecisions = 500

// rehearsalInterval is how long an idle BlueGreen's queries are not tried again.
const rehearsalInterval = 24 * time.Hour

// trafficSample is the name under which the traffic of the old color is measured.
const trafficSample = "traffic of the old color"

// sight is what one look at the world brought: what is decided by, and what is acted on.
type sight struct {
	bg       *v1alpha1.BlueGreen
	observed release.Observation
	services map[string]*corev1.Service
}

// observe reads all that a decision is made from. The Services are read before the
// BlueGreen: a move tests that they have not changed since, so one that another replica
// has made meanwhile is never overwritten by what an older status says.
func (r *Releaser) observe(ctx context.Context, bg *v1alpha1.BlueGreen) (*sight, error) {
	around, err := r.surroundings.ForRelease(ctx, bg.Namespace, pairsOf(bg))
	if err != nil {
		return nil, err
	}
	decisions, highest, err := r.decisions(ctx, bg)
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
		Services:  around.Services, Deployments: around.Deployments, Decisions: decisions,
	}
	if state.Running() {
		if observed.Jobs, err = jobsOf(ctx, r.live, bg.Namespace, state.Release.Name); err != nil {
			return nil, err
		}
	}
	r.measureFor(ctx, fresh, &observed)
	return &sight{bg: fresh, observed: observed, services: around.Objects}, nil
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

// decisions reads what people have said on the release of a BlueGreen, or on any of them
// where its status is lost, and then also the highest number that one of these has.
func (r *Releaser) decisions(ctx context.Context, bg *v1alpha1.BlueGreen) ([]release.Decision, int64, error) {
	about := fields.OneTermEqualSelector("spec.blueGreen", bg.Name)
	switch {
	case bg.Status.Release != nil:
		about = fields.AndSelectors(about, fields.OneTermEqualSelector("spec.release", bg.Status.Release.Name))
	case bg.Status.Phase != "":
		return nil, 0, nil
	}
	var list v1alpha1.DecisionList
	err := r.live.List(ctx, &list, client.InNamespace(bg.Namespace), client.Limit(maxDecisions),
		client.MatchingFieldsSelector{Selector: about})
	if err != nil {
		return nil, 0, fmt.Errorf("reading the Decisions on %s/%s: %w", bg.Namespace, bg.Name, err)
	}
	if list.Continue != "" {
		return nil, 0, fmt.Errorf("BlueGreen %s/%s has more than %d Decisions: delete old ones", bg.Namespace, bg.Name, maxDecisions)
	}
	var found []release.Decision
	highest := int64(0)
	for i := range list.Items {
		d := &list.Items[i]
		if d.DeletionTimestamp != nil {
			continue
		}
		found = append(found, release.Decision{
			Name: d.Name, Release: d.Spec.Release, Verdict: release.Verdict(d.Spec.Verdict), Item: d.Spec.Item,
			By: d.Spec.DecidedBy, Reason: d.Spec.Reason, At: d.CreationTimestamp.Time,
		})
		if suffix, ours := strings.CutPrefix(d.Spec.Release, bg.Name+"-"); ours {
			// Nobody can make names run out by deciding on shop-9223372036854775807.
			if number, err := strconv.ParseInt(suffix, 10, 32); err == nil && bg.Status.Phase == "" {
				highest = max(highest, number)
			}
		}
	}
	return found, highest, nil
}

// measureFor adds what is known of the signals, where a decision needs them.
func (r *Releaser) measureFor(ctx context.Context, bg *v1alpha1.BlueGreen, o *release.Observation) {
	key := client.ObjectKeyFromObject(bg)
	status := bg.Status.Release
	if bg.Status.Phase == v1alpha1.PhaseIdle {
		// Once for each spec: whoever writes a query learns at once that it does not run.
		ask := questions(bg, &bg.Spec, "", bg.Status.LiveColor, bg.Status.LiveVersion)
		o.Samples = r.measurer.latest(ctx, key, fmt.Sprintf("spec %d", bg.Generation), rehearsalInterval, ask)
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
	o.Samples = r.measurer.latest(ctx, key, occasion, o.State.Release.Spec.Watch.Interval, ask)
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
