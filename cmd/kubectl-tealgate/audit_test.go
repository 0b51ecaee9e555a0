package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/test/env"
)

func TestAuditRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"Output":   {[]string{"-o", "text"}, "error: --output \"text\": not table, wide, json or yaml\n"},
		"Language": {[]string{"--language", "de"}, "error: --language \"de\": not en or zh\n"},
		"Chunk":    {[]string{"--chunk-size", "0"}, "error: --chunk-size: at least 1\n"},
		"Argument": {[]string{"shop"}, "error: unknown command \"shop\" for \"kubectl tealgate audit\"\n"},
		"Context":  {[]string{"--context", "gone"}, "error: context \"gone\" does not exist\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			out, errOut, err := run(t, append([]string{"audit"}, test.args...)...)
			require.Error(t, err)
			assert.Equal(t, test.want, errOut)
			assert.Empty(t, out)
		})
	}
}

// TestAudit audits a real API server, and holds that docs/audit.md shows what it says.
func TestAudit(t *testing.T) {
	cluster, err := env.Start(t.Context(), env.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	t.Setenv("KUBECONFIG", cluster.Kubeconfig)
	t.Setenv("KUBECACHEDIR", t.TempDir())
	kubectl := func(args ...string) {
		result, err := cluster.Kubectl(t.Context(), args...)
		require.NoError(t, err)
		require.Zero(t, result.Code, "kubectl %v: %s", args, result)
	}
	kubectl("apply", "-f", filepath.Join("testdata", "audit", "cluster.yaml"))
	for _, deployment := range []string{"cart-blue", "cart-green"} {
		kubectl("-n", "cart", "rollout", "status", "deployment/"+deployment, "--timeout=180s")
	}
	for _, deployment := range []string{"shop-blue", "shop-green"} {
		kubectl("-n", "shop", "rollout", "status", "deployment/"+deployment, "--timeout=180s")
	}

	t.Run("Page", auditPage)
	t.Run("Outputs", auditOutputsTest)
	t.Run("Policies", func(t *testing.T) { auditPolicies(t, kubectl) })
	t.Run("Rights", func(t *testing.T) { auditRights(t, cluster, kubectl) })
}

// auditPage runs the commands of the page and compares what it shows.
func auditPage(t *testing.T) {
	t.Helper()
	page := filepath.Join("..", "..", "docs", "audit.md")
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	const opening, prompt, closing = "```console\n", "$ kubectl tealgate ", "```"
	got := ""
	for i, part := range strings.Split(string(content), opening) {
		if i > 0 {
			shown, rest, closed := strings.Cut(part, closing)
			require.True(t, closed)
			command, _, _ := strings.Cut(strings.TrimPrefix(shown, prompt), "\n")
			out, errOut, err := run(t, strings.Fields(command)...)
			require.NoError(t, err, command)
			assert.Empty(t, errOut, command)
			part = prompt + command + "\n" + out + closing + rest
			got += opening
		}
		got += part
	}
	golden(t, page, got)
}

func auditOutputsTest(t *testing.T) {
	t.Helper()
	for name, args := range map[string][]string{
		"wide.zh.txt":    {"-A", "-o", "wide", "--language", "zh"},
		"lines.zh.txt":   {"-n", "shop", "--language", "zh"},
		"details.txt":    {"-n", "billing", "--details"},
		"details.zh.txt": {"-n", "billing", "--details", "--language", "zh"},
		"shop.json":      {"-n", "shop", "-o", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, append([]string{"audit"}, args...)...)
			require.NoError(t, err)
			assert.Empty(t, errOut)
			golden(t, filepath.Join("testdata", "audit", name), out)
		})
	}
	asJSON, _, err := run(t, "audit", "-A", "-o", "json", "--details")
	require.NoError(t, err)
	asYAML, _, err := run(t, "audit", "-A", "-o", "yaml", "--details", "--chunk-size", "2")
	require.NoError(t, err)
	converted, err := yaml.YAMLToJSON([]byte(asYAML))
	require.NoError(t, err)
	assert.JSONEq(t, asJSON, string(converted))
	var report struct{ Pilot string }
	require.NoError(t, json.Unmarshal([]byte(asJSON), &report))
	assert.Equal(t, "cart", report.Pilot)

	out, _, err := run(t, "audit", "-n", "kube-public")
	require.NoError(t, err)
	assert.Equal(t, "No Deployments and no Services.\n", out)
}

