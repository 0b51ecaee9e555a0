package integration

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/traffic"
)

// gitOps are the ways in which what Git has reaches a cluster, each with the
// application that it alone writes. Argo CD and Flux apply like the third and compare
// like the last command of each.
var gitOps = map[string]struct{ create, apply, compare string }{
	"client": {
		"kubectl apply -f -", "kubectl apply -f -", "kubectl diff -f -",
	},
	"server": {
		"kubectl apply --server-side -f -", "kubectl apply --server-side -f -", "kubectl diff --server-side -f -",
	},
	"forced": {
		"kubectl apply --server-side --field-manager=argocd-controller --force-conflicts -f -",
		"kubectl apply --server-side --field-manager=argocd-controller --force-conflicts -f -",
		"kubectl diff --server-side --field-manager=argocd-controller --force-conflicts -f -",
	},
	"replace": {
		"kubectl create -f -", "kubectl replace -f -", "kubectl diff -f -",
	},
}

// TestGitOps applies what Git has, which names no color, again and again: before a
// switch, after tealgate made one, and after a person did. The color stays, nothing is
// written and nothing rolls; a conflict there is only where a person's kubectl patch took
// the selector, and none that force does not end.
func TestGitOps(t *testing.T) {
	w := everyday(t)
	w.place(t)
	d := w.doorwayAt(t, "gitops", filepath.Join("testdata", "gitops"))
	mover := w.mover(t)
	for app, way := range gitOps {
		t.Run(app, func(t *testing.T) {
			d.must(t, fmt.Sprintf("sed s/APP/%s/g app.yaml | ", app)+way.create)
			d.must(t, fmt.Sprintf(`kubectl wait service/%s --for=jsonpath='{.spec.selector.tealgate\.dev/color}'=blue --timeout=90s`, app))
			d.must(t, fmt.Sprintf("sed s/APP/%s/g green.yaml | ", app)+way.create)
			d.must(t, fmt.Sprintf("kubectl rollout status deployment/%s-blue --timeout=90s", app))
			d.must(t, fmt.Sprintf("kubectl rollout status deployment/%s-green --timeout=90s", app))
			git := fmt.Sprintf("(cat app.yaml; echo ---; cat green.yaml) | sed s/APP/%s/g | ", app)
			stays := func(c color.Color, when string) {
				t.Helper()
				d.must(t, git+way.apply)
				before := d.written(t, app)
				require.Contains(t, before, `"tealgate.dev/color":"`+string(c)+`"`, when)
				for range 3 {
					d.must(t, git+way.apply)
					d.must(t, git+way.compare)
				}
				assert.Equal(t, before, d.written(t, app), when)
			}
			stays(color.Blue, "before a switch")

			d.move(t, mover, app, color.Green)
			stays(color.Green, "after tealgate's switch")

			d.must(t, fmt.Sprintf("kubectl patch service %s -p 'spec: {selector: {tealgate.dev/color: blue}}'", app))
			if app == "server" {
				output, err := d.shell(t.Context(), "admin", git+way.apply)
				require.Error(t, err)
				assert.Contains(t, output, `conflict with "kubectl-patch"`)
				d.must(t, git+way.apply+" --force-conflicts")
			}
			stays(color.Blue, "after a person's switch")
		})
	}
}

// mover is tealgate's own client.
func (w *world) mover(t *testing.T) client.Client {
	t.Helper()
	kubeconfig, err := w.cluster.ServiceAccountKubeconfig(t.Context(), "tealgate-system", "tealgate")
	require.NoError(t, err)
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	require.NoError(t, err)
	c, err := client.New(config, client.Options{})
	require.NoError(t, err)
	return c
}

// move switches a Service as tealgate does, and waits until tealgate owns nothing of it: the
// program itself may be faster in giving that up.
func (d *doorway) move(t *testing.T, mover client.Client, name string, to color.Color) {
	t.Helper()
	service := &corev1.Service{}
	require.NoError(t, mover.Get(t.Context(), types.NamespacedName{Namespace: d.namespace, Name: name}, service))
	if err := traffic.Move(t.Context(), mover, service, to, ""); err != nil {
		require.ErrorContains(t, err, "give up ownership")
	}
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
		err := mover.Get(ctx, client.ObjectKeyFromObject(service), service)
		return err == nil && !traffic.Owns(service), err
	}))
	require.Equal(t, string(to), service.Spec.Selector["tealgate.dev/color"])
}

// written is what was written to an application's objects, but for the status: the
// resourceVersion of the Service with its selector, the generations of the Deployments and
// the names of the ReplicaSets. kubectl replace takes the annotation
// deployment.kubernetes.io/revision away, which raises a Deployment's generation with
// tealgate or without: there it is left out.
func (d *doorway) written(t *testing.T, app string) string {
	t.Helper()
	generations := "{range .items[*]} {.metadata.generation}{end}"
	if app == "replace" {
		generations = " replaced"
	}
	output, err := d.shell(t.Context(), "admin", fmt.Sprintf("kubectl get service %[1]s -o 'jsonpath={.metadata.resourceVersion} {.spec.selector}' && "+
		"kubectl get deployments %[1]s-blue %[1]s-green -o 'jsonpath=%[2]s' && echo && "+
		"kubectl get replicasets -l app=%[1]s -o name", app, generations))
	require.NoError(t, err, output)
	return output
}
