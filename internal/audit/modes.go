package audit

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
)

// readModes reads which namespaces have a mode. Who may not read namespaces gets an
// audit all the same, without the modes.
func (a *auditor) readModes(ctx context.Context) error {
	modes := map[string]string{}
	var err error
	if a.Namespace != "" {
		err = a.oneMode(ctx, modes)
	} else {
		err = a.allModes(ctx, modes)
	}
	switch {
	case apierrors.IsForbidden(err):
		a.result.ModesUnknown = err
	case err != nil:
		return err
	default:
		a.modes = modes
	}
	return nil
}

func (a *auditor) oneMode(ctx context.Context, modes map[string]string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pageTimeout, fmt.Errorf("no answer within %s", pageTimeout))
	defer cancel()
	object := facts.NamespaceMetadata()
	if err := a.Reader.Get(ctx, client.ObjectKey{Name: a.Namespace}, object); err != nil {
		return err
	}
	modes[a.Namespace] = object.Labels[v1alpha1.LabelMode]
	return nil
}

func (a *auditor) allModes(ctx context.Context, modes map[string]string) error {
	list := a.list(corev1.SchemeGroupVersion.WithKind("Namespace"), client.HasLabels{v1alpha1.LabelMode})
	for {
		object, err := list.peek(ctx)
		if err != nil || object == nil {
			return err
		}
		modes[object.GetName()] = object.GetLabels()[v1alpha1.LabelMode]
		list.drop()
	}
}

// mode returns the mode of a namespace, and nil where it is not known.
func (a *auditor) mode(namespace string) *string {
	if a.modes == nil {
		return nil
	}
	mode := a.modes[namespace]
	return &mode
}
