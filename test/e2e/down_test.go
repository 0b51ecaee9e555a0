//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// onCall may break the glass.
const onCall = "olga"

// down: both replicas are killed and come back by themselves; then nobody is left. What a
// cluster lives on goes on, changes of the application wait, and kubectl scale ends it. The
// application answers all the time.
func down(t *testing.T, c *cluster) {
	c.install(t)
	c.enforce(t, "down-other")
	c.open(t, "down-other", "down.yaml")
	c.enforce(t, "down")
	a := c.open(t, "down", "down.yaml")
	c.do(t, "-n", "down", "create", "rolebinding", "edit", "--clusterrole=edit", "--user="+developer, "--user="+onCall)
	c.do(t, "-n", "down", "create", "rolebinding", "break-glass", "--clusterrole=tealgate-break-glass", "--user="+onCall)
	load := a.startLoad(newcomerRate, newcomerTimeout)

	t.Run("Killed", func(t *testing.T) {
		c.do(t, "-n", v1alpha1.Namespace, "delete", "pods", "--all", "--grace-period=0", "--force")
		c.do(t, "-n", v1alpha1.Namespace, "rollout", "status", "deployment/tealgate", "--timeout="+patience.String())
		c.judges(t, "down")
	})
	c.scale(t, 0)
	c.until(t, "changes wait for tealgate", func(context.Context) (bool, error) {
		r := a.setImage()
		return r.code != 0 && strings.Contains(r.stderr, `failed calling webhook "validate-enforce.tealgate.dev"`), nil
	})
	t.Run("GoesOn", func(t *testing.T) { c.goesOn(t) })
	t.Run("BreakGlass", func(t *testing.T) { a.breaksGlass(t) })
	assert.NotZero(t, a.setImage().code, "and everything else still waits")
	c.scale(t, 2)
	c.judges(t, "down")
	assert.Empty(t, failures(t, load.report()))
}

// setImage tries to change the live color. The image is the present one: the API server
// asks the webhooks because of the label.
func (a *app) setImage() result {
	a.t.Helper()
	return a.try(a.t, "", "", "-n", a.namespace, "label", "deployment", "shop-blue", "changed=yes", "--overwrite", "--dry-run=server")
}

// scale sets tealgate's replicas, and returns when there are as many.
func (c *cluster) scale(t *testing.T, replicas int) {
	t.Helper()
	c.do(t, "-n", v1alpha1.Namespace, "scale", "deployment/tealgate", fmt.Sprintf("--replicas=%d", replicas))
	if replicas > 0 {
		c.do(t, "-n", v1alpha1.Namespace, "rollout", "status", "deployment/tealgate", "--timeout="+patience.String())
		return
	}
	c.do(t, "-n", v1alpha1.Namespace, "wait", "--for=delete", "pods", "--all", "--timeout="+patience.String())
}

// goesOn does what must not wait for tealgate.
func (c *cluster) goesOn(t *testing.T) {
	node := strings.Fields(c.do(t, "get", "nodes", "-o=jsonpath={.items[*].metadata.name}"))[0]
	for title, commands := range map[string][]string{
		"KubeSystem": {
			"-n kube-system create deployment tealgate-e2e --image=tealgate-e2e/app:1",
			"-n kube-system expose deployment tealgate-e2e --port=80",
			"-n kube-system scale deployment tealgate-e2e --replicas=0",
			"-n kube-system delete deployment,service tealgate-e2e",
		},
		"Nodes":     {"label node " + node + " tealgate-e2e=yes", "label node " + node + " tealgate-e2e-", "cordon " + node, "uncordon " + node},
		"Elsewhere": {"-n default create deployment tealgate-e2e --image=tealgate-e2e/app:1", "-n default delete deployment tealgate-e2e"},
		"ScaleUp":   {"-n down scale deployment shop-green --replicas=3", "-n down rollout status deployment/shop-green --timeout=2m"},
		"PodsDie":   {"-n down delete pods -l tealgate.dev/color=green", "-n down rollout status deployment/shop-green --timeout=2m"},
		"OwnNamespace": {
			"-n tealgate-system create configmap tealgate-settings --from-literal=settings.yaml={}",
			"-n tealgate-system delete configmap tealgate-settings",
			"-n tealgate-system rollout restart deployment/tealgate",
			"-n tealgate-system delete secret tealgate-webhook-certificate",
		},
		"NamespaceDeletion": {"delete namespace down-other --timeout=2m"},
	} {
		t.Run(title, func(t *testing.T) {
			for _, command := range commands {
				c.do(t, strings.Fields(command)...)
			}
		})
	}
	t.Run("Leases", func(t *testing.T) {
		key := client.ObjectKey{Namespace: "kube-node-lease", Name: node}
		var before, after coordinationv1.Lease
		require.NoError(t, c.Get(t.Context(), key, &before))
		c.until(t, "the node renews its lease", func(ctx context.Context) (bool, error) {
			err := c.Get(ctx, key, &after)
			return err == nil && after.Spec.RenewTime.After(before.Spec.RenewTime.Time), err
		})
	})
}

// breaksGlass moves the live traffic while nobody can judge it.
func (a *app) breaksGlass(t *testing.T) {
	t.Helper()
	until := time.Now().UTC().Add(30 * time.Minute).Format(time.RFC3339)
	patch := fmt.Sprintf(`{"metadata": {"annotations": {"tealgate.dev/break-glass": "tealgate is down until %s"}},
		"spec": {"selector": {"tealgate.dev/color": "green"}}}`, until)
	refused := a.try(t, developer, "", "-n", a.namespace, "patch", "service", "shop", "-p", patch)
	assert.NotZero(t, refused.code, "it takes a right")
	assert.Contains(t, refused.stderr, "failed calling webhook")
	r := a.try(t, onCall, "", "-n", a.namespace, "patch", "service", "shop", "-p", patch)
	require.Zero(t, r.code, r)
	a.pinned(color.Green)
}
