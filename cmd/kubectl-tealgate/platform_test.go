package main

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tealgate/tealgate/test/env"
)

// TestExplainPlatformRules: the last line of an answer names a rule of the platform team, and
// the rule is explained to who may read it.
func TestExplainPlatformRules(t *testing.T) {
	cluster, err := env.Start(t.Context(), env.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	kubectl := func(args ...string) {
		result, err := cluster.Kubectl(t.Context(), args...)
		require.NoError(t, err)
		require.Zero(t, result.Code, "kubectl %v: %s", args, result)
	}
	kubectl("create", "namespace", "tealgate-system")
	kubectl("apply", "-k", filepath.Join("..", "..", "docs", "examples", "policies"))
	kubectl("apply", "-f", filepath.Join("..", "..", "manifests", "rbac", "policy-reader.yaml"))
	kubeconfig, err := cluster.UserKubeconfig("ada", "developers")
	require.NoError(t, err)
	t.Setenv("KUBECONFIG", kubeconfig)
	const sorry = `error: no rule built into this program is called "team-owner", and `

	out, errOut, err := run(t, "explain", "team-owner")
	require.Error(t, err)
	assert.Empty(t, out)
	assert.Equal(t, sorry+`you may not read those of the platform team (configmaps is forbidden: User "ada" cannot list resource `+
		`"configmaps" in API group "" in the namespace "tealgate-system"): ask for Role tealgate-policy-reader in tealgate-system, `+
		"or name their folder with --policy-dir\n", errOut)

	kubectl("-n", "tealgate-system", "create", "rolebinding", "readers", "--role=tealgate-policy-reader", "--group=developers")
	var fromFolder string
	fromFolder, _, err = run(t, "explain", "readiness-probe", "team-owner", "--policy-dir", filepath.Join("..", "..", "docs", "examples", "policies"))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		out, errOut, err = run(t, "explain", "readiness-probe", "team-owner")
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	assert.Equal(t, fromFolder, out)
	assert.Empty(t, errOut)
	assert.Contains(t, out, "team-owner: Every Deployment names its team\n")

	_, errOut, err = run(t, "explain", "team-owners")
	require.Error(t, err)
	assert.Equal(t, "error: no rule is called \"team-owners\"; do you mean team-owner? kubectl tealgate explain lists all\n", errOut)

	t.Setenv("KUBECONFIG", nowhere(t, kubeconfig))
	_, errOut, err = run(t, "explain", "team-owner")
	require.Error(t, err)
	assert.Contains(t, errOut, sorry+"the cluster could not be asked for those of the platform team (")
	assert.Contains(t, errOut, "connection refused): name their folder with --policy-dir\n")
}

// nowhere is a kubeconfig of an API server that is not there.
func nowhere(t *testing.T, kubeconfig string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	config, err := clientcmd.LoadFromFile(kubeconfig)
	require.NoError(t, err)
	config.Clusters[config.Contexts[config.CurrentContext].Cluster].Server = "https://" + address
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, path))
	return path
}
