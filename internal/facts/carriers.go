package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Bounds of what is read for one Deployment. Past one nothing is decided: which of
// the Services carries traffic must not depend on their names.
const (
	maxCarriers      = 100
	maxCarrierSlices = 500
)

// Touched is which pods an update of a Deployment is about, by their labels.
type Touched struct {
	// Leaving are pods that are replaced or taken away; nil for none.
	Leaving map[string]string
	// Coming are pods that get other labels than they had; nil for none. They had those
	// of Before, nil for pods that are new.
	Coming, Before map[string]string
}

// Traffic adds the Services without a role in front of these pods, and what stands behind
// each: those that send traffic to the pods that leave, and those that would send it to the
// ones that come and did not before. One live read for all of them, none
// without such.
func (g *Gatherer) Traffic(ctx context.Context, namespace string, touched Touched, gathered Facts) (Facts, error) {
	if touched.Leaving == nil && touched.Coming == nil {
		return gathered, nil
	}
	services, err := g.cachedServices(ctx, namespace)
	if err != nil {
		return Facts{}, err
	}
	carries := func(service *corev1.Service) bool { return Selects(service, touched.Leaving) }
	opens := func(service *corev1.Service) bool {
		return Selects(service, touched.Coming) && (touched.Before == nil || !Selects(service, touched.Before))
	}
	either := slices.DeleteFunc(services, func(service *corev1.Service) bool {
		return !CarriesTraffic(service) || (!carries(service) && !opens(service))
	})
	found, err := g.behindEach(ctx, namespace, either)
	if err != nil {
		return Facts{}, err
	}
	gathered.Reads += min(1, len(either))
	for i, service := range either {
		if carries(service) {
			gathered.Live = append(gathered.Live, found[i])
		}
		if opens(service) {
			gathered.Doors = append(gathered.Doors, found[i])
		}
	}
	return gathered, nil
}

// behindEach sorts Services of one namespace by name and reads what stands behind each, all
// in one live read.
func (g *Gatherer) behindEach(ctx context.Context, namespace string, services []*corev1.Service) ([]Carrier, error) {
	if len(services) == 0 {
		return []Carrier{}, nil
	}
	if len(services) > maxCarriers {
		return nil, fmt.Errorf("more than %d Services of namespace %s send traffic to the same pods", maxCarriers, namespace)
	}
	slices.SortFunc(services, func(a, b *corev1.Service) int { return strings.Compare(a.Name, b.Name) })
	names := make([]string, len(services))
	for i, service := range services {
		names[i] = service.Name
	}
	ofThem, err := labels.NewRequirement(discoveryv1.LabelServiceName, selection.In, names)
	if err != nil {
		return nil, fmt.Errorf("selecting the EndpointSlices of namespace %s: %w", namespace, err)
	}
	var endpoints discoveryv1.EndpointSliceList
	err = g.live.List(ctx, &endpoints, client.InNamespace(namespace),
		client.MatchingLabelsSelector{Selector: labels.NewSelector().Add(*ofThem)}, client.Limit(maxCarrierSlices))
	if err != nil {
		return nil, fmt.Errorf("reading the EndpointSlices of namespace %s: %w", namespace, err)
	}
	if endpoints.Continue != "" {
		return nil, fmt.Errorf("there are more than %d EndpointSlices of Services %s in namespace %s",
			maxCarrierSlices, strings.Join(names, ", "), namespace)
	}
	byService := map[string][]discoveryv1.EndpointSlice{}
	for _, slice := range endpoints.Items {
		name := slice.Labels[discoveryv1.LabelServiceName]
		byService[name] = append(byService[name], slice)
	}
	found := make([]Carrier, len(services))
	for i, service := range services {
		serving := servingFact(byService[service.Name])
		found[i] = Carrier{
			Name: service.Name, Color: service.Spec.Selector[v1alpha1.LabelColor], Ready: serving.Ready,
			Workloads: workloads(serving.Pods), Selector: service.Spec.Selector,
		}
	}
	return found, nil
}

// CarriersNow returns the Services without a role that send traffic to pods with these
// labels, which are about to go, and what stands behind each. The Services of their
// namespace are read live as well, unlike for Traffic: one that was deleted or moved a moment ago is still
// in the cache as it was. A Service that is being deleted carries nothing that is to be
// kept. Two live reads, none where no Service is of their application.
func (g *Gatherer) CarriersNow(ctx context.Context, namespace string, pod map[string]string) ([]Carrier, error) {
	known, err := g.paired(ctx, namespace, pod)
	if err != nil || !known {
		return []Carrier{}, err
	}
	services, _, err := g.liveServices(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return g.behindEach(ctx, namespace, slices.DeleteFunc(services, func(service *corev1.Service) bool {
		return service.DeletionTimestamp != nil || !CarriesTraffic(service) || !Selects(service, pod)
	}))
}

// paired says whether a Service without a role selects pods with these labels, or would
// with another color. Cached.
func (g *Gatherer) paired(ctx context.Context, namespace string, pod map[string]string) (bool, error) {
	services, err := g.cachedServices(ctx, namespace)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(services, func(service *corev1.Service) bool {
		return CarriesTraffic(service) && Pairs(service, pod)
	}), nil
}

// workloads guesses the owners of pods from their names.
func workloads(pods []string) []string {
	names := []string{}
	for _, pod := range pods {
		name := pod
		for range 2 { // the pod's own ending, and the hash of its ReplicaSet
			if i := strings.LastIndexByte(name, '-'); i > 0 {
				name = name[:i]
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Scaled is what a Scale is judged by of its Deployment.
type Scaled struct {
	// Pod are the labels of its pods.
	Pod map[string]string
	// Exempt is its annotation tealgate.dev/exempt.
	Exempt string
}

// Scaled returns what the cache knows of a Deployment, or the API server when the cache
// does not have it yet; nil when there is none. One live read at most.
func (g *Gatherer) Scaled(ctx context.Context, namespace, name string) (*Scaled, error) {
	for _, reader := range []client.Reader{g.cached, g.live} {
		deployment := &appsv1.Deployment{}
		err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, deployment)
		if err == nil {
			return &Scaled{Pod: deployment.Spec.Template.Labels, Exempt: deployment.Annotations[v1alpha1.AnnotationExempt]}, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("reading Deployment %s/%s: %w", namespace, name, err)
		}
	}
	return nil, nil //nolint:nilnil // nothing is there, and nothing went wrong
}

// Terminating says whether a namespace is being deleted. One live read.
func (g *Gatherer) Terminating(ctx context.Context, namespace string) (bool, error) {
	object := NamespaceMetadata()
	if err := g.live.Get(ctx, client.ObjectKey{Name: namespace}, object); err != nil {
		return false, fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	return object.DeletionTimestamp != nil, nil
}
