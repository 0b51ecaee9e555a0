package audit

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// Unseen is something that leads traffic past a live Service where no webhook on Services
// sees it.
type Unseen struct {
	Kind, Namespace, Name string
	Problem               Problem
	// Service is the one that the object leads to, as namespace/name where that is another
	// namespace; Live is the live one beside it. By is what stands in a label: who writes an
	// EndpointSlice, or the color of a StatefulSet.
	Service, Live, By string
}

// Problem says what is unseen.
type Problem string

// The problems.
const (
	// RoleBackend is a route to a preview or metrics Service.
	RoleBackend Problem = "role-backend"
	// ColorBackend is a route to a Service that stays on its color when the live one moves.
	ColorBackend Problem = "color-backend"
	// ExternalName is a second name for a live Service.
	ExternalName Problem = "external-name"
	// ForeignSlice holds endpoints of a live Service that its selector did not choose.
	ForeignSlice Problem = "foreign-slice"
	// OldColor is a color from before the mode was set, on what is no Deployment.
	OldColor Problem = "old-color"
)

// The kinds that are looked at beside Deployments and Services.
var (
	ingresses      = networkingv1.SchemeGroupVersion.WithKind("Ingress")
	httpRoutes     = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	endpointSlices = discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice")
	statefulSets   = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}
	blueGreens     = v1alpha1.GroupVersion.WithKind("BlueGreen")
)

// sliceController writes the EndpointSlices of Services with a selector.
const sliceController = "endpointslice-controller.k8s.io"

// foreignSlices are those of Services that another one writes.
const foreignSlices = discoveryv1.LabelServiceName + "," + discoveryv1.LabelManagedBy + "!=" + sliceController

// lead is what an object leads traffic to, by the little that is kept of it.
type lead struct {
	kind, name string
	// services are the backends of a route, as namespace/name.
	services []string
	// by is what Unseen says.
	by string
}

// leadOf reads an object. It returns false for one that leads nowhere.
func leadOf(object *unstructured.Unstructured) (lead, bool, error) {
	l := lead{kind: object.GetKind(), name: object.GetName()}
	labels := object.GetLabels()
	var err error
	switch object.GroupVersionKind() {
	case ingresses:
		l.services, err = ingressBackends(object)
	case httpRoutes:
		l.services, err = routeBackends(object)
	case endpointSlices:
		l.services = []string{object.GetNamespace() + "/" + labels[discoveryv1.LabelServiceName]}
		l.by = labels[discoveryv1.LabelManagedBy]
	case statefulSets:
		l.by, _, err = unstructured.NestedString(object.Object, "spec", "template", "metadata", "labels", v1alpha1.LabelColor)
		return l, l.by != "", err
	}
	return l, len(l.services) > 0, err
}

func ingressBackends(object *unstructured.Unstructured) ([]string, error) {
	ingress := &networkingv1.Ingress{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, ingress); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	add := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil {
			found[object.GetNamespace()+"/"+backend.Service.Name] = true
		}
	}
	add(ingress.Spec.DefaultBackend)
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for i := range rule.HTTP.Paths {
			add(&rule.HTTP.Paths[i].Backend)
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// httpRoute is what counts of one.
type httpRoute struct {
	Spec struct {
		Rules []struct {
			BackendRefs []struct {
				Group     string `json:"group"`
				Kind      string `json:"kind"`
				Namespace string `json:"namespace"`
				Name      string `json:"name"`
			} `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
}

func routeBackends(object *unstructured.Unstructured) ([]string, error) {
	route := &httpRoute{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, route); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			if backend.Group != "" || (backend.Kind != "" && backend.Kind != kindService) {
				continue
			}
			namespace := backend.Namespace
			if namespace == "" {
				namespace = object.GetNamespace()
			}
			found[namespace+"/"+backend.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// isLive says that a Service sends live traffic to one color.
func isLive(service *corev1.Service) bool {
	_, pinned := color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
	return pinned && facts.CarriesTraffic(service) && facts.PairingSelector(service) != nil
}

// past says by what a route to a Service passes the live one of its application, among
// all Services of the namespace. Of two Services that each name a color the live one is the
// one that a BlueGreen moves, else the one that is not named like a color. Where neither
// tells, nothing is said.
func past(backend *corev1.Service, services []*corev1.Service, managed func(name string) bool) (Problem, string) {
	for _, other := range services {
		if other.Name == backend.Name || !isLive(other) || !facts.Pairs(other, backend.Spec.Selector) {
			continue
		}
		if !facts.CarriesTraffic(backend) {
			return RoleBackend, other.Name
		}
		_, named := color.FromName(backend.Name)
		_, otherNamed := color.FromName(other.Name)
		moves, otherMoves := managed(backend.Name), managed(other.Name)
		if isLive(backend) && ((otherMoves && !moves) || (otherMoves == moves && named && !otherNamed)) {
			return ColorBackend, other.Name
		}
	}
	return "", ""
}

// inCluster reads the Service that a name of a cluster's DNS is about.
func inCluster(host string) (namespace, name string, ok bool) {
	parts := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	if len(parts) < 3 || parts[2] != "svc" {
		return "", "", false
	}
	return parts[1], parts[0], true
}
