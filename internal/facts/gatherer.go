package facts

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// Bounds of one live read. A read that would return more says so in the facts.
const (
	maxPods        = 1000
	maxSlices      = 100
	maxReplicaSets = 100
)

// Options says where facts come from.
type Options struct {
	// Cached reads Deployments and Services and may be seconds old.
	Cached client.Reader
	// Live reads Pods, EndpointSlices and ReplicaSets from the API server.
	Live client.Reader
	// Authorizer creates SubjectAccessReviews; it writes nothing else.
	Authorizer client.Writer
}

// Gatherer reads facts. It is safe for concurrent use; every method ends when
// its context does and returns an error rather than half of the facts.
type Gatherer struct {
	cached, live client.Reader
	authorizer   client.Writer
}

// New returns a Gatherer.
func New(options Options) *Gatherer {
	return &Gatherer{cached: options.Cached, live: options.Live, authorizer: options.Authorizer}
}

// ForDeployment gathers the Services and Deployments around a Deployment.
func (g *Gatherer) ForDeployment(ctx context.Context, deployment *appsv1.Deployment) (Facts, error) {
	services, err := g.cachedServices(ctx, deployment.Namespace)
	if err != nil {
		return Facts{}, err
	}
	around := NewAround(deployment, services)
	if !around.NeedsOthers() {
		return around.Facts(nil), nil
	}
	deployments, err := g.cachedDeployments(ctx, deployment.Namespace)
	if err != nil {
		return Facts{}, err
	}
	return around.Facts(deployments), nil
}

func pointers[T any](items []T) []*T {
	list := make([]*T, len(items))
	for i := range items {
		list[i] = &items[i]
	}
	return list
}

// ForService reads the pods that a Service's selector matches and, when it
// exists already, what serves now: two live reads, and a third for a Service that
// leaves a selector which named no color. In a switch the first is for the pods of
// both colors, and for a new Service that names a color as well, for which it is the only
// one. For a new Service that names none the second is for the Deployments that it selects.
func (g *Gatherer) ForService(ctx context.Context, service, old *corev1.Service) (Facts, error) {
	facts := None()
	other, own, err := g.selected(ctx, service, old)
	if err != nil {
		return Facts{}, err
	}
	facts.Selected = own
	if old == nil {
		for _, pod := range other.Pods {
			if pod.Ready {
				facts.Beside++
			}
		}
		if Pinnable(service) {
			facts.Coming, err = g.coming(ctx, service)
		}
		return facts, err
	}
	facts.Leaving = other
	if facts.Serving, err = g.serving(ctx, old.Namespace, old.Name); err != nil {
		return Facts{}, err
	}
	facts.Serving.Colors, err = g.servedColors(ctx, service, old, facts)
	return facts, err
}

// selected reads the pods that a Service selects and, of a switch or a new Service that
// names a color, those that it would select with the other one.
func (g *Gatherer) selected(ctx context.Context, service, old *corev1.Service) (other, own Selected, err error) {
	_, named := color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
	switch {
	case !routes(service):
	case old == nil && named, old != nil && isSwitch(service, old):
		return g.bothColors(ctx, service)
	default:
		own, err = g.pods(ctx, service.Namespace, service.Spec.Selector)
		return Selected{Pods: []Pod{}}, own, err
	}
	return Selected{Pods: []Pod{}}, Selected{Pods: []Pod{}}, nil
}

// servedColors says which colors the serving pods have. A selector that pins a
// color says it; for another one its pods are read, unless they were already.
func (g *Gatherer) servedColors(ctx context.Context, service, old *corev1.Service, gathered Facts) ([]string, error) {
	if pinned := old.Spec.Selector[v1alpha1.LabelColor]; pinned != "" && gathered.Serving.Ready > 0 {
		return []string{pinned}, nil
	}
	if !routes(old) || len(gathered.Serving.Pods) == 0 {
		return []string{}, nil
	}
	served := gathered.Selected
	if !routes(service) || !maps.Equal(service.Spec.Selector, old.Spec.Selector) {
		var err error
		if served, err = g.pods(ctx, old.Namespace, old.Spec.Selector); err != nil {
			return nil, err
		}
	}
	return colorsOf(gathered.Serving.Pods, served.Pods), nil
}

