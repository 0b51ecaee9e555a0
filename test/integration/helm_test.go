package integration

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// helm is the real one, which applies server-side and without force, in a namespace of
// its own.
type helm struct {
	*doorway
	command string
}

func (w *world) helm(t *testing.T, namespace string) helm {
	t.Helper()
	binary, err := env.FindBinary(t.Context(), "helm")
	require.NoError(t, err)
	home := t.TempDir()
	return helm{
		w.doorwayAt(t, namespace, filepath.Join("testdata", "gitops")),
		w.pluginPath() + " HELM_CACHE_HOME=" + home + " HELM_CONFIG_HOME=" + home + " HELM_DATA_HOME=" + home + " " + binary + " ",
	}
}

func (h helm) run(t *testing.T, args string) {
	t.Helper()
	h.must(t, h.command+args)
}

// refused returns what helm says when it does not do it.
func (h helm) refused(t *testing.T, args string) string {
	t.Helper()
	output, err := h.shell(t.Context(), "admin", h.command+args)
	require.Error(t, err, args)
	return output
}

func (h helm) get(t *testing.T, what string) string {
	t.Helper()
	output, err := h.shell(t.Context(), "admin", "kubectl get "+what)
	require.NoError(t, err, output)
	return output
}

// live is the color of a Service.
func (h helm) live(t *testing.T, service string) string {
	t.Helper()
	return h.get(t, "service "+service+` -o 'jsonpath={.spec.selector.tealgate\.dev/color}'`)
}

// pinned waits until the Service of a new application has the color, and serves by it alone.
func (h helm) pinned(t *testing.T, service, c string) {
	t.Helper()
	h.must(t, "kubectl wait service/"+service+` --for=jsonpath='{.spec.selector.tealgate\.dev/color}'=`+c+" --timeout=90s")
	h.must(t, "kubectl rollout status deployment/"+service+"-"+c+" --timeout=90s")
	problem := ""
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (done bool, err error) {
		problem, err = h.problem(ctx, service)
		return problem == "", err
	}), problem)
}

// TestHelm: a chart without the color of its Service is installed, upgraded, switched, rolled
// back and uninstalled. A conflict there is only where a person's kubectl patch took the
// selector.
func TestHelm(t *testing.T) {
	buildPlugin(t)
	w := everyday(t)
	w.place(t)
	mover := w.mover(t)
	t.Run("ByHand", func(t *testing.T) { w.helm(t, "helm").isSwitchedByHand(t, mover) })
	t.Run("BothAtOnce", func(t *testing.T) { w.helm(t, "helm-both").installsBoth(t) })
	t.Run("Release", func(t *testing.T) { w.helm(t, "helm-release").isReleased(t) })
	t.Run("PostRenderer", func(t *testing.T) { w.helm(t, "helm-render").renders(t, mover) })
}

func (h helm) isSwitchedByHand(t *testing.T, mover client.Client) {
	t.Helper()
	h.run(t, "install shop chart")
	h.pinned(t, "shop", "blue")
	h.run(t, "upgrade shop chart --set note=second,green=true")
	h.must(t, "kubectl rollout status deployment/shop-green --timeout=90s")
	assert.Equal(t, "blue", h.live(t, "shop"))
	h.move(t, mover, "shop", color.Green)
	h.run(t, "upgrade shop chart --set note=third,green=true")
	assert.Equal(t, "green", h.live(t, "shop"), "after tealgate's switch")
	h.run(t, "rollback shop 2")
	assert.Equal(t, "green", h.live(t, "shop"), "after helm rollback")

	h.must(t, "kubectl patch service shop -p 'spec: {selector: {tealgate.dev/color: blue}}'")
	assert.Contains(t, h.refused(t, "upgrade shop chart --set note=fourth,green=true"), `conflict with "kubectl-patch"`)
	h.run(t, "upgrade shop chart --set note=fourth,green=true --force-conflicts")
	assert.Equal(t, "blue", h.live(t, "shop"), "after a person's switch")
	h.run(t, "upgrade shop chart --set note=fifth,green=true")
	h.run(t, "uninstall shop --wait")
	assert.Equal(t, "No resources found in helm namespace.\n", h.get(t, "services,deployments"))
}

