package controller

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/settings"
)

// Bounds of telling. Between two attempts is minRetry at first and twice as long each time,
// until maxRetry; after giveUpAfter the last one has been.
const (
	attemptTimeout = 10 * time.Second
	minRetry       = 5 * time.Second
	maxRetry       = 5 * time.Minute
	giveUpAfter    = time.Hour
	// attemptsAtOnce is how many may wait for one target: one that hangs holds up no other.
	attemptsAtOnce = 4
)

// Results of an attempt, the label result of tealgate_notifications_total.
const (
	resultDelivered = "delivered"
	resultFailed    = "failed"
	resultGivenUp   = "given-up"
	resultDropped   = "dropped"
)

// notifier tells people beside the reconciles, so that a target that hangs holds up no
// release. What is to be told stands in the status until it was, or was given up. Only what
// was told a moment before tealgate ended may be told twice. It is safe for concurrent use.
type notifier struct {
	// tell makes one attempt.
	tell    func(context.Context, *v1alpha1.BlueGreen, *v1alpha1.Notification, *settings.Notification) error
	targets func() []settings.Notification
	// done is called when an attempt has ended.
	done  func(client.ObjectKey)
	now   func() time.Time
	count *prometheus.CounterVec

	mu      sync.Mutex
	known   map[client.ObjectKey]map[delivery]*attempts
	waiting map[string]int
}

// delivery is one notification for one target.
type delivery struct {
	release, event, target string
	at                     int64
}

// attempts are those at one delivery.
type attempts struct {
	busy, settled bool
	failed        int
	next          time.Time
}

func newNotifier(registerer prometheus.Registerer, targets func() []settings.Notification, done func(client.ObjectKey), now func() time.Time) *notifier {
	n := &notifier{
		targets: targets, done: done, now: now,
		count: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tealgate_notifications_total",
			Help: "Attempts to tell people of releases, by the target's name in the settings and result: delivered, failed (it is tried again), given-up (after an hour), dropped (too many were waiting, or the target is no longer in the settings).",
		}, []string{"target", "result"}),
		known: map[client.ObjectKey]map[delivery]*attempts{}, waiting: map[string]int{},
	}
	registerer.MustRegister(n.count)
	return n
}

func deliveryOf(n *v1alpha1.Notification, target string) delivery {
	return delivery{n.Release, n.Event, target, n.Time.UnixMicro()}
}

// advance begins what is due of a BlueGreen's notifications, those of each target one after
// the other, and never waits. It returns those that are still to be told, and when to look
// again.
func (n *notifier) advance(ctx context.Context, bg *v1alpha1.BlueGreen) (left []v1alpha1.Notification, wake time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := client.ObjectKeyFromObject(bg)
	before, now := n.known[key], n.now()
	known, behind := map[delivery]*attempts{}, map[string]bool{}
	for i := range bg.Status.Notifications {
		news := bg.Status.Notifications[i].DeepCopy()
		news.Targets = slices.DeleteFunc(news.Targets, func(name string) bool {
			d := deliveryOf(news, name)
			a := before[d]
			if a == nil {
				a = &attempts{}
			}
			known[d] = a
			if a.settled || behind[name] {
				return a.settled
			}
			behind[name] = true
			if !n.begin(ctx, bg, news, name, a, now) {
				return true
			}
			if wake.IsZero() || a.next.Before(wake) {
				wake = a.next
			}
			return false
		})
		if len(news.Targets) > 0 {
			left = append(left, *news)
		}
	}
	delete(n.known, key)
	if len(known) > 0 {
		n.known[key] = known
	}
	return left, wake
}

// begin makes an attempt if one is due. It returns false if nobody wants to know any more.
func (n *notifier) begin(ctx context.Context, bg *v1alpha1.BlueGreen, news *v1alpha1.Notification, name string, a *attempts, now time.Time) bool {
	if a.busy || now.Before(a.next) {
		return true
	}
	targets := n.targets()
	i := slices.IndexFunc(targets, func(target settings.Notification) bool { return target.Name == name })
	if i < 0 {
		a.settled = true
		n.count.WithLabelValues(unknownTarget, resultDropped).Inc()
		return false
	}
	if n.waiting[name] >= attemptsAtOnce {
		a.next = now.Add(time.Second)
		return true
	}
	a.busy, a.next = true, now.Add(attemptTimeout)
	n.waiting[name]++
	go n.try(context.WithoutCancel(ctx), bg.DeepCopy(), news.DeepCopy(), &targets[i], a)
	return true
}

// unknownTarget stands for all names that the settings do not have.
const unknownTarget = "unknown"

// try makes one attempt and notes what came of it.
func (n *notifier) try(ctx context.Context, bg *v1alpha1.BlueGreen, news *v1alpha1.Notification, target *settings.Notification, a *attempts) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	err := n.tell(ctx, bg, news, target)
	n.mu.Lock()
	defer n.done(client.ObjectKeyFromObject(bg))
	defer n.mu.Unlock()
	n.waiting[target.Name]--
	result, now := resultDelivered, n.now()
	switch {
	case err == nil:
		a.settled = true
	case now.Sub(news.Time.Time) >= giveUpAfter:
		result, a.settled = resultGivenUp, true
	default:
		result = resultFailed
		a.next = now.Add(min(maxRetry, minRetry<<min(a.failed, 10)))
		a.failed++
	}
	a.busy = false
	n.count.WithLabelValues(target.Name, result).Inc()
	if err != nil {
		logf.FromContext(ctx).Error(err, "notification", "target", target.Name, "event", news.Event, "release", news.Release, "result", result)
	}
}

// dropped counts what had no room.
func (n *notifier) dropped(count int) {
	n.count.WithLabelValues(unknownTarget, resultDropped).Add(float64(count))
}

// forget drops what is known of a BlueGreen that is gone.
func (n *notifier) forget(key client.ObjectKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.known, key)
}
