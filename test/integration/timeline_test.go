package integration

import (
	"context"
	"sort"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// timeline is what objects were at each resourceVersion, as a watch tells it. Its
// methods may be called from several goroutines.
type timeline struct {
	count func(client.Object) counted

	lock   sync.Mutex
	states map[string][]state
	last   uint64
}

// counted is what one object adds.
type counted struct{ ready, total int }

// state is an object from one resourceVersion on.
type state struct {
	since  uint64
	labels map[string]string
	counted
}

// follow begins with the objects as they are, and ends with the test.
func follow(t *testing.T, c client.WithWatch, list client.ObjectList, count func(client.Object) counted, options ...client.ListOption) *timeline {
	t.Helper()
	l := &timeline{count: count, states: map[string][]state{}}
	require.NoError(t, c.List(t.Context(), list, options...))
	require.NoError(t, apimeta.EachListItem(list, func(item runtime.Object) error {
		l.add(watch.Event{Type: watch.Added, Object: item})
		return nil
	}))
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}}
	changes, err := c.Watch(t.Context(), list, append(options, from)...)
	require.NoError(t, err)
	go func() {
		for change := range changes.ResultChan() {
			l.add(change)
		}
	}()
	return l
}

func (l *timeline) add(change watch.Event) {
	object, ok := change.Object.(client.Object)
	if !ok {
		return // the watch has ended with an error: what is waited for does not come
	}
	since, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return
	}
	now := state{since: since, labels: object.GetLabels()}
	if change.Type != watch.Deleted {
		now.counted = l.count(object)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.states[object.GetName()] = append(l.states[object.GetName()], now)
	l.last = since
}

// at adds up what there was at a resourceVersion, of the objects with these labels.
func (l *timeline) at(resourceVersion uint64, labels client.MatchingLabels) counted {
	l.lock.Lock()
	defer l.lock.Unlock()
	var sum counted
	for _, states := range l.states {
		var then state
		later := sort.Search(len(states), func(i int) bool { return states[i].since > resourceVersion })
		if later > 0 {
			then = states[later-1]
		}
		matches := true
		for key, value := range labels {
			matches = matches && then.labels[key] == value
		}
		if matches {
			sum.ready += then.ready
			sum.total += then.total
		}
	}
	return sum
}

// reach waits until everything up to a resourceVersion that an object has got is known.
func (l *timeline) reach(ctx context.Context, resourceVersion uint64) error {
	return poll(ctx, func(context.Context) (bool, error) {
		l.lock.Lock()
		defer l.lock.Unlock()
		return l.last >= resourceVersion, nil
	})
}

func countPod(object client.Object) counted {
	pod := object.(*corev1.Pod)
	one := counted{total: 1}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil {
			one.ready = 1
		}
	}
	return one
}

func countEndpoints(object client.Object) counted {
	slice := object.(*discoveryv1.EndpointSlice)
	all := counted{total: len(slice.Endpoints)}
	for _, endpoint := range slice.Endpoints {
		if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
			all.ready++
		}
	}
	return all
}
