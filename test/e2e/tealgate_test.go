//go:build e2e

package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/rights"
)

// install applies tealgate's manifests as a newcomer does, and waits until it answers.
func (c *cluster) install(t *testing.T) {
	t.Helper()
	c.do(t, "apply", "--server-side", "-k", filepath.Join(repository, "manifests"))
	c.do(t, "-n", v1alpha1.Namespace, "rollout", "status", "deployment/tealgate", "--timeout="+patience.String())
	c.until(t, "the CA is in the webhook configurations", func(context.Context) (bool, error) {
		const bundles = `-o=jsonpath={range .items[?(@.metadata.name=="tealgate")].webhooks[*]}[{.clientConfig.caBundle}]{end}`
		output := c.do(t, "get", "mutatingwebhookconfigurations,validatingwebhookconfigurations", bundles)
		return strings.Contains(output, "[") && !strings.Contains(output, "[]"), nil
	})
}

// uninstall takes tealgate away, with all that people have made of its kinds, first what
// asks it. A Pod that outlives its roles for a moment is refused what it asks for then.
func (c *cluster) uninstall(t *testing.T) {
	t.Helper()
	c.notRefused(t)
	c.do(t, "delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "tealgate", "--ignore-not-found")
	c.do(t, "delete", "-k", filepath.Join(repository, "manifests"), "--ignore-not-found", "--timeout="+patience.String())
	c.forgiven = len(c.refused(t))
	t.Logf("%d requests were refused since the node was started, because tealgate was taken away", c.forgiven)
}

// notRefused holds that tealgate was refused nothing that it asked the API server for.
func (c *cluster) notRefused(t *testing.T) {
	t.Helper()
	assert.Empty(t, rights.Text(c.refused(t)[c.forgiven:]), "the API server refused this to tealgate")
}

// refused lists what no role of tealgate allowed, since the node was started. A cluster
// that exists does not tell.
func (c *cluster) refused(t *testing.T) []rights.Request {
	t.Helper()
	if c.auditLog == "" {
		return nil
	}
	requests, err := rights.Read(c.auditLog)
	require.NoError(t, err)
	require.NotEmpty(t, requests, "tealgate has asked for something")
	return rights.Refused(requests)
}

// borrow holds that a cluster that exists has no tealgate: the scenarios would take it away,
// and everything with it that people have made of its kinds. In the end it has none again.
func (c *cluster) borrow(t *testing.T) {
	t.Helper()
	found := c.do(t, "get", "namespace/"+v1alpha1.Namespace, "crd/bluegreens.tealgate.dev", "crd/decisions.tealgate.dev",
		"mutatingwebhookconfiguration/tealgate", "validatingwebhookconfiguration/tealgate", "--ignore-not-found", "--output=name")
	require.Empty(t, strings.Fields(found), "this cluster has tealgate, and the scenarios would take it away with all BlueGreens: docs/install.md says how")
	t.Cleanup(func() { c.uninstall(t) })
}

// enforce creates a namespace in enforce, deleted with the test, and returns when tealgate
// judges what is created in it.
func (c *cluster) enforce(t *testing.T, name string) {
	t.Helper()
	c.namespace(t, name, map[string]string{v1alpha1.LabelMode: v1alpha1.ModeEnforce})
	c.judges(t, name)
}

// judges returns when tealgate refuses a Deployment that no rule lets pass.
func (c *cluster) judges(t *testing.T, name string) {
	t.Helper()
	const unfit = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: unfit}, spec: {selector: {matchLabels: {app: unfit}},
		template: {metadata: {labels: {app: unfit}}, spec: {containers: [{name: unfit, image: unfit, ports: [{containerPort: 80}]}]}}}}`
	c.until(t, "tealgate judges in "+name, func(context.Context) (bool, error) {
		r := c.try(t, "", unfit, "-n", name, "create", "--dry-run=server", "-f", "-")
		return r.code != 0 && strings.Contains(r.stderr, "readiness-probe"), nil
	})
}

// namespace creates a namespace, deleted with the test.
func (c *cluster) namespace(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	require.NoError(t, c.Create(t.Context(), namespace))
	t.Cleanup(func() {
		// The context of the test has ended. Nobody waits until the namespace is gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		require.NoError(t, client.IgnoreNotFound(c.Delete(ctx, namespace)))
	})
}
