package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
	"github.com/tealgate/tealgate/test/rights"
)

const (
	arenas = 2
	// attempts to move a Service, in each arena.
	attempts = 500
	// flipInterval is that of an arena with six pods: each is set 15 times a second or so.
	flipInterval = 10 * time.Millisecond
)

// raceAudit keeps the changes of Services, and what tealgate reads for them.
const raceAudit = rights.Policy + `- {level: Metadata, verbs: [patch], resources: [{group: "", resources: [services]}]}
`

// TestRace flips pods between ready and not while Services are moved from one color to
// the other and back, 1,000 times in all. The audit log says of each answer by which
// lists it was given; a watch of everything tells what was so at the resourceVersions of
// these lists. What was recorded is that, no change passed that should have been denied
// by it, and none was denied that should have passed. What happened between the reading
// of the pods and the change cannot be held; it is measured for docs/architecture.md.
func TestRace(t *testing.T) {
	cluster := startCluster(t, env.Options{AuditPolicy: raceAudit})
	// Not the binary of the other tests: the detector of data races would be measured too.
	w := install(t, cluster, env.TealgateOptions{Timeout: timeout})
	var all []*arena
	for i := range arenas {
		all = append(all, w.arena(t, fmt.Sprintf("race-%d", i)))
	}
	var racing sync.WaitGroup
	for _, a := range all {
		racing.Go(func() { a.err = a.race(t.Context()) })
	}
	racing.Wait()
	events := readAudit(t, cluster.AuditLog())
	var gaps []gap
	verdicts := map[string]int{}
	for _, a := range all {
		require.NoError(t, a.err)
		for _, m := range a.moves {
			verdicts[m.verdict()]++
			gaps = append(gaps, a.judge(t, m, events)...)
		}
	}
	assert.Greater(t, verdicts["accepted"], attempts/4, "%v", verdicts)
	assert.Greater(t, verdicts["denied"], attempts/20, "%v", verdicts)
	assert.Less(t, verdicts["undecided"], attempts/20, "%v", verdicts)
	report(t, verdicts, gaps)
}

// arena is a namespace in which pods flip and one Service moves.
type arena struct {
	namespace        string
	admin, developer kubernetes.Interface
	pods, endpoints  *timeline

	moves []move
	err   error
}

// move is one attempt to move the Service.
type move struct {
	// name is its field manager, by which the audit log knows it.
	name string
	to   color.Color
	// back says that it goes to what the last switch left: one ready pod is enough.
	back bool
	// accepted is the resourceVersion that the Service has got, 0 for none; undecided
	// says that tealgate was too late to tell.
	accepted  uint64
	undecided bool
}

func (m move) verdict() string {
	switch {
	case m.accepted > 0:
		return "accepted"
	case m.undecided:
		return "undecided"
	default:
		return "denied"
	}
}

// gap is what lies between the reading of the pods and the change.
type gap struct {
	// time is until the answer: the change was stored a little before.
	time time.Duration
	// writes are those of anybody to the cluster.
	writes uint64
	// read and left are the ready pods at both ends.
	read, left int
}

// arena has three pods of each color, and blue serves.
func (w *world) arena(t *testing.T, namespace string) *arena {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, w.tealgate.Namespace(ctx, namespace, "enforce"))
	for _, file := range []string{"shop-blue", "service", "shop-green"} {
		w.admin(ctx, t, "-n", namespace, "apply", "-f", filepath.Join("testdata", "shared", file+".yaml"))
		if file != "service" {
			w.admin(ctx, t, "-n", namespace, "rollout", "status", "deployment/"+file, "--timeout=90s")
		}
	}
	developer, err := clientcmd.BuildConfigFromFlags("", w.kubeconfig)
	require.NoError(t, err)
	developer.QPS, developer.WarningHandler = -1, rest.NoWarnings{}
	a := &arena{namespace: namespace}
	a.developer, err = kubernetes.NewForConfig(developer)
	require.NoError(t, err)
	a.admin, err = kubernetes.NewForConfig(w.cluster.Config)
	require.NoError(t, err)
	watcher, err := client.NewWithWatch(w.cluster.Config, client.Options{})
	require.NoError(t, err)
	a.pods = follow(t, watcher, &corev1.PodList{}, countPod, client.InNamespace(namespace))
	a.endpoints = follow(t, watcher, &discoveryv1.EndpointSliceList{}, countEndpoints, client.InNamespace(namespace))
	return a
}

