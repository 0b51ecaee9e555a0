package render

import (
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// side is what a Deployment of the input becomes: one side of its application.
type side struct {
	deployment *workload
	// color is empty for one that is left as it is.
	color color.Color
	name  string
	// replicas is zero where they stay as the manifest has them.
	replicas int64
	said     string
}

// side decides about one Deployment.
func (n *namespace) side(deployment *workload, state *State, options Options) (*side, error) {
	d := deployment.typed
	if reason := declared(deployment); reason != "" {
		return n.left(deployment, reason), nil
	}
	if len(selectorOf(d)) == 0 {
		return nil, errors.New("spec.selector.matchLabels is missing: nothing would keep its pods and those of the other color apart")
	}
	if options.Color != "" {
		name := d.Name + "-" + string(options.Color)
		return &side{
			deployment: deployment, color: options.Color, name: name,
			said: fmt.Sprintf("%s becomes %s, as --color says. The cluster was not asked.", named(deployment), name),
		}, nil
	}
	p := n.pair(deployment.object.GetNamespace(), d, state)
	if len(p.services) == 0 {
		return n.left(deployment, "no Service selects its pods"), nil
	}
	c, why, err := p.choose()
	if err != nil {
		return nil, err
	}
	s := &side{deployment: deployment, color: c, name: p.nameOf(d.Name, c)}
	becomes := "becomes " + s.name
	if s.name == d.Name {
		becomes = fmt.Sprintf("stays %s, which is %s", d.Name, c)
	}
	s.said = fmt.Sprintf("%s %s: %s.", named(deployment), becomes, why)
	n.size(s, p, state)
	s.said += p.again(d, c)
	return s, nil
}

func (n *namespace) left(deployment *workload, reason string) *side {
	return &side{deployment: deployment, said: fmt.Sprintf("%s is left as it is: %s.", named(deployment), reason)}
}

func named(deployment *workload) string {
	return fmt.Sprintf("Deployment %s/%s", deployment.object.GetNamespace(), deployment.typed.Name)
}

func selectorOf(deployment *appsv1.Deployment) map[string]string {
	if deployment.Spec.Selector == nil {
		return nil
	}
	return deployment.Spec.Selector.MatchLabels
}

// size makes the side as large as what serves, unless an autoscaler does.
func (n *namespace) size(s *side, p *pair, state *State) {
	live := p.live(s.deployment.typed.Name, s.color.Other())
	var ready int64
	if live != nil {
		ready = int64(live.Status.ReadyReplicas)
	}
	if scaler := n.scaler(s, state); scaler != nil {
		s.said += fmt.Sprintf(" Its replicas are left to %s.", scaler.name)
		if scaler.least < ready {
			s.said += fmt.Sprintf(" Its %s is %d, and traffic only moves onto as many as %s has ready: set at least %d.",
				scaler.field, scaler.least, s.color.Other(), ready)
		}
		return
	}
	if ready > 0 {
		s.replicas = ready
		s.said += fmt.Sprintf(" It gets %s, as many as %s has ready.", count(ready, "replica"), s.color.Other())
	}
}

// again warns of a pipeline that runs once more after the switch: what it renders then
// replaces the version that traffic could go back to.
func (p *pair) again(d *appsv1.Deployment, c color.Color) string {
	live, idle := p.live(d.Name, c.Other()), p.live(d.Name, c)
	version := facts.Version(d.Spec.Template.Labels)
	if live == nil || idle == nil || version == "" || facts.Version(live.Spec.Template.Labels) != version {
		return ""
	}
	had := facts.Version(idle.Spec.Template.Labels)
	if had == "" || had == version {
		return ""
	}
	return fmt.Sprintf(" But %s runs %s already: applied, this replaces %s on %s, the way back.", c.Other(), version, had, c)
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// pair is the application that a Deployment of the input is to be a side of.
type pair struct {
	// services are the names of those that send it live traffic, in the input or in the
	// cluster; wanted is the color that they name in the input, if it is one.
	services []string
	wanted   color.Color
	// namespace is that of all of them.
	namespace string
	// stored are those of them that are in the cluster.
	stored []*corev1.Service
	// deployments are those of the cluster.
	deployments []*appsv1.Deployment
}

// pair gathers what a Deployment has to do with.
func (n *namespace) pair(name string, d *appsv1.Deployment, state *State) *pair {
	p := &pair{namespace: name}
	labels := d.Spec.Template.Labels
	names := map[string]bool{}
	var selecting []*corev1.Service
	add := func(service *corev1.Service) {
		if facts.CarriesTraffic(service) && facts.Pairs(service, labels) {
			selecting = append(selecting, service)
			if !names[service.Name] {
				names[service.Name] = true
				p.services = append(p.services, service.Name)
			}
		}
	}
	for _, service := range n.services {
		add(service.typed)
		if c, ok := color.Parse(service.typed.Spec.Selector[v1alpha1.LabelColor]); ok && names[service.typed.Name] {
			p.wanted = c
		}
	}
	for i := range state.Services {
		add(&state.Services[i])
	}
	for i := range state.Services {
		if stored := &state.Services[i]; names[stored.Name] {
			p.stored = append(p.stored, stored)
			// Under another selector than the input's it selects the pods that run.
			selecting = append(selecting, stored)
		}
	}
	for i := range state.Deployments {
		deployment := &state.Deployments[i]
		for _, service := range selecting {
			if facts.Pairs(service, deployment.Spec.Template.Labels) && takesColor(deployment) {
				p.deployments = append(p.deployments, deployment)
				break
			}
		}
	}
	return p
}

func takesColor(deployment *appsv1.Deployment) bool {
	return deployment.Spec.Template.Annotations[v1alpha1.AnnotationTraffic] != v1alpha1.TrafficNone &&
		deployment.Annotations[v1alpha1.AnnotationBlueGreen] != v1alpha1.BlueGreenDisabled
}

// choose takes the color that does not serve, and says why. Whatever is in doubt is an
// error: the wrong color would replace what serves.
func (p *pair) choose() (color.Color, string, error) {
	live := map[color.Color]string{}
	for _, service := range p.stored {
		if c, ok := color.Parse(service.Spec.Selector[v1alpha1.LabelColor]); ok {
			live[c] = service.Name
		}
	}
	sides := p.sides()
	if len(live) == 2 {
		return "", "", fmt.Errorf("neither color is idle: Service %s sends traffic to blue, Service %s to green. "+
			"Move both to one color, or choose with --color", live[color.Blue], live[color.Green])
	}
	for c, service := range live {
		if len(sides) == 0 {
			return c, fmt.Sprintf("Service %s waits for %s, and the cluster has neither color yet", service, c), nil
		}
		return c.Other(), fmt.Sprintf("Service %s sends its traffic to %s", service, c), nil
	}
	if plain := p.plain(); plain != "" {
		return "", "", fmt.Errorf("in the cluster Deployment %s has no color, and another one beside it would share its traffic. "+
			"Give it its color first: kubectl tealgate adopt -n %s %s", plain, p.namespace, plain)
	}
	return p.first(sides)
}

// first chooses while no Service names a color.
func (p *pair) first(sides map[color.Color]bool) (color.Color, string, error) {
	if len(sides) == 0 {
		if p.wanted != "" {
			return p.wanted, fmt.Sprintf("the cluster has neither color yet, and Service %s names %s", strings.Join(p.services, ", "), p.wanted), nil
		}
		return color.Blue, "the cluster has neither color yet", nil
	}
	only := color.Blue
	if !sides[only] {
		only = color.Green
	}
	serves := false
	for _, deployment := range p.deployments {
		serves = serves || (len(p.stored) > 0 && deployment.Status.ReadyReplicas > 0)
	}
	if len(sides) == 2 || serves {
		return "", "", fmt.Errorf("nobody can say which color is live: Service %s names none. Pin it to the one that shall serve: "+
			"kubectl -n %s patch service %s -p 'spec: {selector: {%s: %s}}'", p.services[0], p.namespace, p.services[0], v1alpha1.LabelColor, only)
	}
	return only, fmt.Sprintf("%s is in the cluster and serves nothing yet", only), nil
}

// sides are the colors that the cluster has.
func (p *pair) sides() map[color.Color]bool {
	found := map[color.Color]bool{}
	for _, deployment := range p.deployments {
		if c, ok := colorOf(deployment); ok {
			found[c] = true
		}
	}
	return found
}

func colorOf(deployment *appsv1.Deployment) (color.Color, bool) {
	return color.Parse(deployment.Spec.Template.Labels[v1alpha1.LabelColor])
}

// plain is a Deployment of the cluster without a color, empty where there is none.
func (p *pair) plain() string {
	for _, deployment := range p.deployments {
		if _, ok := colorOf(deployment); !ok {
			return deployment.Name
		}
	}
	return ""
}

// nameOf is the name of a color: the one that it has in the cluster, where a Deployment
// without suffix was given a color; else that of the manifest with the suffix.
func (p *pair) nameOf(name string, c color.Color) string {
	suffixed := name + "-" + string(c)
	bare := false
	for _, deployment := range p.deployments {
		if deployment.Name == suffixed {
			return suffixed
		}
		if has, _ := colorOf(deployment); deployment.Name == name && has == c {
			bare = true
		}
	}
	if bare {
		return name
	}
	return suffixed
}

// live is the Deployment of the other color under the same name, else the only one there
// is of that color.
func (p *pair) live(name string, c color.Color) *appsv1.Deployment {
	var found []*appsv1.Deployment
	for _, deployment := range p.deployments {
		if has, _ := colorOf(deployment); has != c {
			continue
		}
		if deployment.Name == name+"-"+string(c) || deployment.Name == name {
			return deployment
		}
		found = append(found, deployment)
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}