// auditRights audits as people who may read less and less.
func auditRights(t *testing.T, cluster *env.Cluster, kubectl func(...string)) {
	t.Helper()
	kubectl("create", "clusterrole", "half", "--verb=list", "--resource=deployments,services,endpointslices")
	for name, test := range map[string]struct {
		reason, user string
		rights       []string
		args         []string
		code         int
		out          string
		errors       []string
	}{
		"View": {
			reason: "who may view a namespace may audit it",
			user:   "vera", rights: []string{"create", "rolebinding", "vera", "--clusterrole=view", "--user=vera", "-n", "cart"},
			args: []string{"-n", "cart"},
			out: `0 of 2 Deployments and 0 of 2 Services would be denied. Warnings: 0. Advice: 0.

Out of the webhook's sight, found by this audit only:
Ingress cart/cart-beta
  sends traffic to Service cart-preview, which has a role, past live Service
  cart. Pods that nobody has verified can answer there.
`,
			errors: []string{
				"note: the built-in rules and default settings were used: configmaps is forbidden: ",
				"note: not looked at, for lack of rights: ExternalName Services of other namespaces",
			},
		},
		"Half": {
			reason: "what could be judged is reported",
			user:   "henk", rights: []string{"create", "clusterrolebinding", "henk", "--clusterrole=half", "--user=henk"},
			args: []string{"-n", "cart"}, code: exitFailed, out: "0 of 2 Deployments would be denied. Warnings: 0. Advice: 0.\n",
			errors: []string{
				"note: the built-in rules and default settings were used: configmaps is forbidden: ",
				"note: the modes are not known: namespaces \"cart\" is forbidden: ",
				"note: config-exists was not asked: configmaps is forbidden: ",
				"note: not looked at, for lack of rights: Ingresses, StatefulSets",
				"error: Service cart/cart could not be judged: reading the pods of namespace cart: pods is forbidden: ",
				"error: Service cart/cart-preview could not be judged: reading the pods of namespace cart: pods is forbidden: ",
			},
		},
		"Nothing": {
			reason: "there is no report", user: "nora", args: []string{"-A"}, code: exitFailed,
			errors: []string{
				"note: the built-in rules and default settings were used: configmaps is forbidden: ",
				"error: listing Deployments: deployments.apps is forbidden: User \"nora\" cannot list ",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.rights != nil {
				kubectl(test.rights...)
			}
			kubeconfig, err := cluster.UserKubeconfig(test.user)
			require.NoError(t, err)
			out, errOut, err := run(t, append([]string{"audit", "--kubeconfig", kubeconfig}, test.args...)...)
			if test.code == 0 {
				require.NoError(t, err, test.reason)
			} else {
				require.Error(t, err, test.reason)
			}
			assert.True(t, strings.HasSuffix(out, test.out), out)
			lines := strings.Split(strings.TrimSuffix(errOut, "\n"), "\n")
			require.Len(t, lines, len(test.errors), errOut)
			for i, want := range test.errors {
				assert.Equal(t, want, lines[i][:min(len(want), len(lines[i]))])
			}
		})
	}
}

// auditPolicies audits with what a platform team has put into the cluster.
func auditPolicies(t *testing.T, kubectl func(...string)) {
	t.Helper()
	kubectl("apply", "-f", filepath.Join("testdata", "audit", "policies.yaml"))
	out, errOut, err := run(t, "audit", "-n", "cache")
	require.NoError(t, err)
	assert.Equal(t, "note: ConfigMap tealgate-system/broken is set aside: broken/x.rego:1:1: package expected\n", errOut)
	assert.Equal(t, `Deployment cache/redis
  deny team-label: no team is named.

NAMESPACE   MODE   DEPLOYMENTS DENIED   SERVICES DENIED   WARNED   MOST OFTEN
cache       -      1/1                  0/0               0        team-label (1)

1 of 1 Deployment would be denied. Warnings: 0. Advice: 0.
`, out)
	out, _, err = run(t, "audit", "-n", "billing")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(out, "\n\nLeft alone by the settings: 2.\n"), out)
	kubectl("delete", "-f", filepath.Join("testdata", "audit", "policies.yaml"))
}
