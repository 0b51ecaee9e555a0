// Package render makes, of the one manifest that Git has, the manifest of the color to
// deploy to. It decides by what the cluster shows and edits the text that was read;
// nothing is written to the cluster.
package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/offline"
)

// Cluster tells what is in a namespace.
type Cluster interface {
	State(ctx context.Context, namespace string) (*State, error)
}

// Options say how to render. Either Cluster or Color is required.
type Options struct {
	// Cluster decides about the color. It is not asked where Color is given.
	Cluster Cluster
	// Color is the one that a person chose.
	Color color.Color
	// Helm adds what keeps Helm from deleting the other color, whose name leaves the
	// release.
	Helm bool
}

// Problem is why one object cannot be rendered.
type Problem struct {
	Object *offline.Object
	Err    error
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%s: %s %s/%s: %v", p.Object.Position(), p.Object.GetKind(), p.Object.GetNamespace(), p.Object.GetName(), p.Err)
}

func (p *Problem) Unwrap() error { return p.Err }

// Run edits the manifests and returns sentences about what was decided. The error joins
// a Problem for each object that cannot be rendered; then nothing has been edited, unless
// it is an edit itself that could not be made.
func Run(ctx context.Context, manifests *offline.Manifests, options Options) ([]string, error) {
	read, err := gather(manifests.Objects)
	if err != nil {
		return nil, err
	}
	var plans []*plan
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(read)) {
		made, err := read[name].plan(ctx, name, options)
		plans, problems = append(plans, made...), append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	var said []string
	for _, p := range plans {
		for _, e := range p.edits {
			if err := p.object.Set(e.path, e.value); err != nil {
				problems = append(problems, &Problem{p.object, fmt.Errorf("%s: %w", e.field(), err)})
			}
		}
		if p.said != "" {
			said = append(said, p.said)
		}
	}
	return said, errors.Join(problems...)
}

// namespace is what was read for one namespace, each in the order of the input.
type namespace struct {
	deployments []*workload
	services    []*input[corev1.Service]
	others      []*offline.Object
}

type input[T any] struct {
	object *offline.Object
	typed  *T
}

type workload = input[appsv1.Deployment]

// gather takes apart what was read. What is neither Deployment nor Service is only looked
// at by its fields.
func gather(objects []*offline.Object) (map[string]*namespace, error) {
	found := map[string]*namespace{}
	var problems []error
	for _, object := range objects {
		n := found[object.GetNamespace()]
		if n == nil {
			n = &namespace{}
			found[object.GetNamespace()] = n
		}
		var err error
		switch object.GroupVersionKind() {
		case appsv1.SchemeGroupVersion.WithKind("Deployment"):
			n.deployments, err = with(n.deployments, object)
		case corev1.SchemeGroupVersion.WithKind("Service"):
			n.services, err = with(n.services, object)
		default:
			n.others = append(n.others, object)
		}
		if err != nil {
			problems = append(problems, &Problem{object, err})
		}
	}
	return found, errors.Join(problems...)
}

func with[T any](all []*input[T], object *offline.Object) ([]*input[T], error) {
	if object.GetName() == "" {
		return all, errors.New("metadata.name is missing")
	}
	raw, err := json.Marshal(object.Object)
	if err != nil {
		return all, err
	}
	typed := new(T)
	if err := json.Unmarshal(raw, typed); err != nil {
		return all, err
	}
	return append(all, &input[T]{object, typed}), nil
}
