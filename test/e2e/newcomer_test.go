//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

const (
	// newcomerRate is in requests a second.
	newcomerRate = 50
	// newcomerTimeout is how long a client waits for an answer.
	newcomerTimeout = 5 * time.Second
)

// newcomer: somebody installs tealgate, labels a namespace, is rejected, repairs the
// manifest, releases the next version, goes back, and takes tealgate away again. Nothing of
// it is left, and the traffic never noticed.
func newcomer(t *testing.T, c *cluster) {
	git, err := os.ReadFile("newcomer.yaml")
	require.NoError(t, err)
	const namespace = "newcomer"
	c.namespace(t, namespace, nil)
	c.install(t)
	c.do(t, "label", "namespace", namespace, v1alpha1.LabelMode+"="+v1alpha1.ModeEnforce)
	c.judges(t, namespace)
	c.do(t, "-n", namespace, "create", "rolebinding", "developers", "--clusterrole=edit", "--user="+developer)
	c.do(t, "-n", namespace, "create", "rolebinding", "managers", "--clusterrole=tealgate-release-manager", "--user="+manager)
	a := &app{c, t, namespace}

	rejected := a.applyAs(developer, string(git))
	assert.NotZero(t, rejected.code)
	assert.Contains(t, rejected.stderr, "2 problems in Deployment newcomer/shop: ")
	for _, problem := range []string{"readiness-probe: container web has no readinessProbe", "config-source: "} {
		assert.Contains(t, rejected.stderr, problem)
	}
	fixed := strings.ReplaceAll(string(git), "# fix: ", "")
	applied := a.applyAs(developer, fixed)
	require.Zero(t, applied.code, applied)
	assert.Contains(t, applied.stderr, "Deployment newcomer/shop is blue")
	c.do(t, "-n", namespace, "rollout", "status", "deployment/shop", "--timeout="+patience.String())
	a.pinned(color.Blue)
	load := a.startLoad(newcomerRate, newcomerTimeout)

	a.releaseAndGoBack(fixed)

	pods := a.standing()
	installed, err := c.ours(t)
	require.NoError(t, err)
	require.Subset(t, installed, []string{
		"namespace/" + v1alpha1.Namespace, "deployment.apps/tealgate", "clusterrole.rbac.authorization.k8s.io/tealgate",
		"customresourcedefinition.apiextensions.k8s.io/bluegreens.tealgate.dev",
	})
	c.uninstall(t)
	c.until(t, "nothing is called tealgate", func(context.Context) (bool, error) {
		left, err := c.ours(t)
		if len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("left: %q", left))
		}
		return err == nil, err
	})
	assert.Equal(t, pods, a.standing())
	assert.Equal(t, "blue", a.service().Spec.Selector[v1alpha1.LabelColor])
	assert.Empty(t, failures(t, load.report()))
}

// releaseAndGoBack brings the next version to green, as the docs say it, and undoes it.
func (a *app) releaseAndGoBack(manifest string) {
	a.t.Helper()
	const release = `{apiVersion: tealgate.dev/v1alpha1, kind: BlueGreen, metadata: {name: shop},
		spec: {services: [{name: shop}], watch: {duration: 1h, interval: 1s}}}`
	described := a.try(a.t, "", release, "-n", a.namespace, "apply", "-f", "-")
	require.Zero(a.t, described.code, described)
	a.phase(0, v1alpha1.PhaseIdle)

	rendered := a.tealgate(developer, strings.ReplaceAll(manifest, "1.0.0", "1.1.0"), "render", "-f", "-")
	deployed := a.applyAs(developer, rendered.stdout)
	require.Zero(a.t, deployed.code, deployed)
	a.phase(1, v1alpha1.PhaseAwaitingDecision)
	a.tealgate(manager, "", "go", "shop", "--reason", "looks good")
	a.phase(1, v1alpha1.PhaseWatching)
	a.pinned(color.Green)
	a.tealgate(manager, "", "rollback", "shop", "--reason", "looked better before")
	bg := a.phase(1, v1alpha1.PhaseIdle)
	assert.Equal(a.t, v1alpha1.OutcomeRolledBack, bg.Status.Release.Outcome)
	a.pinned(color.Blue)
}

// applyAs applies a manifest as a user.
func (a *app) applyAs(user, manifest string) result {
	a.t.Helper()
	return a.try(a.t, user, manifest, "-n", a.namespace, "apply", "-f", "-")
}

// tealgate runs kubectl tealgate as a user, which has to succeed. kubectl wants the name of
// a plugin first.
func (a *app) tealgate(user, input string, args ...string) result {
	a.t.Helper()
	args = append([]string{"tealgate"}, append(args, "-n", a.namespace)...)
	if user != "" {
		args = append(args, "--as="+user)
	}
	r := a.try(a.t, "", input, args...)
	require.Zero(a.t, r.code, "kubectl %s: %s", args, r)
	return r
}

// pinned waits until the Service selects a color.
func (a *app) pinned(to color.Color) {
	a.t.Helper()
	a.until(a.t, "the Service selects "+string(to), func(context.Context) (bool, error) {
		return a.service().Spec.Selector[v1alpha1.LabelColor] == string(to), nil
	})
}

// standing lists the pods of the app, and how often their containers were started again.
func (a *app) standing() []string {
	a.t.Helper()
	var list corev1.PodList
	require.NoError(a.t, a.List(a.t.Context(), &list, client.InNamespace(a.namespace), client.MatchingLabels{"app": "shop"}))
	var pods []string
	for _, pod := range list.Items {
		restarts := int32(0)
		for _, status := range pod.Status.ContainerStatuses {
			restarts += status.RestartCount
		}
		pods = append(pods, fmt.Sprintf("%s %s, %d restarts", pod.Name, pod.UID, restarts))
	}
	slices.Sort(pods)
	return pods
}

// ours lists everything that tealgate's manifests have brought, and what came of it. Events
// expire by themselves. A list that is not whole is an error.
func (c *cluster) ours(t *testing.T) ([]string, error) {
	t.Helper()
	kinds := strings.Fields(c.do(t, "api-resources", "--verbs=list", "--output=name"))
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "events") })
	list := c.try(t, "", "", "get", strings.Join(kinds, ","), "--all-namespaces", "--output=name")
	if list.code != 0 {
		return nil, fmt.Errorf("list everything: %s", list.stderr)
	}
	return slices.DeleteFunc(strings.Fields(list.stdout), func(name string) bool {
		return !strings.Contains(filepath.Base(name), "tealgate")
	}), nil
}
