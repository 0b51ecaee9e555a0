// Package traffic moves Services. It is the only writer of a Service's selector
// and never stays its owner: after each move it takes tealgate out of the
// managed fields, so that the next server-side apply of whoever owns the
// manifest meets no conflict.
package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// ErrNoSelector says that a Service has no selector that could be pinned.
var ErrNoSelector = errors.New("the Service has no selector")

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Pin adds a color to the selector of a Service that has none, provided that the selector
// is still the one in service, of which it needs no more. Otherwise like Move.
func Pin(ctx context.Context, c client.Client, service *corev1.Service, to color.Color) error {
	return move(ctx, c, service, to, nil)
}

// Move switches a Service to a color, provided that it still is the very version that
// was decided on, and leaves a record of what was switched, if there is one, in the
// annotation tealgate.dev/switched. On return without error the color stands and tealgate
// owns no field of the Service; after an error in between, the next call of Disown finishes.
// service was read live: a cache leaves out annotations, which then would be overwritten. It
// is not changed.
func Move(ctx context.Context, c client.Client, service *corev1.Service, to color.Color, record string) error {
	operations := []operation{{Op: "test", Path: "/metadata/resourceVersion", Value: service.ResourceVersion}}
	switch {
	case record == "":
	case len(service.Annotations) == 0:
		annotations := map[string]string{v1alpha1.AnnotationSwitched: record}
		operations = append(operations, operation{Op: "add", Path: "/metadata/annotations", Value: annotations})
	default:
		operations = append(operations, operation{Op: "add", Path: "/metadata/annotations/" + pointer(v1alpha1.AnnotationSwitched), Value: record})
	}
	return move(ctx, c, service, to, operations)
}

// move sets the color, provided that the selector is still the one in service, together
// with other operations.
func move(ctx context.Context, c client.Client, service *corev1.Service, to color.Color, others []operation) error {
	if len(service.Spec.Selector) == 0 {
		return fmt.Errorf("move %s/%s: %w", service.Namespace, service.Name, ErrNoSelector)
	}
	selector := maps.Clone(service.Spec.Selector)
	selector[v1alpha1.LabelColor] = string(to)
	moved := service.DeepCopy()
	err := patch(ctx, c, moved, append(others,
		operation{Op: "test", Path: "/spec/selector", Value: service.Spec.Selector},
		operation{Op: "replace", Path: "/spec/selector", Value: selector}))
	if err != nil {
		return fmt.Errorf("move %s/%s to %s: %w", service.Namespace, service.Name, to, err)
	}
	return Disown(ctx, c, moved)
}

// pointer escapes a key for a JSON pointer, RFC 6901.
func pointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Owns says whether tealgate's field manager owns anything of an object.
func Owns(object client.Object) bool {
	return slices.ContainsFunc(object.GetManagedFields(), ours)
}

// Disown takes tealgate's field manager out of the managed fields of an object. It needs the
// managed fields as they were stored last; that somebody has written a status since, as
// controllers do at once, does no harm.
func Disown(ctx context.Context, c client.Client, object client.Object) error {
	var operations []operation
	// From the back, because removing an entry moves those behind it.
	for i, entry := range slices.Backward(object.GetManagedFields()) {
		if ours(entry) {
			path := fmt.Sprintf("/metadata/managedFields/%d", i)
			operations = append(operations,
				operation{Op: "test", Path: path + "/manager", Value: entry.Manager}, operation{Op: "remove", Path: path})
		}
	}
	if len(operations) == 0 {
		return nil
	}
	if err := patch(ctx, c, object, operations); err != nil {
		return fmt.Errorf("give up ownership of %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}

func ours(entry metav1.ManagedFieldsEntry) bool {
	return strings.EqualFold(entry.Manager, v1alpha1.FieldManager)
}

func patch(ctx context.Context, c client.Client, object client.Object, operations []operation) error {
	raw, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	return c.Patch(ctx, object, client.RawPatch(types.JSONPatchType, raw), client.FieldOwner(v1alpha1.FieldManager))
}
