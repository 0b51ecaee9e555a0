package offline

import (
	"context"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// cluster answers what the webhooks ask a cluster, from the given objects. Nothing
// runs in it: there are no pods, no endpoints and nobody who asks.
//
// Around a Deployment it looks only at objects that share a label with it, the
// rarest of a selector, so that many applications in one namespace cost no more
// than many namespaces. It is not safe for concurrent use while objects are added.
type cluster struct {
	namespaces map[string]*namespace
}

type label struct{ key, value string }

type namespace struct {
	added       []*corev1.Service
	deployments map[label][]*member
	// services are by the rarest label of the selector by which they pair; nil
	// until somebody asks.
	services map[label][]*corev1.Service
}

// member is a Deployment that may be replaced by what the webhooks make of it.
type member struct{ deployment *appsv1.Deployment }

func newCluster() *cluster { return &cluster{namespaces: map[string]*namespace{}} }

func (c *cluster) namespace(name string) *namespace {
	if c.namespaces[name] == nil {
		c.namespaces[name] = &namespace{deployments: map[label][]*member{}}
	}
	return c.namespaces[name]
}

func (c *cluster) addService(service *corev1.Service) {
	n := c.namespace(service.Namespace)
	n.added, n.services = append(n.added, service), nil
}

func (c *cluster) addDeployment(deployment *appsv1.Deployment) *member {
	m := &member{deployment}
	n := c.namespace(deployment.Namespace)
	for key, value := range deployment.Spec.Template.Labels {
		l := label{key, value}
		n.deployments[l] = append(n.deployments[l], m)
	}
	return m
}

// replace puts a Deployment with more labels on its pods into a member's place.
func (c *cluster) replace(m *member, deployment *appsv1.Deployment) {
	n := c.namespace(deployment.Namespace)
	for key, value := range deployment.Spec.Template.Labels {
		if had, ok := m.deployment.Spec.Template.Labels[key]; !ok || had != value {
			l := label{key, value}
			n.deployments[l] = append(n.deployments[l], m)
		}
	}
	m.deployment = deployment
}

// index puts each Service where a pod that it pairs with must look.
func (n *namespace) index() {
	shared := map[label]int{}
	for _, service := range n.added {
		for key, value := range facts.PairingSelector(service) {
			shared[label{key, value}]++
		}
	}
	n.services = map[label][]*corev1.Service{}
	for _, service := range n.added {
		if l, ok := rarest(facts.PairingSelector(service), func(l label) int { return shared[l] }); ok {
			n.services[l] = append(n.services[l], service)
		}
	}
}

// rarest returns the label of a selector that the fewest share.
func rarest(selector map[string]string, count func(label) int) (label, bool) {
	var found label
	fewest := -1
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		l := label{key, selector[key]}
		if n := count(l); fewest < 0 || n < fewest {
			found, fewest = l, n
		}
	}
	return found, fewest >= 0
}

// ForDeployment implements admission.Facts.
func (c *cluster) ForDeployment(_ context.Context, deployment *appsv1.Deployment) (facts.Facts, error) {
	services, others := c.around(deployment)
	return facts.NewAround(deployment, services).Facts(others), nil
}

// around returns the Services and Deployments to look at: all that the facts are
// made of, and few others.
func (c *cluster) around(deployment *appsv1.Deployment) ([]*corev1.Service, []*appsv1.Deployment) {
	n := c.namespace(deployment.Namespace)
	if n.services == nil {
		n.index()
	}
	var services []*corev1.Service
	pod := deployment.Spec.Template.Labels
	for _, key := range slices.Sorted(maps.Keys(pod)) {
		services = append(services, n.services[label{key, pod[key]}]...)
	}
	seen := map[*member]bool{}
	var others []*appsv1.Deployment
	for _, service := range services {
		if !facts.Pairs(service, pod) {
			continue
		}
		l, _ := rarest(facts.PairingSelector(service), func(l label) int { return len(n.deployments[l]) })
		for _, m := range n.deployments[l] {
			if !seen[m] {
				seen[m] = true
				others = append(others, m.deployment)
			}
		}
	}
	return services, others
}

// ForService implements admission.Facts: no pods.
func (c *cluster) ForService(context.Context, *corev1.Service, *corev1.Service) (facts.Facts, error) {
	return facts.None(), nil
}

// Behind implements admission.Facts: a Deployment of the files is judged itself, and
// nothing is said twice.
func (c *cluster) Behind(context.Context, *corev1.Service) ([]facts.Behind, error) { return nil, nil }

// OnlyColor implements admission.Facts: a Service without pods stays as it is.
func (c *cluster) OnlyColor(context.Context, string, map[string]string) (color.Color, bool, error) {
	return "", false, nil
}

// Attached adds nothing: whether a ConfigMap or a claim that the files do not hold
// exists is not known offline, and rules pass where they cannot know.
func (c *cluster) Attached(_ context.Context, _, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	return gathered, nil
}

// RanBefore implements admission.Facts: what is created never ran.
func (c *cluster) RanBefore(context.Context, *appsv1.Deployment) (bool, error) { return false, nil }

// MayExempt implements admission.Facts: nobody asks.
func (c *cluster) MayExempt(context.Context, string, string, []string) (bool, error) {
	return false, nil
}
