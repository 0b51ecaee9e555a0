package admission

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// standing answers with a Deployment for each name, with these words.
func standing(quality map[string]string, names ...string) func(context.Context, *corev1.Service) ([]facts.Behind, error) {
	return func(context.Context, *corev1.Service) ([]facts.Behind, error) {
		var found []facts.Behind
		for _, name := range names {
			deployment := &appsv1.Deployment{
				TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{"quality": quality[name], "guard": "x"}},
			}
			found = append(found, facts.Behind{Deployment: deployment, Facts: facts.None()})
		}
		return found, nil
	}
}

func TestDeploymentsBehindANewService(t *testing.T) {
	rules := testRules(t)
	const of = "Deployment shop/shop-blue, which this Service selects: "
	for name, test := range map[string]struct {
		reason string
		entry  string // validate-enforce
		labels map[string]string
		object string
		old    string
		// quality has the words of each Deployment.
		quality map[string]string
		denied  bool
		warns   []string
		audit   string
	}{
		"Fit": {reason: "nothing to say, and traffic is judged by the Service", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": ""}},
		"Unfit": {
			reason: "the Service is not denied for it", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a"},
			warns: []string{of + "quality: a is bad. More: kubectl tealgate explain quality"},
			audit: "warn quality Deployment shop/shop-blue metadata.annotations[quality].a",
		},
		"AdviceIsLeftOut": {reason: "only what would deny", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "hint note"}},
		"Updated":         {reason: "the Service stood there before", object: worded("Service", "", ""), old: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a"}},
		"Deployment":      {reason: "only a Service selects", object: worded("Deployment", "", ""), quality: map[string]string{"shop-blue": "a"}},
		"BothColors": {
			reason: "three lines in all", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a b", "shop-green": "c d"},
			warns: []string{
				of + "quality: a is bad. More: kubectl tealgate explain quality",
				of + "quality: b is bad. More: kubectl tealgate explain quality",
				"2 more in Deployments that this Service selects: quality",
			},
			audit: "warn quality Deployment shop/shop-blue metadata.annotations[quality].a; warn quality Deployment shop/shop-blue metadata.annotations[quality].b; " +
				"warn quality Deployment shop/shop-green metadata.annotations[quality].c; warn quality Deployment shop/shop-green metadata.annotations[quality].d",
		},
		"BesideItsOwn": {
			reason: "its own come first, and one line is kept", object: worded("Service", "hint tip", ""), quality: map[string]string{"shop-blue": "a b"},
			warns: []string{
				"Service shop/shop: quality: hint could be better. More: kubectl tealgate explain quality",
				"Service shop/shop: quality: tip could be better. More: kubectl tealgate explain quality",
				"2 problems in Deployments that this Service selects: quality",
			},
			audit: "warn quality metadata.annotations[quality].hint; warn quality metadata.annotations[quality].tip; " +
				"warn quality Deployment shop/shop-blue metadata.annotations[quality].a; warn quality Deployment shop/shop-blue metadata.annotations[quality].b",
		},
		"BesideADenial": {
			reason: "what the Service has wrong denies it", object: worded("Service", "a", ""), quality: map[string]string{"shop-blue": "a"},
			denied: true, warns: []string{of + "quality: a is bad. More: kubectl tealgate explain quality"},
			audit: "deny quality metadata.annotations[quality].a; warn quality Deployment shop/shop-blue metadata.annotations[quality].a",
		},
		"Warn": {
			reason: "the same", entry: "validate-warn", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a"},
			warns: []string{of + "quality: a is bad. More: kubectl tealgate explain quality"},
			audit: "warn quality Deployment shop/shop-blue metadata.annotations[quality].a",
		},
		"Audit": {
			reason: "silent", entry: "validate-audit", object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a"},
			audit: "warn quality Deployment shop/shop-blue metadata.annotations[quality].a",
		},
		"Chinese": {
			reason: "in the namespace's language", labels: map[string]string{"tealgate.dev/language": "zh"},
			object: worded("Service", "", ""), quality: map[string]string{"shop-blue": "a"},
			warns: []string{"此 Service 选中的 Deployment shop/shop-blue: quality：a 不好。详情：kubectl tealgate explain quality"},
			audit: "warn quality Deployment shop/shop-blue metadata.annotations[quality].a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			names := []string{"shop-blue", "shop-green"}[:len(test.quality)]
			w, registry := cluster{rules: rules, labels: test.labels, facts: around{behind: standing(test.quality, names...)}}.webhooks()
			a := ask{entry: test.entry, object: test.object, old: test.old}
			if a.entry == "" {
				a.entry = "validate-enforce"
			}
			response := a.answer(t, w)
			assert.Equal(t, !test.denied, response.Allowed, test.reason)
			assert.Equal(t, test.warns, response.Warnings, test.reason)
			assert.Equal(t, test.audit, response.AuditAnnotations["problems"], test.reason)
			warned := counted(t, registry, "tealgate_admission_problems_total", map[string]string{"action": actionWarn})
			assert.Equal(t, strings.Count(test.audit, actionWarn+" "), warned, "each is counted")
		})
	}
}

