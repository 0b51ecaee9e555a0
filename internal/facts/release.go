package facts

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// Bounds of one live read.
const (
	maxDeployments = 500
	maxAutoscalers = 500
)

// ServicePair names a live Service and the preview beside it, "" without one.
type ServicePair struct{ Live, Preview string }

// Surroundings are what a release decides by, as far as the cluster knows it. All of it was
// read live, one object after another: what decides is compared again when it is written.
type Surroundings struct {
	Services    []release.Service
	Deployments []release.Deployment
	// Objects are the Services that exist, live ones and previews, by name.
	Objects map[string]*corev1.Service
	// Workloads are the objects of Deployments, by name.
	Workloads map[string]*appsv1.Deployment
	// Pods are the problems of pods that are not ready, by color.
	Pods map[color.Color][]string
}

// ForRelease reads what stands around a release: for each Service itself, its pods of both
// colors and its EndpointSlices, the same of its preview, and once the coloured
// Deployments, their ReplicaSets and HorizontalPodAutoscalers of the namespace. A read
// that would return more than its bound is an error: half of them decide nothing. Only a color
// with too many pods keeps none but itself from traffic.
func (g *Gatherer) ForRelease(ctx context.Context, namespace string, pairs []ServicePair) (*Surroundings, error) {
	s := &Surroundings{
		Objects: map[string]*corev1.Service{}, Workloads: map[string]*appsv1.Deployment{}, Pods: map[color.Color][]string{},
	}
	selected := map[string]*corev1.Pod{}
	for _, pair := range pairs {
		service, pods, err := g.releaseService(ctx, namespace, pair, s.Objects)
		if err != nil {
			return nil, err
		}
		s.Services = append(s.Services, *service)
		for i := range pods {
			selected[pods[i].Name] = &pods[i]
		}
	}
	if err := g.releaseDeployments(ctx, namespace, s, selected); err != nil {
		return nil, err
	}
	return s, nil
}

// releaseService reads one Service and what is behind it.
func (g *Gatherer) releaseService(ctx context.Context, namespace string, pair ServicePair, objects map[string]*corev1.Service) (*release.Service, []corev1.Pod, error) {
	found := &release.Service{Name: pair.Live}
	if pair.Preview != "" {
		found.Preview = &release.Preview{Name: pair.Preview, Missing: true}
	}
	service, err := g.service(ctx, namespace, pair.Live, objects)
	if err != nil {
		return nil, nil, err
	}
	var pods []corev1.Pod
	if service != nil && routes(service) {
		found.Color, _ = color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
		sides, err := g.colored(ctx, service)
		if err != nil {
			return nil, nil, err
		}
		pods = all(sides)
		found.Ready = readyByColor(pods)
		endpoints, err := g.endpoints(ctx, namespace, pair.Live)
		if err != nil {
			return nil, nil, err
		}
		found.Serving = servingByColor(endpoints, sides)
		found.Unfit = unfitByColor(service, sides, endpoints)
	}
	if pair.Preview == "" {
		return found, pods, nil
	}
	preview, err := g.service(ctx, namespace, pair.Preview, objects)
	if err != nil || preview == nil {
		return found, pods, err
	}
	shown, err := g.preview(ctx, preview)
	found.Preview = shown
	return found, pods, err
}

func (g *Gatherer) preview(ctx context.Context, service *corev1.Service) (*release.Preview, error) {
	shown := &release.Preview{Name: service.Name}
	if !routes(service) {
		return shown, nil
	}
	shown.Color, _ = color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
	sides, err := g.colored(ctx, service)
	if err != nil {
		return nil, err
	}
	endpoints, err := g.endpoints(ctx, service.Namespace, service.Name)
	if err != nil {
		return nil, err
	}
	shown.Serving = servingByColor(endpoints, sides)
	return shown, nil
}

// service reads one Service, nil if there is none or it is on its way out.
func (g *Gatherer) service(ctx context.Context, namespace, name string, objects map[string]*corev1.Service) (*corev1.Service, error) {
	service := &corev1.Service{}
	err := g.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, service)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // That there is none is an answer.
	case err != nil:
		return nil, fmt.Errorf("reading Service %s/%s: %w", namespace, name, err)
	case service.DeletionTimestamp != nil:
		return nil, nil //nolint:nilnil // As above.
	}
	objects[name] = service
	return service, nil
}

// releaseDeployments reads the coloured Deployments whose pods one of the Services would
// select, and those of their counterparts that have no pods.
func (g *Gatherer) releaseDeployments(ctx context.Context, namespace string, s *Surroundings, pods map[string]*corev1.Pod) error {
	in, colored := client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelColor}
	var deployments appsv1.DeploymentList
	var replicaSets appsv1.ReplicaSetList
	var autoscalers autoscalingv2.HorizontalPodAutoscalerList
	for _, read := range []struct {
		list    client.ObjectList
		what    string
		options []client.ListOption
	}{
		{&deployments, "Deployments", []client.ListOption{in, colored, client.Limit(maxDeployments)}},
		{&replicaSets, "ReplicaSets", []client.ListOption{in, colored, client.Limit(10 * maxDeployments)}},
		{&autoscalers, "HorizontalPodAutoscalers", []client.ListOption{in, client.Limit(maxAutoscalers)}},
	} {
		if err := g.live.List(ctx, read.list, read.options...); err != nil {
			return fmt.Errorf("reading the %s of namespace %s: %w", read.what, namespace, err)
		}
		if read.list.GetContinue() != "" {
			return fmt.Errorf("namespace %s has more %s than one read returns", namespace, read.what)
		}
	}
	for i := range deployments.Items {
		deployment := &deployments.Items[i]
		if c, ok := color.Parse(deployment.Spec.Template.Labels[v1alpha1.LabelColor]); ok && s.behind(deployment) {
			s.Deployments = append(s.Deployments, releaseDeployment(deployment, c, replicaSets.Items, autoscalers.Items, pods))
			s.Workloads[deployment.Name] = deployment
		}
	}
	for _, pod := range pods {
		if fact := podFact(pod); !fact.Ready {
			c := color.Color(fact.Color)
			s.Pods[c] = append(s.Pods[c], pod.Name+" "+fact.Problem)
		}
	}
	return nil
}

// behind says whether one of the live Services would select the pods of a Deployment, taken
// without its color.
func (s *Surroundings) behind(deployment *appsv1.Deployment) bool {
	for i := range s.Services {
		if service := s.Objects[s.Services[i].Name]; service != nil && Pairs(service, deployment.Spec.Template.Labels) {
			return true
		}
	}
	return false
}
