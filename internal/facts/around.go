package facts

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Around works out the facts of a Deployment from the objects of its namespace,
// wherever those come from. It is pure.
type Around struct {
	deployment *appsv1.Deployment
	pairing    []*corev1.Service
}

// NewAround takes all Services of the namespace, or at least those that pair with
// the Deployment's pods.
func NewAround(deployment *appsv1.Deployment, services []*corev1.Service) Around {
	pod := deployment.Spec.Template.Labels
	around := Around{deployment: deployment}
	for _, service := range services {
		if Pairs(service, pod) {
			around.pairing = append(around.pairing, service)
		}
	}
	slices.SortStableFunc(around.pairing, func(a, b *corev1.Service) int { return strings.Compare(a.Name, b.Name) })
	return around
}

// NeedsOthers says whether Facts looks at Deployments at all.
func (a Around) NeedsOthers() bool { return len(a.pairing) > 0 }

// Facts takes all Deployments of the namespace, or at least those that a pairing
// Service would match.
func (a Around) Facts(deployments []*appsv1.Deployment) Facts {
	facts := None()
	for _, service := range a.pairing {
		facts.Services = append(facts.Services, serviceFact(service))
	}
	for _, other := range deployments {
		labels := other.Spec.Template.Labels
		if other.Name == a.deployment.Name || !slices.ContainsFunc(a.pairing, func(s *corev1.Service) bool { return Pairs(s, labels) }) {
			continue
		}
		live := slices.ContainsFunc(a.pairing, func(s *corev1.Service) bool { return CarriesTraffic(s) && Selects(s, labels) })
		facts.Pair = append(facts.Pair, deploymentFact(other, live))
	}
	slices.SortStableFunc(facts.Pair, func(a, b Deployment) int { return strings.Compare(a.Name, b.Name) })
	return facts
}

// PairingSelector is the selector by which a Service pairs; nil for one that
// pairs with nothing.
func PairingSelector(service *corev1.Service) map[string]string {
	if !routes(service) {
		return nil
	}
	return colorless(service.Spec.Selector)
}