// ForOldService returns what is known of a Service as it was, given what was
// gathered for the new one: its pods where the selector is the same, and none
// otherwise, so that no problem passes as an old one unseen.
func ForOldService(service, old *corev1.Service, gathered Facts) Facts {
	facts := None()
	facts.Serving = gathered.Serving
	if maps.Equal(service.Spec.Selector, old.Spec.Selector) {
		facts.Selected = gathered.Selected
	}
	return facts
}

// OnlyColor returns the color that all pods of a new Service have or, as long as there
// are none, are going to have by the Deployments that it selects. It returns false when
// there are neither, when they differ, or when one has none. Two live reads at most.
func (g *Gatherer) OnlyColor(ctx context.Context, service *corev1.Service) (color.Color, bool, error) {
	selected, err := g.pods(ctx, service.Namespace, service.Spec.Selector)
	if err != nil || selected.Truncated {
		return "", false, err
	}
	if c, some := onlyColorOf(selected.Pods); some {
		found, ok := color.Parse(c)
		return found, ok, nil
	}
	colors, err := g.coming(ctx, service)
	if err != nil || len(colors) != 1 {
		return "", false, err
	}
	found, ok := color.Parse(colors[0])
	return found, ok, nil
}

// OnlyColorOfPods is OnlyColor without a look at Deployments.
func (g *Gatherer) OnlyColorOfPods(ctx context.Context, service *corev1.Service) (color.Color, bool, error) {
	selected, err := g.pods(ctx, service.Namespace, service.Spec.Selector)
	if err != nil || selected.Truncated {
		return "", false, err
	}
	c, _ := onlyColorOf(selected.Pods)
	found, ok := color.Parse(c)
	return found, ok, nil
}

// onlyColorOf returns the color that all pods have which stay, empty if they differ or
// one has none, and whether any stays.
func onlyColorOf(pods []Pod) (only string, some bool) {
	for _, pod := range pods {
		if pod.Terminating {
			continue
		}
		if pod.Color == "" || pod.Traffic == v1alpha1.TrafficNone || (only != "" && pod.Color != only) {
			return "", true
		}
		only, some = pod.Color, true
	}
	return only, some
}

func (g *Gatherer) pods(ctx context.Context, namespace string, selector map[string]string) (Selected, error) {
	return g.list(ctx, namespace, client.MatchingLabels(selector), client.Limit(maxPods))
}

// list reads pods, those left out that have ended.
func (g *Gatherer) list(ctx context.Context, namespace string, options ...client.ListOption) (Selected, error) {
	var pods corev1.PodList
	if err := g.live.List(ctx, &pods, append(options, unended(), client.InNamespace(namespace))...); err != nil {
		return Selected{}, fmt.Errorf("reading the pods of namespace %s: %w", namespace, err)
	}
	selected := Selected{
		Pods: make([]Pod, 0, len(pods.Items)), Truncated: pods.Continue != "", ResourceVersion: pods.ResourceVersion,
	}
	for i := range pods.Items {
		selected.Pods = append(selected.Pods, podFact(&pods.Items[i]))
	}
	return selected, nil
}

func (g *Gatherer) serving(ctx context.Context, namespace, name string) (Serving, error) {
	var endpoints discoveryv1.EndpointSliceList
	err := g.live.List(ctx, &endpoints, client.InNamespace(namespace),
		client.MatchingLabels{discoveryv1.LabelServiceName: name}, client.Limit(maxSlices))
	if err != nil {
		return Serving{}, fmt.Errorf("reading the EndpointSlices of Service %s/%s: %w", namespace, name, err)
	}
	fact := servingFact(endpoints.Items)
	fact.Truncated, fact.ResourceVersion = endpoints.Continue != "", endpoints.ResourceVersion
	return fact, nil
}
