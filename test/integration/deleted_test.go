package integration

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// moment is a change of a Service or of a Pod, which the API server numbers together.
type moment struct {
	at     uint64
	object client.Object
	gone   bool
}

// deletionWatch follows one Service and all pods of its namespace.
type deletionWatch struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	service string

	mu      sync.Mutex
	moments []moment
}

// watchDeletions begins to note what the Service selects and which pods are deleted.
func (w *world) watchDeletions(ts *testscript.TestScript, _ bool, args []string) {
	config, err := clientcmd.BuildConfigFromFlags("", w.cluster.Kubeconfig)
	ts.Check(err)
	c, err := client.NewWithWatch(config, client.Options{})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	ts.Defer(stop)
	seen := &deletionWatch{stop: stop, service: args[0]}
	namespace := client.InNamespace(ts.Getenv("NS"))
	var now corev1.ServiceList
	ts.Check(c.List(ctx, &now, namespace))
	for i := range now.Items {
		ts.Check(seen.note(&now.Items[i], false))
	}
	for _, list := range []client.ObjectList{&corev1.ServiceList{}, &corev1.PodList{}} {
		changes, err := c.Watch(ctx, list, namespace,
			&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: now.ResourceVersion}})
		ts.Check(err)
		seen.done.Go(func() {
			for change := range changes.ResultChan() {
				if object, ok := change.Object.(client.Object); ok {
					_ = seen.note(object, change.Type == watch.Deleted)
				}
			}
		})
	}
	w.watches.Store(ts.Getenv("NS")+"/deletions", seen)
}

func (d *deletionWatch) note(object client.Object, gone bool) error {
	at, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moments = append(d.moments, moment{at, object, gone})
	return nil
}

// neverBehind ends that, once as many pods were deleted as asked for. None was selected by
// the Service when its deletion began.
func (w *world) neverBehind(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := strconv.Atoi(args[0])
	ts.Check(err)
	found, ok := w.watches.Load(ts.Getenv("NS") + "/deletions")
	seen, is := found.(*deletionWatch)
	if !ok || !is {
		ts.Fatalf("neverbehind: watchdeletions comes first")
	}
	deleted, behind := 0, []string{}
	ts.Check(poll(context.Background(), func(context.Context) (bool, error) {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		deleted, behind = replay(slices.Clone(seen.moments), seen.service)
		return deleted >= wanted, nil
	}))
	seen.stop()
	seen.done.Wait()
	if len(behind) > 0 {
		ts.Fatalf("neverbehind: Service %s selected these when their deletion began: %v", seen.service, behind)
	}
}

// replay puts the moments in their order, counts the pods whose deletion began, and names
// those that the Service selected then.
func replay(moments []moment, service string) (deleted int, behind []string) {
	slices.SortStableFunc(moments, func(a, b moment) int { return int(int64(a.at) - int64(b.at)) })
	selects := labels.Nothing()
	begun := map[string]bool{}
	for _, m := range moments {
		switch object := m.object.(type) {
		case *corev1.Service:
			if object.Name == service {
				selects = labels.SelectorFromSet(object.Spec.Selector)
			}
		case *corev1.Pod:
			if begun[object.Name] || object.DeletionTimestamp == nil && !m.gone {
				continue
			}
			begun[object.Name] = true
			deleted++
			if selects.Matches(labels.Set(object.Labels)) {
				behind = append(behind, object.Name)
			}
		}
	}
	return deleted, behind
}

func TestReplay(t *testing.T) {
	service := func(selector map[string]string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: corev1.ServiceSpec{Selector: selector}}
	}
	now := metav1.Now()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"app": "shop"}, DeletionTimestamp: &now}}
	moments := []moment{
		{9, pod, true},
		{7, pod, false},
		{1, service(map[string]string{"app": "shop"}), false},
		{8, service(map[string]string{"app": "shop"}), false},
		{5, service(map[string]string{"app": "other"}), false},
	}
	deleted, behind := replay(slices.Clone(moments), "shop")
	assert.Equal(t, 1, deleted)
	assert.Empty(t, behind, "its deletion began while the Service selected others")
	deleted, behind = replay(slices.Clone(moments[:4]), "shop")
	assert.Equal(t, 1, deleted)
	assert.Equal(t, []string{"a"}, behind)
}
