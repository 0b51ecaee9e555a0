package audit

import (
	"context"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// surroundings are the facts of one namespace: Deployments and Services as they were
// listed, all else read when it is asked for.
type surroundings struct {
	*facts.Gatherer

	snapshot *facts.Snapshot
	live     *once
}

func newSurroundings(reader client.Reader) surroundings {
	live := &once{Reader: reader}
	return surroundings{facts.New(facts.Options{Cached: live, Live: live}), facts.NewSnapshot(), live}
}

// unknown says why the ConfigMaps are not known; nil where they are, or were not
// asked for. It is called when nobody reads any more.
func (s surroundings) unknown() error { return s.live.err }

// ForDeployment implements admission.Facts.
func (s surroundings) ForDeployment(_ context.Context, deployment *appsv1.Deployment) (facts.Facts, error) {
	return s.snapshot.Around(deployment), nil
}

// OnlyColor implements admission.Facts: what stands without pods stays as it is.
func (s surroundings) OnlyColor(ctx context.Context, service *corev1.Service) (color.Color, bool, error) {
	return s.OnlyColorOfPods(ctx, service)
}

// Behind implements admission.Facts: each Deployment is judged itself, and nothing
// is said twice.
func (surroundings) Behind(context.Context, *corev1.Service) ([]facts.Behind, error) { return nil, nil }

// ManagedPods implements admission.Facts with the BlueGreens of the namespace.
func (s surroundings) ManagedPods(ctx context.Context, namespace string, pod map[string]string) (facts.Managed, error) {
	return s.snapshot.ManagedPods(ctx, namespace, pod)
}

// ManagedService implements admission.Facts, like ManagedPods.
func (s surroundings) ManagedService(ctx context.Context, namespace, name string) (facts.Managed, error) {
	return s.snapshot.ManagedService(ctx, namespace, name)
}

// once reads the metadata of a namespace's ConfigMaps once, however many Deployments
// name some.
type once struct {
	client.Reader

	mutex sync.Mutex
	known bool
	list  metav1.PartialObjectMetadataList
	err   error
}

// List implements client.Reader.
func (o *once) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	metadata, ok := list.(*metav1.PartialObjectMetadataList)
	if !ok {
		return o.Reader.List(ctx, list, options...)
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !o.known {
		o.list = *metadata
		o.err = o.Reader.List(ctx, &o.list, options...)
		o.known = ctx.Err() == nil
	}
	*metadata = o.list
	return o.err
}
