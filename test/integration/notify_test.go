package integration

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/notify"
)

// chat takes messages, refuses the first one, and keeps who hangs waiting until the end.
type chat struct {
	mu      sync.Mutex
	refused bool
	events  []notify.Event
	// rooms are the texts that came by the template.
	rooms []string
}

func (c *chat) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/hangs" {
		// Only who has read all that was sent is told that the other side has gone.
		_, _ = io.Copy(io.Discard, request.Body)
		<-request.Context().Done()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if request.URL.Path == "/room" {
		var message struct{ Text string }
		_ = json.NewDecoder(request.Body).Decode(&message)
		c.rooms = append(c.rooms, message.Text)
		return
	}
	if !c.refused {
		c.refused = true
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	var event notify.Event
	if json.NewDecoder(request.Body).Decode(&event) == nil {
		c.events = append(c.events, event)
	}
}

// kinds are those of the events that have arrived, in their order.
func (c *chat) kinds() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var kinds []string
	for _, event := range c.events {
		kinds = append(kinds, event.Event)
	}
	return kinds
}

// TestNotifications: a release is told to who wants to know, though the first attempt is
// refused and another target never answers.
func TestNotifications(t *testing.T) {
	w := solitary(t)
	c := &chat{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	s := &pair{t: t, cluster: w.cluster}
	s.Client = s.as("pat")
	s.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: "tealgate-notifications"},
		StringData: map[string]string{"chat": server.URL + "/hook\n"},
	})
	s.create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: "tealgate-settings"},
		Data: map[string]string{"settings.yaml": `notifications:
- {name: chat, secretRef: {key: chat}, namespaces: [told]}
- {name: deaf, url: "` + server.URL + `/hangs", namespaces: [told]}
- {name: room, url: "` + server.URL + `/room", namespaces: [told], events: [Switched], templateFrom: {configMap: tealgate-templates, key: slack.tmpl}}
`},
	})
	w.admin(t.Context(), t, "-n", v1alpha1.Namespace, "create", "configmap", "tealgate-templates",
		"--from-file="+filepath.Join("..", "..", "docs", "examples", "notifications"))
	t.Cleanup(func() {
		w.dropSettings(t)
		w.admin(context.WithoutCancel(t.Context()), t, "-n", v1alpha1.Namespace, "delete", "secret/tealgate-notifications", "configmap/tealgate-templates")
	})
	w.untilSettings(t)

	s = open(t, w.cluster, "told", quick())
	s.deploy(color.Green, "1.5.0", 3)
	s.phase(v1alpha1.PhaseAwaitingDecision)
	s.decide("mia", v1alpha1.VerdictGo, "")
	s.serves(color.Green, 3)
	s.phase(v1alpha1.PhaseWatching)
	s.decide("mia", v1alpha1.VerdictRollback, "")
	s.serves(color.Blue, 3)
	s.outcome(v1alpha1.OutcomeRolledBack)

	want := []string{notify.Started, notify.DecisionNeeded, notify.Switched, notify.RolledBack, notify.Finished}
	require.Eventually(t, func() bool { return len(c.kinds()) >= len(want) }, patience, 50*time.Millisecond, "%v", c.kinds())
	assert.Equal(t, want, slices.Compact(c.kinds()))
	bg := s.until("only who hangs does not know", func(bg *v1alpha1.BlueGreen) bool {
		return !slices.ContainsFunc(bg.Status.Notifications, func(n v1alpha1.Notification) bool {
			return slices.Contains(n.Targets, "chat") || slices.Contains(n.Targets, "room")
		})
	})
	assert.Len(t, bg.Status.Notifications, len(want))
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Equal(t, []string{"shop-1: Switched"}, slices.Compact(c.rooms))
	needed := c.events[slices.IndexFunc(c.events, func(e notify.Event) bool { return e.Event == notify.DecisionNeeded })]
	assert.Equal(t, "http://shop-preview.told.svc:80", needed.Preview)
	assert.Equal(t, "kubectl tealgate go shop -n told", needed.Command)
	assert.Equal(t, []string{"lee"}, needed.Deployers)
	last := c.events[len(c.events)-1]
	assert.Equal(t, "RolledBack", last.Outcome)
	assert.Equal(t, "mia said Rollback: as agreed", last.Message)
}
