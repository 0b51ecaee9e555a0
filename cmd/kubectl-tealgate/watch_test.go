package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/env"
)

// TestWatch plays a release through the status, and holds that watch tells each change, asks
// nothing by itself, and gets over a connection that breaks.
func TestWatch(t *testing.T) {
	audit := filepath.Join(t.TempDir(), "audit.log")
	cluster, err := env.Start(t.Context(), env.Options{AuditLog: audit})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", filepath.Join("..", "..", "manifests", "crd")},
		{"wait", "--for=condition=Established", "crd/bluegreens.tealgate.dev"},
	} {
		result, err := cluster.Kubectl(t.Context(), args...)
		require.NoError(t, err)
		require.Zero(t, result.Code, result)
	}
	relay := newRelay(t, cluster.Kubeconfig)
	t.Setenv("KUBECONFIG", relay.kubeconfig)
	t.Setenv("KUBECACHEDIR", t.TempDir())
	s := newStatus(t, cluster)

	watching, out := s.watch(t, "mia")
	s.stands(t, v1alpha1.PhaseDeploying, "1 of 3 replicas are updated")
	out.has(t, "shop-1 Deploying: 1 of 3 replicas are updated\n")
	// Several ticks of the clock, with something to tell at the end of them.
	begin := time.Now()
	require.Eventually(t, func() bool { return time.Since(begin) > 4*lookInterval }, time.Minute, 10*time.Millisecond)
	s.stands(t, v1alpha1.PhaseVerifying, "job smoke has not succeeded yet")
	out.has(t, "shop-1 Verifying: job smoke has not succeeded yet\n")
	assert.Equal(t, map[string]int{"bluegreens": 1, "services": 1, "deployments": 1}, lists(t, audit, "mia"))

	relay.cut()
	out.has(t, "the API server does not answer: ")
	s.stands(t, v1alpha1.PhaseAwaitingDecision, "0 of 1 Go for shop-1")
	relay.mend(t)
	out.has(t, "shop-1 AwaitingDecision: 0 of 1 Go for shop-1\n")
	s.ends(t, v1alpha1.OutcomeSucceeded)
	require.NoError(t, <-watching)
	out.has(t, "shop-1: Succeeded, green is live with 1.5.0\n")

	screen, _, err := run(t, "watch", "shop", "--once")
	require.NoError(t, err)
	assert.Contains(t, screen, "default/shop   Idle\n")
	assert.Contains(t, screen, "shop-1: Succeeded, green is live with 1.5.0\n")
}

// watch runs the command as somebody, and keeps what it writes.
func (s *status) watch(t *testing.T, user string) (chan error, *transcript) {
	t.Helper()
	out := &transcript{}
	root := newRoot()
	root.SetOut(out)
	root.SetErr(out)
	root.SetArgs([]string{"watch", "shop", "-n", "default", "--as", user, "--as-group", "system:masters", "--timeout", "1m"})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(t.Context()) }()
	return ended, out
}

// transcript is written by a command and read by a test.
type transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *transcript) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(text)
}

func (o *transcript) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

func (o *transcript) has(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(o.String(), text) }, time.Minute, 10*time.Millisecond, "%q in:\n%s", text, o)
}

// status is the BlueGreen of the test, and its hand the controller's.
type status struct{ client.Client }

func newStatus(t *testing.T, cluster *env.Cluster) *status {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	require.NoError(t, err)
	require.NoError(t, c.Create(t.Context(), &v1alpha1.BlueGreen{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop"},
		Spec:       v1alpha1.BlueGreenSpec{Services: []v1alpha1.ServicePair{{Name: "shop"}}},
	}))
	return &status{c}
}

func (s *status) stands(t *testing.T, phase v1alpha1.Phase, waiting string) {
	t.Helper()
	s.write(t, func(status *v1alpha1.BlueGreenStatus) {
		if status.Release == nil {
			status.LiveColor = "blue"
			status.Release = &v1alpha1.Release{Name: "shop-1", From: "blue", To: "green", Version: "1.5.0", StartTime: metav1.NowMicro()}
		}
		status.Phase = phase
		status.Waiting = &v1alpha1.Waiting{Reason: "Test", Message: waiting}
	})
}

func (s *status) ends(t *testing.T, outcome v1alpha1.Outcome) {
	t.Helper()
	s.write(t, func(status *v1alpha1.BlueGreenStatus) {
		status.Phase, status.Waiting = v1alpha1.PhaseIdle, nil
		status.Release.Outcome, status.Release.Message = outcome, "green is live with 1.5.0"
	})
}

func (s *status) write(t *testing.T, change func(*v1alpha1.BlueGreenStatus)) {
	t.Helper()
	bg := &v1alpha1.BlueGreen{}
	require.NoError(t, s.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "shop"}, bg))
	change(&bg.Status)
	require.NoError(t, s.Status().Update(t.Context(), bg))
}

// lists counts what somebody has listed and is told of, by the API server's audit log.
func lists(t *testing.T, audit, user string) map[string]int {
	t.Helper()
	raw, err := os.ReadFile(audit)
	require.NoError(t, err)
	found := map[string]int{}
	for line := range bytes.Lines(raw) {
		var event struct {
			Verb             string
			ObjectRef        struct{ Resource string }
			ImpersonatedUser struct{ Username string }
		}
		require.NoError(t, json.Unmarshal(line, &event))
		if event.Verb == "list" && event.ImpersonatedUser.Username == user {
			found[event.ObjectRef.Resource]++
		}
	}
	return found
}

// relay stands between a command and the API server, and can be cut.
type relay struct {
	server, address, kubeconfig string
	// cut ends all connections, and takes no more.
	cut context.CancelFunc
}

func newRelay(t *testing.T, kubeconfig string) *relay {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	require.NoError(t, err)
	cluster := config.Clusters[config.Contexts[config.CurrentContext].Cluster]
	server, err := url.Parse(cluster.Server)
	require.NoError(t, err)
	r := &relay{server: server.Host, address: "127.0.0.1:0", kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	r.mend(t)
	cluster.Server = "https://" + r.address
	require.NoError(t, clientcmd.WriteToFile(*config, r.kubeconfig))
	return r
}

// mend takes connections, until they are all cut.
func (r *relay) mend(t *testing.T) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", r.address)
	require.NoError(t, err)
	r.address = listener.Addr().String()
	ctx, cut := context.WithCancel(t.Context())
	r.cut = cut
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.server)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
			go func() { _, _ = io.Copy(near, far) }()
			go func() { _, _ = io.Copy(far, near) }()
		}
	}()
}
