package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

// patience is how long a BlueGreen is followed although the API server does not answer.
const patience = 5 * time.Minute

// follower knows a BlueGreen as the API server tells of it, and with sides the Services and
// Deployments of its namespace too. It asks nothing by itself while nothing changes.
type follower struct {
	client     client.WithWatch
	key        client.ObjectKey
	sides      bool
	changed    chan struct{}
	failed     chan error
	background sync.WaitGroup

	// mutex guards what was told.
	mutex       sync.Mutex
	blueGreens  objects
	services    objects
	deployments objects
	// unread says that the sides may not be read.
	unread bool
	// trouble is why the API server does not answer, nil while it does.
	trouble error
}

// objects are those of one kind; nil before the first answer.
type objects map[types.UID]client.Object

// follow begins to listen. It ends with ctx, and is over once background is.
func (c *cluster) follow(ctx context.Context, name string, sides bool) *follower {
	f := &follower{
		client: c.client, key: client.ObjectKey{Namespace: c.namespace, Name: name}, sides: sides,
		changed: make(chan struct{}, 1), failed: make(chan error, 1),
	}
	f.listen(ctx, &v1alpha1.BlueGreenList{}, &f.blueGreens, client.MatchingFields{"metadata.name": name})
	if sides {
		f.listen(ctx, &corev1.ServiceList{}, &f.services)
		f.listen(ctx, &appsv1.DeploymentList{}, &f.deployments)
	}
	return f
}

// listen keeps one kind up to date, over what is amiss for a while. What may not be read
// beside the BlueGreen is left out.
func (f *follower) listen(ctx context.Context, list client.ObjectList, known *objects, options ...client.ListOption) {
	options = append(options, client.InNamespace(f.key.Namespace))
	f.background.Go(func() {
		heard, between := time.Now(), backoff()
		for {
			err := f.session(ctx, list, known, options, func() { heard, between = time.Now(), backoff() })
			switch {
			case ctx.Err() != nil:
				return
			case apierrors.IsForbidden(err) && known != &f.blueGreens:
				f.told(func() { f.unread = true })
				return
			case err != nil && (!transient(err) || time.Since(heard) > patience):
				f.fail(err)
				return
			case err != nil:
				f.told(func() { f.trouble = err })
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(between.Step()):
			}
		}
	})
}

func backoff() *wait.Backoff {
	return &wait.Backoff{Duration: lookInterval / 4, Factor: 2, Jitter: 0.2, Steps: 10, Cap: 10 * time.Second}
}

// session reads all objects of a kind and then what becomes of them, as long as the API
// server goes on telling. heard is called with each word of it.
func (f *follower) session(ctx context.Context, list client.ObjectList, known *objects, options []client.ListOption, heard func()) error {
	limited, cancel := requesting(ctx)
	defer cancel()
	if err := f.client.List(limited, list, options...); err != nil {
		return explained(limited, err)
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return fmt.Errorf("an answer of the API server: %w", err)
	}
	all := objects{}
	for _, item := range items {
		if object, ok := item.(client.Object); ok {
			all[object.GetUID()] = object
		}
	}
	heard()
	f.told(func() { *known, f.trouble = all, nil })
	raw := &client.ListOptions{}
	raw.ApplyOptions(options)
	raw.Raw = raw.AsListOptions()
	raw.Raw.ResourceVersion = list.GetResourceVersion()
	changes, err := f.client.Watch(ctx, list, raw)
	if err != nil {
		return explained(ctx, err)
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		object, _ := change.Object.(client.Object)
		switch change.Type {
		case watch.Error:
			return expired(apierrors.FromObject(change.Object))
		case watch.Deleted:
			f.told(func() { delete(*known, object.GetUID()) })
		case watch.Added, watch.Modified:
			f.told(func() { (*known)[object.GetUID()] = object })
		case watch.Bookmark: // Not asked for.
		}
		heard()
	}
	return nil
}

// expired is nil for an error that only asks to read all anew.
func expired(err error) error {
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return nil
	}
	return err
}

// told takes a change in, and wakes up who waits for one.
func (f *follower) told(change func()) {
	f.mutex.Lock()
	change()
	f.mutex.Unlock()
	select {
	case f.changed <- struct{}{}:
	default: // Somebody is being woken up already, and will see this too.
	}
}

func (f *follower) fail(err error) {
	select {
	case f.failed <- err:
	default: // One is enough.
	}
}

// now is the BlueGreen, nil before the first answer; that it is gone is an error.
func (f *follower) now() (*v1alpha1.BlueGreen, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.blueGreens == nil {
		return nil, nil
	}
	for _, object := range f.blueGreens {
		if bg, ok := object.(*v1alpha1.BlueGreen); ok {
			return bg.DeepCopy(), nil
		}
	}
	return nil, apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("bluegreens").GroupResource(), f.key.Name)
}

// view is all of it at this moment, nil until all of it was told.
func (f *follower) view(bg *v1alpha1.BlueGreen) *desk.View {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	view := &desk.View{BlueGreen: bg, Now: time.Now()}
	if !f.unread {
		if f.services == nil || f.deployments == nil {
			return nil
		}
		view = desk.NewView(bg, sorted[corev1.Service](f.services), sorted[appsv1.Deployment](f.deployments), time.Now())
	}
	if f.trouble != nil {
		view.Trouble = f.trouble.Error()
	}
	return view
}

// sorted are the objects of a kind by their names, so that no screen depends on chance.
func sorted[T any, P interface {
	*T
	client.Object
}](all objects) []T {
	var found []T
	for _, object := range slices.SortedFunc(maps.Values(all), func(a, b client.Object) int {
		return slices.Compare([]string{a.GetName()}, []string{b.GetName()})
	}) {
		if typed, ok := object.(P); ok {
			found = append(found, *typed)
		}
	}
	return found
}
