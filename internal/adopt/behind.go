package adopt

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/traffic"
)

// behind is what stands behind one Service: all pods that it would select without its
// color, and the endpoints that its slices name.
type behind struct {
	// ready counts ready endpoints by the color of their pods: the empty one for pods
	// without, ended for pods that are gone or about to go.
	ready map[color.Color]int
	// pods counts those that are not about to go, by their color.
	pods map[color.Color]int
	// hashes are those of the templates of pods without a color.
	hashes map[string]bool
}

// ended is in no vocabulary: it stands for pods whose color does not matter any more.
const ended = color.Color("ended")

// readBehind goes by the pods that the slices name, not by what selectors promise. A pod
// that is made between the two reads counts for nobody.
func (a App) readBehind(ctx context.Context, service *corev1.Service) (*behind, error) {
	base := maps.Clone(widened(service).Spec.Selector)
	delete(base, v1alpha1.LabelColor)
	var pods corev1.PodList
	if err := a.Client.List(ctx, &pods, client.InNamespace(a.Namespace), client.MatchingLabels(base)); err != nil {
		return nil, fmt.Errorf("reading the pods of Service %s: %w", service.Name, err)
	}
	var slices discoveryv1.EndpointSliceList
	err := a.Client.List(ctx, &slices, client.InNamespace(a.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service.Name})
	if err != nil {
		return nil, fmt.Errorf("reading the endpoints of Service %s: %w", service.Name, err)
	}
	return stand(pods.Items, slices.Items), nil
}

func stand(pods []corev1.Pod, slices []discoveryv1.EndpointSlice) *behind {
	b := &behind{ready: map[color.Color]int{}, pods: map[color.Color]int{}, hashes: map[string]bool{}}
	present := map[string]color.Color{}
	for i := range pods {
		pod := &pods[i]
		if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		c := color.Color(pod.Labels[v1alpha1.LabelColor])
		present[pod.Name] = c
		b.pods[c]++
		if c == "" {
			b.hashes[pod.Labels[traffic.TemplateHash]] = true
		}
	}
	seen := map[string]bool{}
	for i := range slices {
		for _, endpoint := range slices[i].Endpoints {
			ready := endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
			target := endpoint.TargetRef
			if !ready || target == nil || seen[target.Name] {
				continue
			}
			seen[target.Name] = true
			c, there := present[target.Name]
			if !there {
				c = ended
			}
			b.ready[c]++
		}
	}
	return b
}

// isNarrow says that the selector of a Service asks for one template of a Deployment.
func isNarrow(service *corev1.Service) bool {
	_, narrow := service.Spec.Selector[traffic.TemplateHash]
	return narrow
}

// widened is a Service without that.
func widened(service *corev1.Service) *corev1.Service {
	if !isNarrow(service) {
		return service
	}
	wide := service.DeepCopy()
	delete(wide.Spec.Selector, traffic.TemplateHash)
	return wide
}

// pods counts those of a color that are behind any of the Services and not about to go.
func (s *state) pods(c color.Color) int {
	most := 0
	for _, b := range s.behind {
		most = max(most, b.pods[c])
	}
	return most
}

// ready counts the endpoints of a color, likewise.
func (s *state) ready(c color.Color) int {
	most := 0
	for _, b := range s.behind {
		most = max(most, b.ready[c])
	}
	return most
}

// served says whether the pods without a color are ready endpoints of every Service: as
// many as their Deployment promises, and as any color has there.
func (s *state) served() bool {
	for _, b := range s.behind {
		if s.plain == nil || b.ready[""] < max(int(replicas(s.plain)), b.ready[color.Blue], b.ready[color.Green]) {
			return false
		}
	}
	return true
}

// alone says that no Service has an endpoint beside them.
func (s *state) alone() bool {
	for _, b := range s.behind {
		for c, ready := range b.ready {
			if c != "" && ready > 0 {
				return false
			}
		}
	}
	return true
}

// strangers says how many pods a Service would reach beside those of the Deployment without
// a color once it asks for none, empty for none.
func (s *state) strangers(name string) string {
	for _, service := range s.services {
		if found := s.behind[service.Name].pods[""]; s.plain != nil && found > int(replicas(s.plain)) {
			return fmt.Sprintf("%d pods without a color stand behind Service %s, and Deployment %s has only %d", found, service.Name, name, replicas(s.plain))
		}
	}
	return ""
}
