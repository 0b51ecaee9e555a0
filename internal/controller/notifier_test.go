package controller

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/notify"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/settings"
)

func TestNewsOf(t *testing.T) {
	state := func(phase release.Phase, r release.Release) *release.State {
		r.Name = "shop-2"
		return &release.State{Phase: phase, Release: &r}
	}
	idle := &release.State{Phase: release.Idle, Release: &release.Release{Name: "shop-1", Outcome: release.Succeeded, Moved: at(1)}}
	automatic := release.Release{Spec: release.Spec{Approval: release.Approval{Automatic: true}}}
	for name, test := range map[string]struct {
		reason        string
		before, after *release.State
		want          []string
	}{
		"Never":     {"nothing was ever released", &release.State{}, &release.State{Phase: release.Idle}, nil},
		"Started":   {"the one before ended with a switch of its own", idle, state(release.Deploying, release.Release{}), []string{notify.Started}},
		"Verifying": {"nobody has to do anything", state(release.Deploying, release.Release{}), state(release.Verifying, release.Release{}), nil},
		"Needed":    {"people are asked", state(release.Verifying, release.Release{}), state(release.AwaitingDecision, release.Release{}), []string{notify.DecisionNeeded}},
		"Paused": {
			"the clocks move, and it was said already",
			state(release.AwaitingDecision, release.Release{Since: at(1)}), state(release.AwaitingDecision, release.Release{Since: at(9)}), nil,
		},
		"Automatic": {"nobody is asked", state(release.Verifying, automatic), state(release.AwaitingDecision, automatic), nil},
		"Switched":  {"", state(release.Switching, release.Release{}), state(release.Watching, release.Release{Moved: at(1)}), []string{notify.Switched}},
		"RolledBack": {
			"it is back, and over",
			state(release.RollingBack, release.Release{Moved: at(1)}),
			state(release.Idle, release.Release{Moved: at(1), Left: at(2), Outcome: release.RolledBack}),
			[]string{notify.RolledBack, notify.Finished},
		},
		"Aborted": {"told when it is decided", state(release.Verifying, release.Release{}), state(release.Retiring, release.Release{Outcome: release.Aborted}), []string{notify.Finished}},
		"Retired": {
			"told before",
			state(release.Retiring, release.Release{Outcome: release.Aborted}), state(release.Idle, release.Release{Outcome: release.Aborted, Ended: at(2)}), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, newsOf(test.before, test.after), test.reason)
		})
	}
}

func TestAddNewsIsBounded(t *testing.T) {
	bg := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}}
	plan := &release.Plan{State: release.State{Phase: release.Deploying, Release: &release.Release{Name: "shop-1"}}, Note: &release.Note{Message: "begins"}}
	targets := []settings.Notification{{Name: "a"}, {Name: "b", Namespaces: []string{"cart"}}, {Name: "c", Events: []string{notify.Started}}}
	dropped := 0
	for range maxNotifications + 2 {
		dropped += addNews(bg, &release.State{}, plan, targets, at(1))
	}
	assert.Equal(t, 4, dropped, "two for each of two targets")
	require.Len(t, bg.Status.Notifications, maxNotifications)
	assert.Equal(t, v1alpha1.Notification{
		Release: "shop-1", Event: notify.Started, Time: micro(at(1)), Phase: v1alpha1.PhaseDeploying, Message: "begins", Targets: []string{"a", "c"},
	}, bg.Status.Notifications[0])
	assert.Zero(t, addNews(bg, &plan.State, plan, targets, at(1)), "nothing has happened")
}

// board is a notifier whose targets do what a test says, at a time that stands still.
type board struct {
	*notifier
	registry *prometheus.Registry
	bg       *v1alpha1.BlueGreen
	mu       sync.Mutex
	clock    time.Time
	told     []string
	answer   map[string]error
	ended    chan client.ObjectKey
	// hang keeps a target from answering.
	hang map[string]chan struct{}
}

