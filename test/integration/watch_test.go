package integration

import (
	"context"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// readyWatch follows the EndpointSlices of one Service.
type readyWatch struct {
	stop context.CancelFunc
	done sync.WaitGroup

	// bySlice counts the ready endpoints of each; least is the smallest sum there was.
	bySlice map[string]int
	least   int
	events  int
}

// watchReady counts after each change that the API server tells, and it tells all. It
// begins once there are as many as asked for: slices follow pods with a delay.
func (w *world) watchReady(ts *testscript.TestScript, _ bool, args []string) {
	config, err := clientcmd.BuildConfigFromFlags("", w.cluster.Kubeconfig)
	ts.Check(err)
	c, err := client.NewWithWatch(config, client.Options{})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	ts.Defer(stop)
	options := []client.ListOption{
		client.InNamespace(ts.Getenv("NS")), client.MatchingLabels{discoveryv1.LabelServiceName: args[0]},
	}
	wanted, err := strconv.Atoi(args[1])
	ts.Check(err)
	seen := &readyWatch{stop: stop}
	var now discoveryv1.EndpointSliceList
	ts.Check(poll(ctx, func(ctx context.Context) (bool, error) {
		if err := c.List(ctx, &now, options...); err != nil {
			return false, err
		}
		seen.bySlice = map[string]int{}
		for i := range now.Items {
			seen.count(watch.Added, &now.Items[i])
		}
		return seen.sum() >= wanted, nil
	}))
	seen.least = seen.sum()
	changes, err := c.Watch(ctx, &discoveryv1.EndpointSliceList{}, append(options,
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: now.ResourceVersion}})...)
	ts.Check(err)
	seen.done.Go(func() {
		for change := range changes.ResultChan() {
			if slice, ok := change.Object.(*discoveryv1.EndpointSlice); ok {
				seen.count(change.Type, slice)
				seen.least = min(seen.least, seen.sum())
				seen.events++
			}
		}
	})
	w.watches.Store(ts.Getenv("NS"), seen)
}

func (r *readyWatch) count(change watch.EventType, slice *discoveryv1.EndpointSlice) {
	ready := 0
	for _, endpoint := range slice.Endpoints {
		if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
			ready++
		}
	}
	if change == watch.Deleted {
		ready = 0
	}
	r.bySlice[slice.Name] = ready
}

func (r *readyWatch) sum() int {
	sum := 0
	for _, ready := range r.bySlice {
		sum += ready
	}
	return sum
}

func (w *world) alwaysReady(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	found, ok := w.watches.Load(ts.Getenv("NS"))
	seen, is := found.(*readyWatch)
	if !ok || !is {
		ts.Fatalf("alwaysready: watchready comes first")
	}
	seen.stop()
	seen.done.Wait()
	if seen.least < wanted || seen.events == 0 {
		ts.Fatalf("alwaysready: there were %d ready endpoints once, in %d changes", seen.least, seen.events)
	}
}
