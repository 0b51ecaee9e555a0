package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
	"github.com/tealgate/tealgate/test/rights"
)

// A cluster takes 13 seconds to come and go, so tests share two of them. The first test
// that asks for one brings it up, and TestMain ends it: -count finds names taken.
var (
	// everydayWorld is for tests that keep to namespaces of their own.
	everydayWorld = &shared{begin: beginEveryday}
	// solitaryWorld is for tests that need all of tealgate, or of the cluster, for themselves.
	solitaryWorld = &shared{begin: beginSolitary}
)

// everyday is a world that others use at the same time. The test runs beside others; it, or
// each of its subtests, takes a place.
func everyday(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return everydayWorld.get(t)
}

// solitary is a world that no other test uses until this one and its subtests have ended.
// The test leaves it as it was: tealgate runs and mutates, with the embedded rules and no
// settings. Its namespaces may stay, so each has a name of its own. Its audit log also has
// what anybody does with Deployments and Pods. Its tealgate reads a folder of policies,
// takes three seconds to drain, has certificates for an hour and reaches the API server by
// the detour.
func solitary(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	solitaryWorld.lock.Lock()
	t.Cleanup(solitaryWorld.lock.Unlock)
	return solitaryWorld.get(t)
}

// place waits until there is one in the world for a test, which must have no subtests that
// want one too. It is free again when the test ends.
func (w *world) place(t *testing.T) {
	t.Helper()
	take(t, w.places)
}

// take takes one of what is bounded, until the test ends. Go's own bound on parallel tests
// counts those that wait for each other, so TestMain takes that away.
func take(t *testing.T, bounded chan struct{}) {
	t.Helper()
	bounded <- struct{}{}
	t.Cleanup(func() { <-bounded })
}

// shared is a world that is there once.
type shared struct {
	begin func(ctx context.Context) (*world, error)
	once  sync.Once
	world *world
	err   error
	// lock is held by who has it to himself.
	lock sync.Mutex
}

func (s *shared) get(t *testing.T) *world {
	t.Helper()
	s.once.Do(func() { s.world, s.err = s.begin(context.Background()) })
	require.NoError(t, s.err)
	return s.world
}

// end ends the world if there is one.
func (s *shared) end() error {
	if s.world == nil {
		return nil
	}
	return errors.Join(s.world.end(), endCluster(s.world.cluster))
}

func beginEveryday(ctx context.Context) (*world, error) {
	cluster, err := beginCluster(ctx, env.Options{})
	if err != nil {
		return nil, err
	}
	return furnishOrStop(ctx, cluster, env.TealgateOptions{Binary: binary})
}

// solitaryAudit records tealgate's requests, and what becomes Deployments and Pods.
const solitaryAudit = rights.Policy + `- {level: Metadata, verbs: [create, patch], resources: [{group: apps, resources: [deployments]}, {group: "", resources: [pods]}]}
`

func beginSolitary(ctx context.Context) (*world, error) {
	policies := filepath.Join(filepath.Dir(binary), "policies")
	if err := os.Mkdir(policies, 0o755); err != nil {
		return nil, err
	}
	cluster, err := beginCluster(ctx, env.Options{AuditPolicy: solitaryAudit})
	if err != nil {
		return nil, err
	}
	detour, err := startDetour(cluster)
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	w, err := furnishOrStop(ctx, cluster, env.TealgateOptions{
		Binary: binary, Reach: detour.reach, Args: []string{"--policy-dir", policies, "--drain-delay=3s", "--certificate-lifetime=1h"},
	})
	if err != nil {
		return nil, err
	}
	w.detour, w.policies = detour, policies
	return w, nil
}

func furnishOrStop(ctx context.Context, cluster *env.Cluster, options env.TealgateOptions) (*world, error) {
	w, err := furnish(ctx, cluster, options)
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return w, nil
}

// unmutated takes the mutating webhooks, which fail open, away until the test ends.
func (w *world) unmutated(t *testing.T) {
	t.Helper()
	webhooks := w.dropMutation(t)
	w.tealgate.Mutates(false)
	t.Cleanup(func() {
		w.bringBackMutation(t, webhooks)
		w.tealgate.Mutates(true)
	})
}

// dropMutation returns what bringBackMutation needs.
func (w *world) dropMutation(t *testing.T) string {
	t.Helper()
	webhooks := w.admin(t.Context(), t, "get", "mutatingwebhookconfiguration", "tealgate", "-o=jsonpath={.webhooks}")
	w.admin(t.Context(), t, "delete", "mutatingwebhookconfiguration", "tealgate")
	return webhooks
}

func (w *world) bringBackMutation(t *testing.T, webhooks string) {
	t.Helper()
	manifest := `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
		"metadata": {"name": "tealgate"}, "webhooks": ` + webhooks + `}`
	options := env.KubectlOptions{Stdin: strings.NewReader(manifest)}
	result, err := w.cluster.KubectlWith(context.WithoutCancel(t.Context()), options, "create", "-f", "-")
	require.NoError(t, err)
	require.Zero(t, result.Code, "%s", result)
}

var timeoutSeconds = regexp.MustCompile(`"timeoutSeconds":\d+`)

// giveWebhooks sets how many seconds the API server gives them.
func (w *world) giveWebhooks(t *testing.T, seconds int) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
		webhooks := w.admin(ctx, t, "get", kind, "tealgate", "-o=jsonpath={.webhooks}")
		webhooks = timeoutSeconds.ReplaceAllString(webhooks, fmt.Sprintf(`"timeoutSeconds":%d`, seconds))
		w.admin(ctx, t, "patch", kind, "tealgate", "--type=merge", "-p", `{"webhooks": `+webhooks+`}`)
	}
}

// kill ends tealgate as a crash would, until the test ends.
func (w *world) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, w.tealgate.Kill())
	t.Cleanup(func() { w.revive(t) })
}

// revive starts tealgate again, unless it runs.
func (w *world) revive(t *testing.T) {
	t.Helper()
	if !w.tealgate.Runs() {
		require.NoError(t, w.tealgate.Start(context.WithoutCancel(t.Context())))
	}
}