// race moves the Service as fast as it can while pods of both colors flip, and returns
// when all of that is in the timelines.
func (a *arena) race(ctx context.Context) error {
	pods, err := a.admin.CoreV1().Pods(a.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	flipping, stop := context.WithCancel(ctx)
	flipped := make(chan error, 1)
	go func() { flipped <- a.flip(flipping, pods.Items) }()
	err = a.moveAll(ctx)
	stop()
	if flipErr := <-flipped; err == nil {
		err = flipErr
	}
	if err != nil {
		return err
	}
	return a.mark(ctx, pods.Items[0].Name)
}

// flip makes one pod after the other ready or not, as chance has it: half of them are.
func (a *arena) flip(ctx context.Context, pods []corev1.Pod) error {
	pace := time.NewTicker(flipInterval)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pace.C:
		}
		pod, ready := pods[rand.IntN(len(pods))].Name, []string{"True", "False"}[rand.IntN(2)]
		patch := fmt.Appendf(nil, `{"status": {"conditions": [{"type": "Ready", "status": %q}]}}`, ready)
		_, err := a.admin.CoreV1().Pods(a.namespace).Patch(ctx, pod, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (a *arena) moveAll(ctx context.Context) error {
	service, err := a.admin.CoreV1().Services(a.namespace).Get(ctx, "shop", metav1.GetOptions{})
	for i := 0; err == nil && i < attempts; i++ {
		service, err = a.move(ctx, fmt.Sprintf("attempt-%d", i), service)
	}
	return err
}

// move returns the Service as it is then.
func (a *arena) move(ctx context.Context, name string, service *corev1.Service) (*corev1.Service, error) {
	m := move{name: name, to: color.Color(service.Spec.Selector[v1alpha1.LabelColor]).Other()}
	m.back = strings.HasPrefix(service.Annotations[v1alpha1.AnnotationSwitched], fmt.Sprintf("from %s ", m.to))
	patch := fmt.Appendf(nil, `{"spec": {"selector": {%q: %q}}}`, v1alpha1.LabelColor, m.to)
	moved, err := a.developer.CoreV1().Services(a.namespace).
		Patch(ctx, service.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: m.name})
	switch {
	case err == nil:
		service = moved
		m.accepted, err = strconv.ParseUint(moved.ResourceVersion, 10, 64)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "1 problem in Service "+a.namespace+"/shop: selector-ready\n"):
		err = nil
	case apierrors.IsInternalError(err): // nothing changes then, too
		m.undecided, err = true, nil
	}
	a.moves = append(a.moves, m)
	return service, err
}

