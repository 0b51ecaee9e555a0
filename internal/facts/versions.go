package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// SideBySide returns the applications of a namespace whose pods are of more than one
// version. Pods that end still work and count, those that have ended do not. One live read.
func (g *Gatherer) SideBySide(ctx context.Context, namespace string) ([]Versions, error) {
	var pods corev1.PodList
	err := g.live.List(ctx, &pods, client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelColor}, client.Limit(maxPods))
	if err != nil {
		return nil, fmt.Errorf("reading the pods of namespace %s: %w", namespace, err)
	}
	if pods.Continue != "" {
		return nil, fmt.Errorf("namespace %s has more than %d pods with a color, and tealgate looks at no more", namespace, maxPods)
	}
	services, err := g.cachedServices(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return sideBySide(services, pods.Items), nil
}

func sideBySide(services []*corev1.Service, pods []corev1.Pod) []Versions {
	found := []Versions{}
	for _, service := range services {
		if !CarriesTraffic(service) {
			continue
		}
		names := []string{}
		for i := range pods {
			ended := pods[i].Status.Phase == corev1.PodSucceeded || pods[i].Status.Phase == corev1.PodFailed
			version := Version(pods[i].Labels)
			if !ended && Pairs(service, pods[i].Labels) && !slices.Contains(names, version) {
				names = append(names, version)
			}
		}
		if len(names) > 1 {
			slices.Sort(names)
			found = append(found, Versions{Service: service.Name, Versions: names})
		}
	}
	slices.SortFunc(found, func(a, b Versions) int { return strings.Compare(a.Service, b.Service) })
	return found
}
