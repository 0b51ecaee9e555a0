package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/offline"
)

// plan is what is to become of one object of the input.
type plan struct {
	object *offline.Object
	edits  []edit
	// said is a sentence about it, empty where there is nothing to say.
	said string
}

// edit sets one value.
type edit struct {
	path  []string
	value any
}

// field names the place as people do.
func (e edit) field() string {
	last := e.path[len(e.path)-1]
	rest := strings.Join(e.path[:len(e.path)-1], ".")
	if strings.ContainsAny(last, "./") {
		return rest + "[" + last + "]"
	}
	return rest + "." + last
}

// keepPolicy is the annotation by which Helm leaves alone what is in a release no more.
const keepPolicy = "helm.sh/resource-policy"

// plan decides about everything in a namespace. Deployments come first: what becomes of
// them decides about the rest.
func (n *namespace) plan(ctx context.Context, name string, options Options) ([]*plan, error) {
	if len(n.deployments) == 0 {
		return nil, nil
	}
	state, err := n.state(ctx, name, options)
	if err != nil {
		return nil, err
	}
	var plans []*plan
	var problems []error
	var sides []*side
	for _, deployment := range n.deployments {
		s, err := n.side(deployment, state, options)
		if err != nil {
			problems = append(problems, &Problem{deployment.object, err})
			continue
		}
		p := &plan{object: deployment.object, said: s.said}
		if s.rendered() {
			p.edits = s.edits(options)
			sides = append(sides, s)
		}
		plans = append(plans, p)
	}
	if err := errors.Join(append(problems, n.collide(sides))...); err != nil {
		return nil, err
	}
	for _, service := range n.services {
		if p := planService(service, sides, state); p != nil {
			plans = append(plans, p)
		}
	}
	for _, other := range n.others {
		if p := planFollower(other, n.deployments, sides, options); p != nil {
			plans = append(plans, p)
		}
	}
	return plans, nil
}

// state is that of the cluster, nil when a person chose the color.
func (n *namespace) state(ctx context.Context, name string, options Options) (*State, error) {
	if options.Color != "" || !slices.ContainsFunc(n.deployments, func(d *workload) bool { return declared(d) == "" }) {
		return nil, nil //nolint:nilnil // nothing needs to be known
	}
	return options.Cluster.State(ctx, name)
}

// collide refuses two Deployments of one name.
func (n *namespace) collide(sides []*side) error {
	var problems []error
	for _, s := range sides {
		for _, other := range n.deployments {
			if other != s.deployment && other.typed.Name == s.name {
				err := fmt.Errorf("it would become %s, and that is there too: %s", s.name, other.object.Position())
				problems = append(problems, &Problem{s.deployment.object, err})
			}
		}
	}
	return errors.Join(problems...)
}

// edits color a Deployment in the three places, and give it its name and its size.
func (s *side) edits(options Options) []edit {
	edits := []edit{
		{[]string{"metadata", "name"}, s.name},
		{[]string{"metadata", "labels", v1alpha1.LabelColor}, string(s.color)},
		{[]string{"spec", "selector", "matchLabels", v1alpha1.LabelColor}, string(s.color)},
		{[]string{"spec", "template", "metadata", "labels", v1alpha1.LabelColor}, string(s.color)},
	}
	if s.replicas > 0 {
		edits = append(edits, edit{[]string{"spec", "replicas"}, s.replicas})
	}
	return kept(edits, s.deployment.object, options)
}

// kept adds Helm's annotation where it is wanted and says nothing else yet.
func kept(edits []edit, object *offline.Object, options Options) []edit {
	if !options.Helm || object.GetAnnotations()[keepPolicy] != "" {
		return edits
	}
	return append(edits, edit{[]string{"metadata", "annotations", keepPolicy}, "keep"})
}

// planService sees to it that applying a Service moves no traffic. Where tealgate gives a
// lost color back, it is left out: a manifest that names one moves the traffic when it is
// applied after a switch, or rolled back to. Elsewhere a server-side apply, or a replace,
// without it would let both colors serve, so the color stands that serves now.
func planService(service *input[corev1.Service], sides []*side, state *State) *plan {
	i := slices.IndexFunc(sides, func(s *side) bool {
		return facts.CarriesTraffic(service.typed) && facts.Pairs(service.typed, s.deployment.typed.Spec.Template.Labels)
	})
	if i < 0 || state == nil {
		return nil
	}
	live, pinned := state.pinnedTo(service.typed.Name)
	written := service.typed.Spec.Selector[v1alpha1.LabelColor]
	if !pinned {
		live = sides[i].color
	}
	name := fmt.Sprintf("Service %s/%s", service.object.GetNamespace(), service.typed.Name)
	p := &plan{object: service.object, edits: []edit{{[]string{"spec", "selector", v1alpha1.LabelColor}, string(live)}}}
	switch {
	case written == string(live):
		return nil
	case written != "" && pinned:
		p.said = fmt.Sprintf("%s is printed with %s, the color that serves now, in the place of %s. Leave the color of a Service out of Git.", name, live, written)
	case written != "":
		return nil // a new Service may say where it begins
	case state.Restores && pinned:
		return &plan{object: service.object, said: fmt.Sprintf("%s is printed without a color: tealgate keeps it on %s.", name, live)}
	case state.Restores:
		return nil // tealgate pins it once the first pods serve
	default:
		p.said = fmt.Sprintf("%s is printed with %s: tealgate does not guard this namespace, and nobody would give the color back.", name, live)
	}
	return p
}

// rendered says that the Deployment gets a color here.
func (s *side) rendered() bool { return s.color != "" }

// declared is the reason in words why a Deployment is nobody's to render; empty where
// there is none.
func declared(deployment *workload) string {
	d := deployment.typed
	for _, named := range []string{
		d.Labels[v1alpha1.LabelColor], d.Spec.Template.Labels[v1alpha1.LabelColor], selectorOf(d)[v1alpha1.LabelColor],
	} {
		if named != "" {
			return "it names its color itself: " + named
		}
	}
	if d.Spec.Template.Annotations[v1alpha1.AnnotationTraffic] == v1alpha1.TrafficNone {
		return "it declares tealgate.dev/traffic: none"
	}
	if d.Annotations[v1alpha1.AnnotationBlueGreen] == v1alpha1.BlueGreenDisabled {
		return "it declares tealgate.dev/blue-green: disabled"
	}
	if c, ok := color.FromName(d.Name); ok {
		return "its name says that it is " + string(c)
	}
	return ""
}
