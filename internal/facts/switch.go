package facts

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// Switched says what an update takes the traffic from and to, in the form of the
// annotation tealgate.dev/switched: from blue 1.4.0 to green 1.5.0. It is empty where
// the update is no switch, or where the ready pods that it leaves have not one and the
// same version: then nobody could tell what to go back to. One live read at most.
func (g *Gatherer) Switched(ctx context.Context, service, old *corev1.Service) (string, error) {
	from, to, ok := switchOf(service, old)
	if !ok || !CarriesTraffic(service) || !CarriesTraffic(old) {
		return "", nil
	}
	leaving, selected, err := g.bothColors(ctx, service)
	if err != nil {
		return "", err
	}
	return switchRecord(from, to, leaving, selected), nil
}

func switchRecord(from, to color.Color, leaving, selected Selected) string {
	left := onlyVersion(leaving, func(pod Pod) bool { return pod.Ready })
	if left == "" {
		return ""
	}
	record := fmt.Sprintf("from %s %s to %s", from, left, to)
	if taken := onlyVersion(selected, func(pod Pod) bool { return !pod.Terminating }); taken != "" {
		record += " " + taken
	}
	return record
}

// switchOf says whether nothing but the color of a selector changes, to the other one.
func switchOf(service, old *corev1.Service) (from, to color.Color, ok bool) {
	from, pinned := color.Parse(old.Spec.Selector[v1alpha1.LabelColor])
	to, pins := color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
	if !pinned || !pins || from == to || !routes(service) || !routes(old) {
		return "", "", false
	}
	return from, to, maps.Equal(withoutColor(old.Spec.Selector), withoutColor(service.Spec.Selector))
}

func isSwitch(service, old *corev1.Service) bool {
	_, _, ok := switchOf(service, old)
	return ok
}

func withoutColor(selector map[string]string) map[string]string {
	rest := maps.Clone(selector)
	delete(rest, v1alpha1.LabelColor)
	return rest
}

// eitherColor matches the pods that a Service would select with one color or the other.
func eitherColor(service *corev1.Service) (labels.Selector, error) {
	colored, err := labels.NewRequirement(v1alpha1.LabelColor, selection.In, []string{string(color.Blue), string(color.Green)})
	if err != nil {
		return nil, err
	}
	return labels.SelectorFromSet(withoutColor(service.Spec.Selector)).Add(*colored), nil
}

// bothColors reads the pods that a Service selects, and those that it would select
// with the other color, in one read. If that is too much, those that it selects are read
// once more by themselves: how many pods a color has keeps no Service from going to the
// other one.
func (g *Gatherer) bothColors(ctx context.Context, service *corev1.Service) (other, own Selected, err error) {
	c := service.Spec.Selector[v1alpha1.LabelColor]
	selector, err := eitherColor(service)
	if err != nil {
		return Selected{}, Selected{}, err
	}
	both, err := g.list(ctx, service.Namespace, client.MatchingLabelsSelector{Selector: selector}, client.Limit(4*maxPods))
	if err != nil {
		return Selected{}, Selected{}, err
	}
	other = Selected{Pods: []Pod{}, Truncated: both.Truncated, ResourceVersion: both.ResourceVersion}
	own = other
	for _, pod := range both.Pods {
		if pod.Color == c {
			own.Pods = append(own.Pods, pod)
		} else {
			other.Pods = append(other.Pods, pod)
		}
	}
	if to, named := color.Parse(c); named && both.Truncated {
		own, err = g.list(ctx, service.Namespace, ofColor(service, to)...)
	}
	return other, own, err
}

// onlyVersion is the one that all of these pods have, empty when there is no such.
func onlyVersion(selected Selected, counts func(Pod) bool) string {
	if selected.Truncated {
		return ""
	}
	only := ""
	for _, pod := range selected.Pods {
		if !counts(pod) {
			continue
		}
		if pod.Version == "" || (only != "" && pod.Version != only) {
			return ""
		}
		only = pod.Version
	}
	return only
}