func newBoard(targets ...string) *board {
	b := &board{
		registry: prometheus.NewPedanticRegistry(), clock: at(1), answer: map[string]error{},
		ended: make(chan client.ObjectKey, 100), hang: map[string]chan struct{}{},
		bg: &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}},
	}
	var all []settings.Notification
	for _, name := range targets {
		all = append(all, settings.Notification{Name: name})
	}
	b.notifier = newNotifier(b.registry, func() []settings.Notification { return all },
		func(key client.ObjectKey) { b.ended <- key }, func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.clock
		})
	b.tell = func(_ context.Context, _ *v1alpha1.BlueGreen, news *v1alpha1.Notification, target *settings.Notification) error {
		if wait := b.hang[target.Name]; wait != nil {
			<-wait
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, news.Event+" "+target.Name)
		return b.answer[target.Name]
	}
	return b
}

func (b *board) news(event string, targets ...string) {
	b.bg.Status.Notifications = append(b.bg.Status.Notifications, v1alpha1.Notification{
		Release: "shop-1", Event: event, Time: micro(at(1)), Targets: targets,
	})
}

// round goes on at a time, waits for so many attempts, and writes down what came of them.
func (b *board) round(clock time.Time, attempts int) {
	b.mu.Lock()
	b.clock = clock
	b.mu.Unlock()
	b.bg.Status.Notifications, _ = b.advance(context.Background(), b.bg)
	for range attempts {
		<-b.ended
	}
}

func TestNotifierTellsInOrder(t *testing.T) {
	b := newBoard("a")
	b.news(notify.Started, "a", "gone")
	b.news(notify.Switched, "a")
	b.round(at(1), 1)
	assert.Equal(t, []string{"a"}, b.bg.Status.Notifications[0].Targets, "nobody is called gone")
	b.round(at(1), 1)
	b.round(at(1), 0)
	assert.Equal(t, []string{"Started a", "Switched a"}, b.told)
	assert.Empty(t, b.bg.Status.Notifications)
	b.round(at(1), 0)
	assert.Empty(t, b.known, "nothing is kept of what was told")
	assert.Equal(t, map[string]float64{"notifications_total delivered a": 2, "notifications_total dropped unknown": 1}, values(t, b.registry))
}

func TestNotifierTriesAgain(t *testing.T) {
	b := newBoard("a", "b")
	b.answer["a"] = errors.New("answered 500")
	b.news(notify.Started, "a", "b")
	b.round(at(1), 2)
	b.round(at(1), 0)
	require.Len(t, b.bg.Status.Notifications, 1)
	assert.Equal(t, []string{"a"}, b.bg.Status.Notifications[0].Targets, "b knows")
	_, wake := b.advance(t.Context(), b.bg)
	assert.Equal(t, at(1).Add(minRetry), wake)
	b.round(wake, 1)
	_, wake = b.advance(t.Context(), b.bg)
	assert.Equal(t, at(1).Add(3*minRetry), wake, "twice as long")

	// Another process has forgotten the attempts, and tries at once.
	again := newBoard("a")
	again.bg = b.bg
	again.round(wake, 1)
	again.round(wake, 0)
	assert.Equal(t, []string{"Started a"}, again.told)
	assert.Empty(t, again.bg.Status.Notifications)
}

// What nobody could be told for an hour is given up, after a last attempt.
func TestNotifierGivesUp(t *testing.T) {
	b := newBoard("a")
	b.answer["a"] = errors.New("answered 500")
	b.news(notify.Started, "a")
	b.round(at(1).Add(2*giveUpAfter), 1)
	b.round(at(1).Add(2*giveUpAfter), 0)
	assert.Equal(t, []string{"Started a"}, b.told)
	assert.Empty(t, b.bg.Status.Notifications)
	assert.Equal(t, map[string]float64{"notifications_total given-up a": 1}, values(t, b.registry))
}

// One that hangs holds up neither who asks nor the others.
func TestNotifierDoesNotWait(t *testing.T) {
	b := newBoard("a", "b")
	b.hang["a"] = make(chan struct{})
	b.news(notify.Started, "a", "b")
	b.news(notify.Switched, "a", "b")
	b.round(at(1), 1)
	b.round(at(1), 1)
	b.round(at(1), 0)
	assert.Equal(t, []string{"Started b", "Switched b"}, b.told)
	close(b.hang["a"])
	<-b.ended
	b.round(at(1), 1)
	b.round(at(1), 0)
	assert.Empty(t, b.bg.Status.Notifications)
}
