package audit

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// maxUnseen bounds what is kept of what is out of sight. The rest is counted.
const maxUnseen = 1000

// sideLists are the lists of what is looked at beside Deployments and Services, as far as
// the API server has such kinds and the user may list them.
func (a *auditor) sideLists() ([]*cursor, error) {
	foreign, err := labels.Parse(foreignSlices)
	if err != nil {
		return nil, err
	}
	return []*cursor{
		a.listIfAny(blueGreens),
		a.listIfAny(ingresses),
		a.listIfAny(httpRoutes),
		a.listIfAny(endpointSlices, client.MatchingLabelsSelector{Selector: foreign}),
		a.listIfAny(statefulSets),
	}, nil
}

// listIfAny is empty where there is no such kind. Where it may not be read the result says so.
func (a *auditor) listIfAny(kind schema.GroupVersionKind, where ...client.ListOption) *cursor {
	list := a.list(kind, where...)
	what := kind.Kind + "s"
	if kind == ingresses {
		what = "Ingresses"
	}
	list.mayLack = func(err error) bool { return a.lacks(what, err) }
	return list
}

// lacks says that an error means no more than that something is not there, or not to be
// seen by this user; that is then in the result, once.
func (a *auditor) lacks(what string, err error) bool {
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return true
	}
	if !apierrors.IsForbidden(err) {
		return false
	}
	for _, known := range a.result.NotLooked {
		if known.What == what {
			return true
		}
	}
	a.result.NotLooked = append(a.result.NotLooked, NotLooked{what, err})
	return true
}

// notice takes an object that leads traffic somewhere, or that manages a Service.
func (v *visit) notice(object *unstructured.Unstructured) error {
	if object.GroupVersionKind() == blueGreens {
		blueGreen := &v1alpha1.BlueGreen{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, blueGreen); err != nil {
			return fmt.Errorf("BlueGreen %s/%s: %w", object.GetNamespace(), object.GetName(), err)
		}
		v.around.snapshot.AddBlueGreen(blueGreen)
		return nil
	}
	found, leads, err := leadOf(object)
	if err != nil {
		v.result.Unjudged = append(v.result.Unjudged, Unjudged{object.GetKind(), object.GetNamespace(), object.GetName(), err})
		return nil
	}
	if leads {
		v.leads = append(v.leads, found)
	}
	return nil
}

// look says what of a namespace is out of a webhook's sight.
func (v *visit) look(ctx context.Context) error {
	for _, lead := range v.leads {
		if lead.kind == statefulSets.Kind {
			v.unseen(lead, Unseen{Problem: OldColor})
			continue
		}
		for _, key := range lead.services {
			if err := v.follow(ctx, lead, key); err != nil {
				return err
			}
		}
	}
	for _, service := range v.services {
		if service.Spec.Type == corev1.ServiceTypeExternalName {
			if err := v.lookElsewhere(ctx, service.Namespace, service.Name, service.Spec.ExternalName); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow looks at the Service that something leads to.
func (v *visit) follow(ctx context.Context, lead lead, key string) error {
	namespace, name, _ := strings.Cut(key, "/")
	if namespace != v.name {
		// What stands beside it there is not known; its role is.
		service, err := v.get(ctx, namespace, name)
		if err != nil || service == nil || !hasRole(service) {
			return err
		}
		v.unseen(lead, Unseen{Problem: RoleBackend, Service: key})
		return nil
	}
	for _, service := range v.services {
		if service.Name != name {
			continue
		}
		if lead.kind == endpointSlices.Kind {
			if isLive(service) {
				v.unseen(lead, Unseen{Problem: ForeignSlice, Service: name})
			}
			continue
		}
		if problem, live := past(service, v.services, v.manages); problem != "" {
			v.unseen(lead, Unseen{Problem: problem, Service: name, Live: live})
		}
	}
	return nil
}

func hasRole(service *corev1.Service) bool {
	switch service.Labels[v1alpha1.LabelRole] {
	case v1alpha1.RolePreview, v1alpha1.RoleMetrics:
		return true
	default:
		return false
	}
}

func (v *visit) manages(service string) bool {
	managed, err := v.around.ManagedService(context.Background(), v.name, service)
	return err == nil && managed.By != ""
}

func (v *visit) unseen(lead lead, found Unseen) {
	found.Kind, found.Namespace, found.Name, found.By = lead.kind, v.name, lead.name, lead.by
	v.keep(found)
}

func (a *auditor) keep(found Unseen) {
	if len(a.result.Unseen) == maxUnseen {
		a.result.MoreUnseen++
		return
	}
	a.result.Unseen = append(a.result.Unseen, found)
}

// lookElsewhere says whether a Service is another name for a live one.
func (a *auditor) lookElsewhere(ctx context.Context, namespace, name, host string) error {
	targetNamespace, target, ok := inCluster(host)
	if !ok {
		return nil
	}
	service, err := a.get(ctx, targetNamespace, target)
	if err != nil || service == nil || !isLive(service) {
		return err
	}
	a.keep(Unseen{Kind: kindService, Namespace: namespace, Name: name, Problem: ExternalName, Service: targetNamespace + "/" + target})
	return nil
}

// get reads a Service; nil for none, or for one that the user may not read.
func (a *auditor) get(ctx context.Context, namespace, name string) (*corev1.Service, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pageTimeout, fmt.Errorf("no answer within %s", pageTimeout))
	defer cancel()
	service := &corev1.Service{}
	err := a.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, service)
	switch {
	case err == nil:
		return service, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case a.lacks("Services of namespace "+namespace, err):
		return nil, nil //nolint:nilnil // it is not there, or not to be seen
	default:
		return nil, err
	}
}

// lookFromElsewhere looks in other namespaces for names of the Services of this one.
func (a *auditor) lookFromElsewhere(ctx context.Context) error {
	const what = "ExternalName Services of other namespaces"
	list := &cursor{
		reader: a.Reader, kind: corev1.SchemeGroupVersion.WithKind(kindService),
		where:   []client.ListOption{client.MatchingFields{"spec.type": string(corev1.ServiceTypeExternalName)}, client.Limit(a.PageSize)},
		mayLack: func(err error) bool { return a.lacks(what, err) },
	}
	for {
		object, err := list.peek(ctx)
		if err != nil || object == nil {
			return err
		}
		namespace, name := object.GetNamespace(), object.GetName()
		host, _, err := unstructured.NestedString(object.Object, "spec", "externalName")
		if err != nil {
			return err
		}
		list.drop()
		if target, _, ok := inCluster(host); !ok || target != a.Namespace || namespace == a.Namespace {
			continue
		}
		if err := a.lookElsewhere(ctx, namespace, name, host); err != nil {
			return err
		}
	}
}
