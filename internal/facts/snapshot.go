package facts

import (
	"context"
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Snapshot holds Deployments, Services and BlueGreens in memory and works out the facts
// of a Deployment from them, as Gatherer does from a cache.
//
// Around a Deployment it looks only at objects that share a label with it, the
// rarest of a selector, so that many applications in one namespace cost no more
// than many namespaces. It is safe for concurrent use; the objects are not copied
// and must not be changed.
type Snapshot struct {
	mutex      sync.Mutex
	namespaces map[string]*namespace
}

type label struct{ key, value string }

type namespace struct {
	added       []*corev1.Service
	deployments map[label][]*Member
	// services are by the rarest label of the selector by which they pair; nil
	// until somebody asks.
	services map[label][]*corev1.Service
	// blueGreens are those that are there to stay, the oldest first.
	blueGreens []*v1alpha1.BlueGreen
}

// Member is the place of a Deployment in a Snapshot.
type Member struct{ deployment *appsv1.Deployment }

// NewSnapshot returns a Snapshot of nothing.
func NewSnapshot() *Snapshot { return &Snapshot{namespaces: map[string]*namespace{}} }

func (s *Snapshot) namespace(name string) *namespace {
	if s.namespaces[name] == nil {
		s.namespaces[name] = &namespace{deployments: map[label][]*Member{}}
	}
	return s.namespaces[name]
}

// AddService adds a Service.
func (s *Snapshot) AddService(service *corev1.Service) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := s.namespace(service.Namespace)
	n.added, n.services = append(n.added, service), nil
}

// AddBlueGreen adds a BlueGreen. One that is being deleted manages nothing.
func (s *Snapshot) AddBlueGreen(blueGreen *v1alpha1.BlueGreen) {
	if blueGreen.DeletionTimestamp != nil {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := s.namespace(blueGreen.Namespace)
	n.blueGreens = append(n.blueGreens, blueGreen)
	slices.SortStableFunc(n.blueGreens, OlderBlueGreen)
}

// ManagedPods says which BlueGreen moves a Service in front of pods with these labels.
func (s *Snapshot) ManagedPods(_ context.Context, namespace string, pod map[string]string) (Managed, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := s.namespace(namespace)
	if len(n.blueGreens) == 0 {
		return Managed{}, nil
	}
	return managedPods(n.blueGreens, n.added, pod), nil
}

// ManagedService says which BlueGreen moves a Service.
func (s *Snapshot) ManagedService(_ context.Context, namespace, name string) (Managed, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return managedService(s.namespace(namespace).blueGreens, name), nil
}

// AddDeployment adds a Deployment and returns its place.
func (s *Snapshot) AddDeployment(deployment *appsv1.Deployment) *Member {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	m := &Member{deployment}
	n := s.namespace(deployment.Namespace)
	for key, value := range deployment.Spec.Template.Labels {
		l := label{key, value}
		n.deployments[l] = append(n.deployments[l], m)
	}
	return m
}

// Replace puts what a Deployment has become into its place. Labels may have been
// added to its pods, and none taken away.
func (s *Snapshot) Replace(m *Member, deployment *appsv1.Deployment) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := s.namespace(deployment.Namespace)
	for key, value := range deployment.Spec.Template.Labels {
		if had, ok := m.deployment.Spec.Template.Labels[key]; !ok || had != value {
			l := label{key, value}
			n.deployments[l] = append(n.deployments[l], m)
		}
	}
	m.deployment = deployment
}

// Around returns the facts of a Deployment, whether it was added or not.
func (s *Snapshot) Around(deployment *appsv1.Deployment) Facts {
	services, others := s.near(deployment)
	return NewAround(deployment, services).Facts(others)
}

// AroundMember returns the facts of a Deployment that was added, as it is now.
func (s *Snapshot) AroundMember(m *Member) Facts {
	s.mutex.Lock()
	deployment := m.deployment
	s.mutex.Unlock()
	return s.Around(deployment)
}

// near returns the Services and Deployments to look at: all that the facts are
// made of, and few others.
func (s *Snapshot) near(deployment *appsv1.Deployment) ([]*corev1.Service, []*appsv1.Deployment) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := s.namespace(deployment.Namespace)
	if n.services == nil {
		n.index()
	}
	var services []*corev1.Service
	pod := deployment.Spec.Template.Labels
	for _, key := range slices.Sorted(maps.Keys(pod)) {
		services = append(services, n.services[label{key, pod[key]}]...)
	}
	seen := map[*Member]bool{}
	var others []*appsv1.Deployment
	for _, service := range services {
		if !Pairs(service, pod) {
			continue
		}
		l, _ := rarest(PairingSelector(service), func(l label) int { return len(n.deployments[l]) })
		for _, m := range n.deployments[l] {
			if !seen[m] {
				seen[m] = true
				others = append(others, m.deployment)
			}
		}
	}
	return services, others
}

// index puts each Service where a pod that it pairs with must look.
func (n *namespace) index() {
	shared := map[label]int{}
	for _, service := range n.added {
		for key, value := range PairingSelector(service) {
			shared[label{key, value}]++
		}
	}
	n.services = map[label][]*corev1.Service{}
	for _, service := range n.added {
		if l, ok := rarest(PairingSelector(service), func(l label) int { return shared[l] }); ok {
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
