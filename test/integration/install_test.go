package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/test/env"
)

// criticalQuota keeps the cluster's own priority classes for where a quota allows them, as
// some providers do.
const criticalQuota = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources:
    - resource: pods
      matchScopes:
      - {scopeName: PriorityClass, operator: In, values: [system-cluster-critical, system-node-critical]}
`

var (
	manifestsDir = filepath.Join("..", "..", "manifests")
	auditOnlyDir = filepath.Join(manifestsDir, "overlays", "audit-only")
)

// installation is a cluster that the manifests are applied to as they stand: the webhooks
// call the Service, and behind it are the fake pods of the Deployment.
type installation struct{ *world }

// TestInstall goes the ways in which the manifests get into a cluster, and holds that
// tealgate can always come back by itself.
func TestInstall(t *testing.T) {
	t.Parallel()
	quota := filepath.Join(t.TempDir(), "admission.yaml")
	require.NoError(t, os.WriteFile(quota, []byte(criticalQuota), 0o600))
	cluster := startCluster(t, env.Options{APIServerArgs: []string{"--admission-control-config-file=" + quota}})
	i := installation{&world{cluster: cluster}}

	t.Run("AnyOrder", i.anyOrder)
	t.Run("ClientSide", i.clientSide)
	tealgate, err := env.InstallTealgate(t.Context(), cluster, env.TealgateOptions{Binary: binary})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tealgate.Kill()) })
	i.tealgate = tealgate
	t.Run("Twice", i.twice)
	t.Run("ThereAndBack", i.thereAndBack)
	t.Run("WhileDown", i.whileDown)
}

// anyOrder applies one object after the other, the last first. Only the namespace comes
// before what is in it.
func (i installation) anyOrder(t *testing.T) {
	objects := slices.Concat(rendered(t, "Namespace"), slices.DeleteFunc(documents(t, manifestsDir), func(raw []byte) bool {
		return bytes.Contains(raw, []byte("\nkind: Namespace\n"))
	}))
	slices.Reverse(objects[1:])
	for _, raw := range objects {
		result, err := i.cluster.KubectlWith(t.Context(), env.KubectlOptions{Stdin: bytes.NewReader(raw)}, "apply", "--server-side", "-f", "-")
		require.NoError(t, err)
		require.Zero(t, result.Code, "%s", result)
		assert.Empty(t, result.Stderr)
	}
	i.comesUp(t)
	priority := i.admin(t.Context(), t, "-n", "tealgate-system", "get", "pods", "-o=jsonpath={.items[*].spec.priority}")
	assert.Equal(t, "1000000000 1000000000", priority)
	i.delete(t)
}

// clientSide is what a newcomer types. The second time it changes nothing.
func (i installation) clientSide(t *testing.T) {
	i.admin(t.Context(), t, "apply", "-k", manifestsDir)
	i.comesUp(t)
	// kubectl says of the Deployment and of the budget that they are configured, and sends
	// a patch that leaves them as they are.
	assert.NoError(t, i.changesNothing(t, manifestsDir))
	i.delete(t)
}

// twice applies them while tealgate runs and has put its CA in.
func (i installation) twice(t *testing.T) {
	i.apply(t, manifestsDir)
	i.trusted(t)
	i.comesUp(t)
	assert.NoError(t, i.changesNothing(t, manifestsDir, "--server-side"))
}

// thereAndBack goes through the trial of the audit-only overlay: entries that are not in it
// are gone, and come back.
func (i installation) thereAndBack(t *testing.T) {
	for _, dir := range []string{auditOnlyDir, manifestsDir} {
		i.apply(t, dir)
		i.trusted(t)
		i.comesUp(t)
		for _, kind := range []string{"Mutating", "Validating"} {
			got := i.admin(t.Context(), t, "get", kind+"WebhookConfiguration", "tealgate", "-o=jsonpath={.webhooks[*].name}")
			assert.ElementsMatch(t, namesOf(t, dir, kind+"WebhookConfiguration"), strings.Fields(got), "%s in %s", kind, dir)
		}
		assert.NoError(t, i.changesNothing(t, dir, "--server-side"), dir)
	}
}

// whileDown repairs tealgate where somebody has set a mode on its own namespace.
func (i installation) whileDown(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, i.tealgate.Kill())
	i.admin(ctx, t, "label", "namespace", "tealgate-system", "tealgate.dev/mode=enforce")
	i.admin(ctx, t, "create", "namespace", "shop")
	i.admin(ctx, t, "label", "namespace", "shop", "tealgate.dev/mode=enforce")
	require.NoError(t, poll(ctx, func(ctx context.Context) (bool, error) {
		result, err := i.cluster.Kubectl(ctx, "-n", "shop", "create", "deployment", "web", "--image=web", "--dry-run=server")
		return strings.Contains(result.Stderr, `failed calling webhook "validate-enforce.tealgate.dev"`), err
	}), "the webhooks are dead")

	in := func(args ...string) { i.admin(ctx, t, append([]string{"-n", "tealgate-system"}, args...)...) }
	in("delete", "pods", "--all", "--timeout=180s")
	i.comesUp(t)
	in("scale", "deployment", "tealgate", "--replicas=0")
	in("scale", "deployment", "tealgate", "--replicas=2")
	in("rollout", "restart", "deployment", "tealgate")
	in("delete", "deployment,service,secret,configmap", "--all", "--timeout=180s")
	in("create", "configmap", "tealgate-settings", "--from-literal=settings.yaml=bad")
	i.apply(t, manifestsDir)
	i.comesUp(t)
	in("delete", "configmap", "tealgate-settings")
}

func (i installation) apply(t *testing.T, dir string) {
	t.Helper()
	i.admin(t.Context(), t, "apply", "--server-side", "-k", dir)
}

// delete waits long: an API server that finds the storage of a CRD not ready tries to end it
// again after a time that doubles, up to some minutes.
func (i installation) delete(t *testing.T) {
	t.Helper()
	i.admin(t.Context(), t, "delete", "-k", manifestsDir, "--timeout=600s")
}

func (i installation) comesUp(t *testing.T) {
	t.Helper()
	i.admin(t.Context(), t, "-n", "tealgate-system", "rollout", "status", "deployment/tealgate", "--timeout=180s")
}

// trusted waits until tealgate has put its CA into every entry.
func (i installation) trusted(t *testing.T) {
	t.Helper()
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
		result, err := i.cluster.Kubectl(ctx, "get", "mutatingwebhookconfiguration,validatingwebhookconfiguration",
			"-o=jsonpath={range .items[*].webhooks[*]}[{.clientConfig.caBundle}]{end}")
		return result.Stdout != "" && !strings.Contains(result.Stdout, "[]"), err
	}))
}

// changesNothing repeats an apply until no resourceVersion moves meanwhile. Status
// is written by others for a while; what an apply writes, it would write each time.
func (i installation) changesNothing(t *testing.T, dir string, flags ...string) error {
	t.Helper()
	versions := func(ctx context.Context) string {
		return i.admin(ctx, t, "get", "-k", dir,
			"-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}\n{end}")
	}
	before, after := "", ""
	err := poll(t.Context(), func(ctx context.Context) (bool, error) {
		before = versions(ctx)
		i.admin(ctx, t, append([]string{"apply", "-k", dir}, flags...)...)
		after = versions(ctx)
		return before == after, nil
	})
	if err != nil {
		return fmt.Errorf("%w: before:\n%s\nafter:\n%s", err, before, after)
	}
	return nil
}

// namesOf returns those of the entries of a configuration.
func namesOf(t *testing.T, dir, kind string) []string {
	t.Helper()
	var names []string
	for _, raw := range documents(t, dir) {
		var configuration struct {
			Kind     string
			Webhooks []struct{ Name string }
		}
		require.NoError(t, yaml.Unmarshal(raw, &configuration))
		for _, webhook := range configuration.Webhooks {
			if configuration.Kind == kind {
				names = append(names, webhook.Name)
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}
