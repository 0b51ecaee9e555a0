package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

func namespace(labels string) string {
	return "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {" + labels + "}}}"
}

// words are stored Deployments in which the rule quality finds these words.
func words(quality ...string) []*appsv1.Deployment {
	deployments := make([]*appsv1.Deployment, len(quality))
	for i, word := range quality {
		deployments[i] = &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: fmt.Sprintf("app-%03d", i), Annotations: map[string]string{"quality": word, "guard": ""},
		}}
	}
	return deployments
}

func TestModeSet(t *testing.T) {
	const enforce = "tealgate.dev/mode: enforce"
	const more = " They run on as they are. More: kubectl tealgate audit -n shop"
	unknown := "Namespace shop: tealgate.dev/mode: enforced is not a mode (enforce, warn, audit); handled as warn"
	going := words("a", "a", "")
	rules := testRules(t)
	going[0].DeletionTimestamp = &metav1.Time{}
	for name, test := range map[string]struct {
		reason    string
		object    string
		old       string
		operation admissionv1.Operation
		stored    []*appsv1.Deployment
		settings  *settings.Settings
		warns     []string
	}{
		"Unfit": {
			reason: "what would be denied is counted, advice is not", object: namespace(enforce), old: namespace(""), stored: words("a", "hint", "", "a b"),
			warns: []string{"Namespace shop: 2 of 4 Deployments would be denied in enforce." + more},
		},
		"Audit": {
			reason: "said before anybody is denied anything", object: namespace("tealgate.dev/mode: audit"), old: namespace(""), stored: words("a"),
			warns: []string{"Namespace shop: 1 of 1 Deployments would be denied in enforce." + more},
		},
		"Tightened": {
			reason: "the mode is another one", object: namespace(enforce), old: namespace("tealgate.dev/mode: warn"), stored: words("a"),
			warns: []string{"Namespace shop: 1 of 1 Deployments would be denied in enforce." + more},
		},
		"Fit":       {reason: "nothing to warn about", object: namespace(enforce), old: namespace(""), stored: words("", "hint")},
		"Empty":     {reason: "nothing stands there", object: namespace(enforce), old: namespace("")},
		"Unchanged": {reason: "another label is none of our business", object: namespace(enforce + ", team: shop"), old: namespace(enforce), stored: words("a")},
		"TakenAway": {reason: "nothing will be denied", object: namespace(""), old: namespace(enforce), stored: words("a")},
		"Deleted":   {reason: "nothing will be there", operation: admissionv1.Delete, old: namespace(enforce), stored: words("a")},
		"Created":   {reason: "nothing stands there yet", object: namespace(enforce), stored: words("a")},
		"Going": {
			reason: "what is about to go is not counted", object: namespace(enforce), old: namespace(""), stored: going,
			warns: []string{"Namespace shop: 1 of 2 Deployments would be denied in enforce." + more},
		},
		"Misspelled": {
			reason: "whoever sets it can still mend it", object: namespace("tealgate.dev/mode: enforced"), old: namespace(""), stored: words("a"),
			warns: []string{unknown, "Namespace shop: 1 of 1 Deployments would be denied in enforce." + more},
		},
		"CreatedMisspelled": {reason: "as well", object: namespace("tealgate.dev/mode: enforced"), warns: []string{unknown}},
		"Chinese": {
			reason: "the language of the request, which no cache has yet", object: namespace(enforce + ", tealgate.dev/language: zh"), old: namespace(""), stored: words("a", ""),
			warns: []string{"Namespace shop：2 个 Deployment 中有 1 个在 enforce 模式下会被拒绝，它们会照常运行。详情：kubectl tealgate audit -n shop"},
		},
		"Unmanaged": {
			reason: "what the settings leave alone is not counted", object: namespace(enforce), old: namespace(""),
			stored: append(words("a"), labelled("redis", "a")), settings: settingsOf(t, "unmanaged: [{namespace: shop, selector: app=redis}]"),
			warns: []string{"Namespace shop: 1 of 1 Deployments would be denied in enforce." + more},
		},
		"TooMany": {
			reason: "one label must not cost too much", object: namespace(enforce), old: namespace(""), stored: words(make([]string, 501)...),
			warns: []string{"Namespace shop: at least 0 of 501 Deployments would be denied in enforce; there was time to look at 500." + more},
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Time is virtual, so that there is enough of it on a busy machine.
			synctest.Test(t, func(t *testing.T) {
				w, _ := cluster{rules: rules, settings: test.settings, stored: test.stored}.webhooks()
				response := ask{entry: "namespace-mode", operation: test.operation, object: test.object, old: test.old}.answer(t, w)
				assert.True(t, response.Allowed, test.reason)
				assert.Equal(t, test.warns, response.Warnings, test.reason)
			})
		})
	}
}

