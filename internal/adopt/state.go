// Package adopt brings an application under tealgate, and out again, in steps that never
// leave its Services without ready pods. Each step reads what is there, so that whoever
// is interrupted just begins again.
package adopt

import (
	"context"
	"fmt"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// App is an application by the name that its Deployment has in Git, without a color.
// Client must not answer from a cache.
type App struct {
	Client          client.Client
	Namespace, Name string
}

// state is all that the steps decide by, as it was at one moment.
type state struct {
	mode string
	// plain is the Deployment without a color, nil where there is none; sides are those
	// with one. A Deployment of the bare name that has a color is a side.
	plain *appsv1.Deployment
	sides map[color.Color]*appsv1.Deployment
	// services send live traffic to the pods, by name.
	services []*corev1.Service
	// behind is what stands behind each of the services, by its name.
	behind map[string]*behind
	// others are Deployments of other names behind the same Services.
	others []string
	// scaler scales the plain Deployment, or a side; by the name of its target.
	scalers map[string]*autoscalingv2.HorizontalPodAutoscaler
	// previews are the Services of the role preview over the pods.
	previews []*corev1.Service
	// blueGreen is the one that has a Service of these; kind says that there is such a kind.
	blueGreen *v1alpha1.BlueGreen
	kind      bool
	// hidden says that the user may not see whether there is one.
	hidden bool
}

// guarded says that tealgate gives a Service back the color that it loses.
func (s *state) guarded() bool { return s.mode != "" && s.mode != v1alpha1.ModeAudit }

// read asks for everything anew.
func (a App) read(ctx context.Context) (*state, error) {
	s := &state{
		sides: map[color.Color]*appsv1.Deployment{}, behind: map[string]*behind{},
		scalers: map[string]*autoscalingv2.HorizontalPodAutoscaler{},
	}
	var deployments appsv1.DeploymentList
	var services corev1.ServiceList
	var scalers autoscalingv2.HorizontalPodAutoscalerList
	for _, list := range []client.ObjectList{&deployments, &services, &scalers} {
		if err := a.Client.List(ctx, list, client.InNamespace(a.Namespace)); err != nil {
			return nil, fmt.Errorf("reading namespace %s: %w", a.Namespace, err)
		}
	}
	a.sort(s, deployments.Items)
	pod := s.podLabels()
	if pod == nil {
		return nil, fmt.Errorf("namespace %s has no Deployment %s, %s-blue or %s-green", a.Namespace, a.Name, a.Name, a.Name)
	}
	for i := range services.Items {
		service := &services.Items[i]
		switch {
		case !facts.Pairs(widened(service), pod):
		case facts.CarriesTraffic(service):
			s.services = append(s.services, service)
		case service.Labels[v1alpha1.LabelRole] == v1alpha1.RolePreview:
			s.previews = append(s.previews, service)
		}
	}
	for i := range scalers.Items {
		if target := scalers.Items[i].Spec.ScaleTargetRef; target.Kind == "Deployment" {
			s.scalers[target.Name] = &scalers.Items[i]
		}
	}
	a.findOthers(s, deployments.Items)
	for _, service := range s.services {
		var err error
		if s.behind[service.Name], err = a.readBehind(ctx, service); err != nil {
			return nil, err
		}
	}
	if err := a.readBlueGreen(ctx, s); err != nil {
		return nil, err
	}
	return s, a.readMode(ctx, s)
}

// sort finds the Deployments of the application by their names.
func (a App) sort(s *state, deployments []appsv1.Deployment) {
	for i := range deployments {
		deployment := &deployments[i]
		c, colored := color.Color(""), false
		if deployment.Spec.Selector != nil {
			c, colored = color.Parse(deployment.Spec.Selector.MatchLabels[v1alpha1.LabelColor])
		}
		switch {
		case deployment.Name == a.Name && !colored:
			s.plain = deployment
		case deployment.Name == a.Name && s.sides[c] == nil, colored && deployment.Name == a.Name+"-"+string(c):
			s.sides[c] = deployment
		}
	}
}

// podLabels are those that the pods of all sides have, nil where there is no Deployment.
func (s *state) podLabels() map[string]string {
	for _, deployment := range []*appsv1.Deployment{s.plain, s.sides[color.Blue], s.sides[color.Green]} {
		if deployment != nil {
			labels := maps.Clone(deployment.Spec.Template.Labels)
			delete(labels, v1alpha1.LabelColor)
			return labels
		}
	}
	return nil
}

func (a App) findOthers(s *state, deployments []appsv1.Deployment) {
	mine := map[string]bool{a.Name: true, a.Name + "-blue": true, a.Name + "-green": true}
	for i := range deployments {
		deployment := &deployments[i]
		for _, service := range s.services {
			if !mine[deployment.Name] && facts.Pairs(widened(service), deployment.Spec.Template.Labels) {
				s.others = append(s.others, deployment.Name)
				break
			}
		}
	}
}

// readBlueGreen finds the one that switches a Service of these.
func (a App) readBlueGreen(ctx context.Context, s *state) error {
	var list v1alpha1.BlueGreenList
	err := a.Client.List(ctx, &list, client.InNamespace(a.Namespace))
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return nil
	}
	if apierrors.IsForbidden(err) {
		s.hidden = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the BlueGreens of namespace %s: %w", a.Namespace, err)
	}
	s.kind = true
	for i := range list.Items {
		for _, pair := range list.Items[i].Spec.Services {
			for _, service := range s.services {
				if pair.Name == service.Name {
					s.blueGreen = &list.Items[i]
				}
			}
		}
	}
	return nil
}

func (a App) readMode(ctx context.Context, s *state) error {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := a.Client.Get(ctx, client.ObjectKey{Name: a.Namespace}, object); err != nil {
		return fmt.Errorf("reading the mode of namespace %s: %w", a.Namespace, err)
	}
	s.mode = object.Labels[v1alpha1.LabelMode]
	return nil
}

// complete says that a Deployment has all its pods, updated and ready.
func complete(d *appsv1.Deployment) bool {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == wanted &&
		d.Status.ReadyReplicas == wanted && d.Status.Replicas == wanted
}

func names(services []*corev1.Service) string {
	all := make([]string, 0, len(services))
	for _, service := range services {
		all = append(all, service.Name)
	}
	return strings.Join(all, ", ")
}
