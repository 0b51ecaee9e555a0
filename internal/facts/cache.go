package facts

import (
	"context"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// namespaceDeadline bounds a look into the cache that should take microseconds.
const namespaceDeadline = 100 * time.Millisecond

// Namespaces knows the labels of namespaces from a cache of their metadata.
type Namespaces struct {
	cached    client.Reader
	auditOnly bool
}

// NewNamespaces reads from a cache. With auditOnly every mode that is set reads as audit.
func NewNamespaces(cached client.Reader, auditOnly bool) *Namespaces {
	return &Namespaces{cached: cached, auditOnly: auditOnly}
}

// NamespaceMetadata returns an empty object of the kind that Namespaces reads.
func NamespaceMetadata() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return object
}

// Labels returns the labels of a namespace, nil when it is not known or not soon.
func (n *Namespaces) Labels(ctx context.Context, namespace string) map[string]string {
	if namespace == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, namespaceDeadline)
	defer cancel()
	object := NamespaceMetadata()
	if err := n.cached.Get(ctx, client.ObjectKey{Name: namespace}, object); err != nil {
		return nil
	}
	if _, set := object.Labels[v1alpha1.LabelMode]; !set || !n.auditOnly {
		return object.Labels
	}
	labels := maps.Clone(object.Labels)
	labels[v1alpha1.LabelMode] = v1alpha1.ModeAudit
	return labels
}
