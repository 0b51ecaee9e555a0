package facts

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	netutils "k8s.io/utils/net"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// oneSide is what stands behind a Service in one color.
type oneSide struct {
	pods []corev1.Pod
	// more says that it has more pods than are read.
	more bool
}

// colored reads the pods that a Service would select with each color. No color keeps another
// from being read, however many pods it has: of one that has too many, some are known.
func (g *Gatherer) colored(ctx context.Context, service *corev1.Service) (map[color.Color]oneSide, error) {
	sides := map[color.Color]oneSide{}
	for _, c := range []color.Color{color.Blue, color.Green} {
		var pods corev1.PodList
		if err := g.live.List(ctx, &pods, ofColor(service, c)...); err != nil {
			return nil, fmt.Errorf("reading the %s pods of Service %s/%s: %w", c, service.Namespace, service.Name, err)
		}
		sides[c] = oneSide{pods: pods.Items, more: pods.Continue != ""}
	}
	return sides, nil
}

// ofColor asks for the pods that a Service would select with a color, those left out that have
// ended: thousands of evicted ones say nothing about what serves.
func ofColor(service *corev1.Service, c color.Color) []client.ListOption {
	selector := withoutColor(service.Spec.Selector)
	selector[v1alpha1.LabelColor] = string(c)
	return []client.ListOption{
		client.InNamespace(service.Namespace), client.MatchingLabels(selector), unended(), client.Limit(2 * maxPods),
	}
}

// unended leaves out pods that have ended.
func unended() client.ListOption {
	return client.MatchingFieldsSelector{Selector: fields.AndSelectors(
		fields.OneTermNotEqualSelector("status.phase", string(corev1.PodSucceeded)),
		fields.OneTermNotEqualSelector("status.phase", string(corev1.PodFailed)),
	)}
}

// all are the pods of both colors.
func all(sides map[color.Color]oneSide) []corev1.Pod {
	return slices.Concat(sides[color.Blue].pods, sides[color.Green].pods)
}

// endpoints reads the EndpointSlices of a Service.
func (g *Gatherer) endpoints(ctx context.Context, namespace, name string) ([]discoveryv1.EndpointSlice, error) {
	var found discoveryv1.EndpointSliceList
	err := g.live.List(ctx, &found, client.InNamespace(namespace),
		client.MatchingLabels{discoveryv1.LabelServiceName: name}, client.Limit(maxSlices))
	if err != nil {
		return nil, fmt.Errorf("reading the EndpointSlices of Service %s/%s: %w", namespace, name, err)
	}
	if found.Continue != "" {
		return nil, fmt.Errorf("Service %s/%s has more than %d EndpointSlices", namespace, name, maxSlices)
	}
	return found.Items, nil
}

func colorOf(pod *corev1.Pod) color.Color {
	c, _ := color.Parse(pod.Labels[v1alpha1.LabelColor])
	return c
}

func takesTraffic(pod *corev1.Pod) bool { return pod.DeletionTimestamp == nil && podReady(pod) }

func readyByColor(pods []corev1.Pod) map[color.Color]int {
	ready := map[color.Color]int{}
	for i := range pods {
		if takesTraffic(&pods[i]) {
			ready[colorOf(&pods[i])]++
		}
	}
	return ready
}

// servingByColor counts the ready endpoints by the color of their pods, each pod once. An
// endpoint belongs to a pod by the uid that its slice names: a pod that was made again
// under the same name is another. What belongs to no pod that was read has no color, and
// may be of each color that has more pods than were read.
func servingByColor(found []discoveryv1.EndpointSlice, sides map[color.Color]oneSide) map[color.Color]int {
	colors := map[types.UID]color.Color{}
	for c, side := range sides {
		for i := range side.pods {
			colors[side.pods[i].UID] = c
		}
	}
	seen := map[string]bool{}
	serving := map[color.Color]int{}
	eachReady(found, func(endpoint *discoveryv1.Endpoint) {
		key, c := "", color.Color("")
		switch target := endpoint.TargetRef; {
		case target != nil && target.Kind == "Pod":
			key, c = string(target.UID), colors[target.UID]
		case len(endpoint.Addresses) > 0:
			key = endpoint.Addresses[0]
		}
		if !seen[key] {
			seen[key] = true
			serving[c]++
		}
	})
	for c, side := range sides {
		if side.more && serving[""] > 0 {
			serving[c] += serving[""]
		}
	}
	return serving
}

// eachReady visits the endpoints that traffic goes to.
func eachReady(found []discoveryv1.EndpointSlice, visit func(*discoveryv1.Endpoint)) {
	for i := range found {
		for j := range found[i].Endpoints {
			endpoint := &found[i].Endpoints[j]
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				visit(endpoint)
			}
		}
	}
}

// unfitByColor says why a color could not carry the traffic of a Service although its pods
// are ready: a named port, an address family or a node that they do not have, or more pods
// than are read.
func unfitByColor(service *corev1.Service, sides map[color.Color]oneSide, found []discoveryv1.EndpointSlice) map[color.Color][]string {
	unfit := map[color.Color][]string{}
	for c, side := range sides {
		var taking []*corev1.Pod
		for i := range side.pods {
			if takesTraffic(&side.pods[i]) {
				taking = append(taking, &side.pods[i])
			}
		}
		if len(taking) > 0 {
			unfit[c] = slices.Concat(missingPorts(service, taking), missingFamilies(service, taking), missingNodes(service, taking, found))
		}
		if side.more {
			unfit[c] = append(unfit[c], fmt.Sprintf("%s has more than %d pods, and tealgate looks at no more", c, 2*maxPods))
		}
	}
	return unfit
}

func missingPorts(service *corev1.Service, pods []*corev1.Pod) []string {
	var missing []string
	for _, port := range service.Spec.Ports {
		name := port.TargetPort.StrVal
		for _, pod := range pods {
			if name != "" && !slices.Contains(portNames(pod), name) {
				missing = append(missing, fmt.Sprintf("pod %s has no port named %s", pod.Name, name))
				break
			}
		}
	}
	return missing
}

func missingFamilies(service *corev1.Service, pods []*corev1.Pod) []string {
	var missing []string
	for _, family := range service.Spec.IPFamilies {
		for _, pod := range pods {
			has := slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool {
				return netutils.IsIPv6String(ip.IP) == (family == corev1.IPv6Protocol)
			})
			if !has {
				missing = append(missing, fmt.Sprintf("pod %s has no %s address", pod.Name, family))
				break
			}
		}
	}
	return missing
}

// missingNodes are those that have an endpoint now and would have none: with a traffic
// policy of Local, what arrives there would be dropped.
func missingNodes(service *corev1.Service, pods []*corev1.Pod, found []discoveryv1.EndpointSlice) []string {
	local := service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal ||
		(service.Spec.InternalTrafficPolicy != nil && *service.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal)
	if !local {
		return nil
	}
	covered := map[string]bool{}
	for _, pod := range pods {
		covered[pod.Spec.NodeName] = true
	}
	var missing []string
	eachReady(found, func(endpoint *discoveryv1.Endpoint) {
		if node := endpoint.NodeName; node != nil && !covered[*node] {
			covered[*node] = true
			missing = append(missing, fmt.Sprintf("node %s would have no pod, and the traffic policy is Local", *node))
		}
	})
	slices.Sort(missing)
	return missing
}