// mark changes a pod and the EndpointSlice once more, and waits until that is known.
func (a *arena) mark(ctx context.Context, pod string) error {
	patch := []byte(`{"metadata": {"annotations": {"example.com/race": "over"}}}`)
	marked, err := a.admin.CoreV1().Pods(a.namespace).Patch(ctx, pod, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	list, err := a.admin.DiscoveryV1().EndpointSlices(a.namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		return fmt.Errorf("one EndpointSlice, not %d: %w", len(list.Items), err)
	}
	slice, err := a.admin.DiscoveryV1().EndpointSlices(a.namespace).
		Patch(ctx, list.Items[0].Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	for known, object := range map[*timeline]metav1.Object{a.pods: marked, a.endpoints: slice} {
		version, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
		if err != nil {
			return err
		}
		if err := known.reach(ctx, version); err != nil {
			return fmt.Errorf("the watch does not reach %d: %w", version, err)
		}
	}
	return nil
}

// judge compares an answer with what was so when it was given. It returns the gap of one
// that changed the Service.
func (a *arena) judge(t *testing.T, m move, events []auditEvent) []gap {
	t.Helper()
	i := slices.IndexFunc(events, func(e auditEvent) bool {
		return e.Verb == "patch" && e.ObjectRef.Namespace == a.namespace && strings.HasSuffix(e.RequestURI, "fieldManager="+m.name)
	})
	require.GreaterOrEqual(t, i, 0, "%s is in the audit log", m.name)
	if m.undecided {
		return nil
	}
	patch := events[i]
	seen := patch.Annotations["validate-enforce.tealgate.dev/seen"]
	var ready, total, serving int
	var ofPods, ofSlices uint64
	_, err := fmt.Sscanf(seen, "selected %d of %d pods ready at %d; serving %d ready at %d", &ready, &total, &ofPods, &serving, &ofSlices)
	require.NoError(t, err, "%s/%s: %q", a.namespace, m.name, seen)

	selected := client.MatchingLabels{v1alpha1.LabelColor: string(m.to)}
	recorded := counted{ready, total}
	assert.Equal(t, a.pods.at(ofPods, selected), recorded, "%s/%s: what was recorded of the pods is what was", a.namespace, m.name)
	assert.Equal(t, a.endpoints.at(ofSlices, nil).ready, serving, "%s/%s: and of the endpoints", a.namespace, m.name)
	needed := max(1, serving)
	if m.back {
		needed = 1
	}
	assert.Equal(t, ready >= needed, m.accepted > 0, "%s/%s: %d needed, and %s", a.namespace, m.name, needed, seen)
	if m.accepted == 0 {
		return nil
	}
	assert.Positive(t, ready, "%s/%s: it leaves the Service with a ready pod", a.namespace, m.name)
	return []gap{{
		time: patch.StageTimestamp.Sub(a.read(t, patch, events)), writes: m.accepted - ofPods,
		read: ready, left: a.pods.at(m.accepted, selected).ready,
	}}
}

// read is when tealgate asked for the pods by which it judged. It asks twice during a
// change: first to record what the switch leaves.
func (a *arena) read(t *testing.T, change auditEvent, events []auditEvent) time.Time {
	t.Helper()
	var last time.Time
	for _, event := range events {
		asked := event.RequestReceivedTimestamp.Time
		if event.Verb == "list" && event.ObjectRef.Resource == "pods" && event.ObjectRef.Namespace == a.namespace && asked.After(last) &&
			asked.After(change.RequestReceivedTimestamp.Time) && asked.Before(change.StageTimestamp.Time) {
			last = asked
		}
	}
	require.False(t, last.IsZero(), "the pods were read for %s", change.RequestURI)
	return last
}

// report prints what docs/architecture.md says.
func report(t *testing.T, verdicts map[string]int, gaps []gap) {
	t.Helper()
	byTime := slices.Clone(gaps)
	slices.SortFunc(byTime, func(a, b gap) int { return int(a.time - b.time) })
	byWrites := slices.Clone(gaps)
	slices.SortFunc(byWrites, func(a, b gap) int { return int(a.writes) - int(b.writes) })
	worse, none := 0, 0
	for _, g := range gaps {
		if g.left < g.read {
			worse++
		}
		if g.left == 0 {
			none++
		}
	}
	p99 := len(gaps) * 99 / 100
	t.Logf("%v; from the reading of the pods to the answer: median %s, p99 %s, most %s; writes to the cluster meanwhile: median %d, p99 %d, most %d; "+
		"fewer ready pods when it was stored than when they were read: %d of %d, none at all: %d",
		verdicts, byTime[len(gaps)/2].time, byTime[p99].time, byTime[len(gaps)-1].time,
		byWrites[len(gaps)/2].writes, byWrites[p99].writes, byWrites[len(gaps)-1].writes, worse, len(gaps), none)
}