func labelled(app, quality string) *appsv1.Deployment {
	deployment := words(quality)[0]
	deployment.Name, deployment.Spec.Template.Labels = app, map[string]string{"app": app}
	return deployment
}

// What goes wrong there is told and denies nothing; what was counted in time is said.
func TestModeSetFails(t *testing.T) {
	rules := testRules(t)
	// hangs decides about that many Deployments and then about none.
	hangs := func(after int) Rules {
		return rulesFunc(func(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
			if in.Name >= fmt.Sprintf("app-%03d", after) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return rules.Evaluate(ctx, in)
		})
	}
	for name, test := range map[string]struct {
		rules Rules
		took  time.Duration
		says  string
	}{
		"Error": {
			rules: rulesFunc(func(context.Context, policy.Input) ([]policy.Violation, error) {
				return nil, errors.New("rules: broken")
			}),
			says: "tealgate could not decide: app-000: rules: broken. The mode is set all the same.",
		},
		"Panic": {
			rules: rulesFunc(func(context.Context, policy.Input) ([]policy.Violation, error) { panic("a") }),
			says:  "tealgate could not decide: internal error, see the log of tealgate. The mode is set all the same.",
		},
		"Late": {
			rules: hangs(2), took: 1125 * time.Millisecond,
			says: "Namespace shop: at least 2 of 3 Deployments would be denied in enforce; there was time to look at 2. " +
				"They run on as they are. More: kubectl tealgate audit -n shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := cluster{rules: test.rules, stored: words("a", "b", "c")}.webhooks()
				began := time.Now()
				response := ask{entry: "namespace-mode", object: namespace("tealgate.dev/mode: enforce"), old: namespace("")}.answer(t, w)
				assert.Equal(t, test.took, time.Since(began))
				assert.True(t, response.Allowed)
				assert.Equal(t, []string{test.says}, response.Warnings)
			})
		})
	}
}

// Pods are judged with the colors that they have: a mode gives them none.
func TestModeSetColors(t *testing.T) {
	pair := []*appsv1.Deployment{labelled("shop", ""), labelled("shop", "")}
	pair[1].Name = "shop-new"
	pair[1].Spec.Template.Labels["tealgate.dev/color"] = "green"
	service := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "shop"}}}
	service.Namespace, service.Name = "shop", "shop"
	var seen []string
	w, _ := cluster{rules: rulesFunc(func(_ context.Context, in policy.Input) ([]policy.Violation, error) {
		var object appsv1.Deployment
		require.NoError(t, json.Unmarshal(in.Object, &object))
		if c, ok := object.Spec.Template.Labels["tealgate.dev/color"]; ok {
			seen = append(seen, in.Name+" "+c)
		}
		return nil, nil
	})}.webhooks()
	w.inventory = func(context.Context, string) (*facts.Inventory, error) {
		return facts.NewInventory(nil, pair, pair, []*corev1.Service{service}), nil
	}
	response := ask{entry: "namespace-mode", object: namespace("tealgate.dev/mode: enforce"), old: namespace("")}.answer(t, w)
	assert.True(t, response.Allowed)
	assert.Equal(t, []string{"shop-new green"}, seen)
}
