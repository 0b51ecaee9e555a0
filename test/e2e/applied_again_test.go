//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// The ways to apply a manifest.
var (
	apply      = []string{"apply", "-f", "-"}
	serverSide = []string{"apply", "--server-side", "--force-conflicts", "-f", "-"}
	replace    = []string{"replace", "-f", "-"}
)

// appliedAgain: a newcomer applies the original manifests, which know no color, after
// tealgate has gone. docs/install.md says what happens.
func appliedAgain(t *testing.T, c *cluster) {
	git, err := os.ReadFile("applied_again.yaml")
	require.NoError(t, err)
	t.Run("AfterUninstall", func(t *testing.T) { afterUninstall(t, c, string(git)) })
	t.Run("AfterEject", func(t *testing.T) { afterEject(t, c, string(git)) })
}

// afterUninstall: the colors stay, because a Deployment's selector never changes.
func afterUninstall(t *testing.T, c *cluster, git string) {
	c.install(t)
	c.enforce(t, "applied-again")
	a := &app{c, t, "applied-again"}
	a.way(git, apply)
	a.rolledOut()
	a.pinned(color.Blue)
	load := a.startLoad(newcomerRate, newcomerTimeout)
	c.uninstall(t)
	pods := a.standing()

	t.Log("apply touches what it wrote before, and a color is not among that")
	a.way(git, apply)
	assert.Equal(t, "blue", a.service().Spec.Selector[v1alpha1.LabelColor])

	for title, way := range map[string][]string{"ServerSide": serverSide, "Replace": replace} {
		t.Log(title + " has the whole of a selector: a Deployment's is immutable, a Service loses its color")
		a.do(t, "-n", a.namespace, "patch", "service", "shop", "-p", `{"spec": {"selector": {"tealgate.dev/color": "blue"}}}`)
		require.Equal(t, "blue", a.service().Spec.Selector[v1alpha1.LabelColor])
		r := a.try(t, "", git, append([]string{"-n", a.namespace}, way...)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, "field is immutable", title)
		assert.Equal(t, map[string]string{"app": "shop"}, a.service().Spec.Selector, title)
	}

	t.Log("with the color that Git should hold, every way is good")
	colored := strings.ReplaceAll(git, "app: shop", "app: shop, tealgate.dev/color: blue")
	for _, way := range [][]string{apply, serverSide, replace} {
		a.way(colored, way)
		assert.Equal(t, "blue", a.service().Spec.Selector[v1alpha1.LabelColor])
	}
	assert.Equal(t, pods, a.standing(), "no pod was replaced")
	assert.Empty(t, failures(t, load.report()))
}

// afterEject: nothing has a color any more, and every way is good.
func afterEject(t *testing.T, c *cluster, git string) {
	c.install(t)
	c.namespace(t, "ejected", nil)
	a := &app{c, t, "ejected"}
	a.way(git, apply)
	a.rolledOut()
	load := a.startLoad(newcomerRate, newcomerTimeout)
	c.do(t, "label", "namespace", a.namespace, v1alpha1.LabelMode+"="+v1alpha1.ModeEnforce)
	c.judges(t, a.namespace)
	a.tealgate("", "", "adopt", "shop", "--apply", "--drain=10s")
	assert.Equal(t, "blue", a.service().Spec.Selector[v1alpha1.LabelColor])

	c.do(t, "label", "namespace", a.namespace, v1alpha1.LabelMode+"-")
	a.tealgate("", "", "eject", "shop", "--apply", "--drain=10s")
	pods := a.standing()
	for _, way := range [][]string{apply, serverSide, replace} {
		a.way(git, way)
		assert.Equal(t, map[string]string{"app": "shop"}, a.service().Spec.Selector)
	}
	a.rolledOut()
	assert.Equal(t, pods, a.standing(), "no pod was replaced")
	assert.Equal(t, []string{"deployment.apps/shop"}, strings.Fields(c.do(t, "-n", a.namespace, "get", "deployments", "-o=name")))
	assert.Empty(t, failures(t, load.report()))
}

// way applies a manifest in one of the ways, which has to succeed.
func (a *app) way(manifest string, way []string) {
	a.t.Helper()
	r := a.try(a.t, "", manifest, append([]string{"-n", a.namespace}, way...)...)
	require.Zero(a.t, r.code, "kubectl %s: %s", way, r)
}

// rolledOut waits until the Deployment that Git has is complete.
func (a *app) rolledOut() {
	a.t.Helper()
	a.do(a.t, "-n", a.namespace, "rollout", "status", "deployment/shop", "--timeout="+patience.String())
}
