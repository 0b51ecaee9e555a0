package render

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// State is what is in a namespace.
type State struct {
	Services    []corev1.Service
	Deployments []appsv1.Deployment
	Autoscalers []autoscalingv2.HorizontalPodAutoscaler
	// Restores says that tealgate gives a Service there back the color that an update
	// takes from it.
	Restores bool
}

// pinnedTo is the color that a Service of the cluster selects.
func (s *State) pinnedTo(name string) (color.Color, bool) {
	for i := range s.Services {
		if s.Services[i].Name == name {
			return color.Parse(s.Services[i].Spec.Selector[v1alpha1.LabelColor])
		}
	}
	return "", false
}

// Live reads a cluster. Client is required; it is asked four times for a namespace.
type Live struct{ Client client.Reader }

// State implements Cluster. Who may not read the namespace itself is answered as if
// tealgate were not there; what else may not be read is an error, because an autoscaler
// or a Service that nobody sees would be decided against.
func (l Live) State(ctx context.Context, name string) (*State, error) {
	var services corev1.ServiceList
	var deployments appsv1.DeploymentList
	var autoscalers autoscalingv2.HorizontalPodAutoscalerList
	for _, list := range []client.ObjectList{&services, &deployments, &autoscalers} {
		if err := l.Client.List(ctx, list, client.InNamespace(name)); err != nil {
			return nil, fmt.Errorf("asking for the idle color in namespace %s: %w", name, err)
		}
	}
	mode, err := l.mode(ctx, name)
	if err != nil {
		return nil, err
	}
	return &State{
		Services: services.Items, Deployments: deployments.Items, Autoscalers: autoscalers.Items,
		Restores: mode != "" && mode != v1alpha1.ModeAudit,
	}, nil
}

func (l Live) mode(ctx context.Context, name string) (string, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := l.Client.Get(ctx, client.ObjectKey{Name: name}, object)
	if err != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("reading the mode of namespace %s: %w", name, err)
	}
	return object.Labels[v1alpha1.LabelMode], nil
}