// installsBoth: both colors in one chart come at the same moment, behind a Service without a
// color. Either may be denied until it has one; if none is, the Service has one before any
// pod is ready.
func (h helm) installsBoth(t *testing.T) {
	t.Helper()
	hasColor := func() {
		t.Helper()
		require.NoError(t, poll(t.Context(), func(context.Context) (bool, error) { return h.live(t, "shop") != "", nil }))
	}
	output, err := h.shell(t.Context(), "admin", h.command+"install shop chart --set green=true,starting=true")
	if err != nil {
		require.Contains(t, output, "selector-pins-color: Service shop names no color yet")
	} else {
		hasColor()
	}
	h.must(t, "kubectl wait deployment --all --for=jsonpath='{.status.replicas}'=2 --timeout=90s")
	h.must(t, "kubectl annotate pod --selector app=shop --overwrite "+env.AnnotationReady+"=true")
	hasColor()
	h.run(t, "upgrade shop chart --set green=true,starting=true")
	h.pinned(t, "shop", h.live(t, "shop"))
	h.run(t, "uninstall shop --wait")
}

// isReleased upgrades right after the switch of a release, and right after its rollback.
func (h helm) isReleased(t *testing.T) {
	t.Helper()
	phase := func(phase string) {
		t.Helper()
		h.must(t, "kubectl wait bluegreen/shop --for=jsonpath={.status.phase}="+phase+" --timeout=90s")
	}
	h.run(t, "install shop chart")
	h.pinned(t, "shop", "blue")
	h.must(t, "kubectl apply -f bluegreen.yaml")
	phase("Idle")
	h.run(t, "upgrade shop chart --set green=true")
	phase("Watching")
	h.run(t, "upgrade shop chart --set note=second,green=true")
	assert.Equal(t, "green", h.live(t, "shop"), "after the switch")
	phase("Watching")
	h.must(t, h.world.pluginPath()+" kubectl tealgate rollback shop --reason 'as agreed'")
	h.must(t, "kubectl wait bluegreen/shop --for=jsonpath={.status.release.outcome}=RolledBack --timeout=90s")
	h.run(t, "upgrade shop chart --set note=third,green=true")
	assert.Equal(t, "blue", h.live(t, "shop"), "after the rollback")
	assert.Equal(t, "RolledBack", h.get(t, "bluegreen shop -o jsonpath={.status.release.outcome}"), "no release began")
}

// renders installs the post-renderer as docs/render.md says, and upgrades a chart of one
// Deployment through it: the color that serves is never touched.
func (h helm) renders(t *testing.T, mover client.Client) {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "render.md"))
	require.NoError(t, err)
	plugin := regexp.MustCompile("(?s)```yaml\n(apiVersion: v1\ntype: postrenderer/v1\n.*?)```").FindSubmatch(doc)
	require.NotNil(t, plugin, "docs/render.md has a plugin.yaml")
	folder := filepath.Join(t.TempDir(), "tealgate")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "plugin.yaml"), plugin[1], 0o644))
	h.run(t, "plugin install "+folder)
	upgrade := func(version string) {
		t.Helper()
		h.run(t, "upgrade --install shop one --set version="+version+" --post-renderer tealgate --post-renderer-args=-n=$NS")
	}
	images := func() string {
		t.Helper()
		return h.get(t, "deployments -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.template.spec.containers[0].image} {end}'")
	}
	upgrade("1.4.0")
	h.pinned(t, "shop", "blue")
	upgrade("1.5.0")
	h.must(t, "kubectl rollout status deployment/shop-green --timeout=90s")
	assert.Equal(t, "shop-blue shop/web:1.4.0 shop-green shop/web:1.5.0 ", images())
	assert.Equal(t, "blue", h.live(t, "shop"))
	h.move(t, mover, "shop", color.Green)
	upgrade("1.6.0")
	assert.Equal(t, "shop-blue shop/web:1.6.0 shop-green shop/web:1.5.0 ", images())
	assert.Equal(t, "green", h.live(t, "shop"))
	h.run(t, "uninstall shop --wait")
	h.must(t, "kubectl delete deployment shop-blue shop-green")
}