// What goes wrong there is told and denies nothing, in enforce either.
func TestDeploymentsBehindAreNotKnown(t *testing.T) {
	const told = "tealgate could not decide about the Deployments that Service shop/shop selects: "
	rules := testRules(t)
	broken := rulesFunc(func(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
		if in.Kind == "Deployment" {
			return nil, errors.New("rules: broken")
		}
		return rules.Evaluate(ctx, in)
	})
	for name, test := range map[string]struct {
		rules Rules
		// fails takes the context of the test.
		fails func(test context.Context) error
		took  time.Duration
		says  string
	}{
		"Error": {rules: rules, fails: func(context.Context) error { return errors.New("no answer") }, says: "no answer."},
		"Panic": {rules: rules, fails: func(context.Context) error { panic("a") }, says: "internal error, see the log of tealgate."},
		"Rules": {rules: broken, fails: func(context.Context) error { return nil }, says: "shop-blue: rules: broken."},
		"Hangs": {
			rules: rules, fails: func(test context.Context) error { return deaf(test)(test) },
			took: 750 * time.Millisecond, says: "no answer in time.",
		},
	} {
		for _, entry := range []string{"validate-enforce", "validate-warn", "validate-audit"} {
			t.Run(name+"/"+entry, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					selected := func(ctx context.Context, service *corev1.Service) ([]facts.Behind, error) {
						if err := test.fails(t.Context()); err != nil {
							return nil, err
						}
						return standing(nil, "shop-blue")(ctx, service)
					}
					w, _ := cluster{rules: test.rules, facts: around{behind: selected}}.webhooks()
					began := time.Now()
					response := ask{entry: entry, object: worded("Service", "hint", "")}.answer(t, w)
					assert.Equal(t, test.took, time.Since(began), "an answer before tealgate's own deadline")
					require.True(t, response.Allowed, response.Result.Message)
					assert.Equal(t, "warn quality metadata.annotations[quality].hint; undecided about the Deployments that it selects",
						response.AuditAnnotations["problems"])
					if entry == "validate-audit" {
						assert.Empty(t, response.Warnings)
						return
					}
					require.Len(t, response.Warnings, 2)
					assert.Equal(t, told+test.says+" The Service itself was judged.", response.Warnings[1])
				})
			})
		}
	}
}

// What the settings leave alone is left alone behind a Service as well.
func TestUnmanagedBehindANewService(t *testing.T) {
	left := settings.Default()
	left.Unmanaged = []settings.Unmanaged{{Namespace: "shop", Selector: labels.SelectorFromSet(labels.Set{"app": "redis"})}}
	w, _ := cluster{rules: testRules(t), settings: left, facts: around{
		behind: func(ctx context.Context, service *corev1.Service) ([]facts.Behind, error) {
			found, err := standing(map[string]string{"redis": "a"}, "redis")(ctx, service)
			found[0].Deployment.Spec.Template.Labels = map[string]string{"app": "redis"}
			return found, err
		},
	}}.webhooks()
	response := ask{entry: "validate-enforce", object: worded("Service", "", "")}.answer(t, w)
	assert.True(t, response.Allowed)
	assert.Empty(t, response.Warnings)
}

// The real rules say it in words that fit into a line.
func TestUnfitShopBehindANewService(t *testing.T) {
	unfit := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}}
	unfit.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: "shop:1", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}
	w, _ := cluster{rules: embeddedRules(t), facts: around{behind: func(context.Context, *corev1.Service) ([]facts.Behind, error) {
		return []facts.Behind{{Deployment: unfit, Facts: facts.None()}}, nil
	}}}.webhooks()
	response := ask{entry: "validate-enforce", object: goodService}.answer(t, w)
	assert.True(t, response.Allowed)
	assert.Equal(t, []string{
		"Deployment shop/shop, which this Service selects: config-source: the pods take no configuration from outside: " +
			"no ConfigMap, no Secret and no configuration centre is named. More: kubectl tealgate explain config-source",
		"Deployment shop/shop, which this Service selects: readiness-probe: container web has no readinessProbe. " +
			"It would get traffic as soon as its process starts, before it can answer. More: kubectl tealgate explain readiness-probe",
		"Deployment shop/shop, which this Service selects: version-label: the pods carry no version label. " +
			"Nobody could tell what a color runs, and a release could not be told from the one before. More: kubectl tealgate explain version-label",
	}, response.Warnings)
}
