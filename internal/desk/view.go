package desk

import (
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// View is a BlueGreen at one moment, with the two colors as they stood then.
type View struct {
	BlueGreen *v1alpha1.BlueGreen
	// Blue and Green are nil where nobody could read them.
	Blue, Green *Side
	Now         time.Time
	// Trouble is why the API server does not answer; what is shown is what it said last.
	Trouble string
}

// Side is one color.
type Side struct {
	// Version is the version label; where Deployments differ, all of them.
	Version        string
	Ready, Desired int32
	// Services are those that select it, previews in brackets.
	Services []string
}

// NewView puts together what was read: the Services and Deployments of the namespace. The
// counts are those of the Deployments; what the controller decides by is in its messages.
func NewView(bg *v1alpha1.BlueGreen, services []corev1.Service, deployments []appsv1.Deployment, now time.Time) *View {
	view := &View{BlueGreen: bg, Blue: &Side{}, Green: &Side{}, Now: now}
	var live []*corev1.Service
	for _, pair := range spec(bg).Services {
		if service := find(services, pair.Name); service != nil {
			live = append(live, service)
			view.selected(service, service.Name)
		}
		if pair.Preview == nil {
			continue
		}
		if service := find(services, pair.Preview.Name); service != nil {
			view.selected(service, "("+service.Name+")")
		}
	}
	versions := map[*Side]map[string]bool{view.Blue: {}, view.Green: {}}
	for i := range deployments {
		d := &deployments[i]
		side := view.side(d.Spec.Template.Labels[v1alpha1.LabelColor])
		if side == nil || !slices.ContainsFunc(live, func(s *corev1.Service) bool { return facts.Pairs(s, d.Spec.Template.Labels) }) {
			continue
		}
		side.Ready += d.Status.ReadyReplicas
		if side.Desired++; d.Spec.Replicas != nil {
			side.Desired += *d.Spec.Replicas - 1
		}
		if version := facts.Version(d.Spec.Template.Labels); version != "" {
			versions[side][version] = true
		}
	}
	for side, found := range versions {
		side.Version = strings.Join(slices.Sorted(maps.Keys(found)), ", ")
	}
	return view
}

func find(services []corev1.Service, name string) *corev1.Service {
	if i := slices.IndexFunc(services, func(s corev1.Service) bool { return s.Name == name }); i >= 0 {
		return &services[i]
	}
	return nil
}

func (v *View) selected(service *corev1.Service, as string) {
	if side := v.side(service.Spec.Selector[v1alpha1.LabelColor]); side != nil {
		side.Services = append(side.Services, as)
	}
}

// side is the color of a label, nil for none.
func (v *View) side(label string) *Side {
	switch c, _ := color.Parse(label); c {
	case color.Blue:
		return v.Blue
	case color.Green:
		return v.Green
	default:
		return nil
	}
}
