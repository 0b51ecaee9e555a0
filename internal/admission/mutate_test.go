package admission

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// patchedBy applies an answer's patch to the object that was sent, as JSON.
func patchedBy(tb testing.TB, object string, response *admissionv1.AdmissionResponse) string {
	tb.Helper()
	require.True(tb, response.Allowed, response.Result.Message)
	raw, err := yaml.YAMLToJSON([]byte(object))
	require.NoError(tb, err)
	if len(response.Patch) == 0 {
		return string(raw)
	}
	require.Equal(tb, admissionv1.PatchTypeJSONPatch, *response.PatchType)
	patch, err := jsonpatch.DecodePatch(response.Patch)
	require.NoError(tb, err)
	raw, err = patch.Apply(raw)
	require.NoError(tb, err, "%s\n%s", response.Patch, object)
	return string(raw)
}

// Pieces of a Deployment; %s takes labels and annotations as flow mappings.
func shop(name, labels, annotations, selector, pod string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + name + `, namespace: shop, labels: {` + labels + `}, annotations: {` + annotations + `}}
spec:
  selector: {matchLabels: {` + selector + `}}
  template:
    metadata: {labels: {` + pod + `}}
    spec: {containers: [{name: web, image: shop:1.4.0}]}
`
}

const (
	blue    = "tealgate.dev/color: blue"
	green   = "tealgate.dev/color: green"
	byAlice = "tealgate.dev/deployed-by: alice"
	byBob   = "tealgate.dev/deployed-by: bob"
)

func and(labels ...string) string { return strings.Join(labels, ", ") }

func TestMutateDeployment(t *testing.T) {
	app := "app: shop"
	pair := func(live string) facts.Facts {
		return facts.Facts{Services: []facts.Service{{Name: "shop", Color: live}}, Pair: []facts.Deployment{{Name: "shop-a", Color: live}}}
	}
	colored := func(name, c string) string {
		return shop(name, c, byAlice, and(app, c), and(app, c))
	}
	changed := func(object string) string { return strings.Replace(object, "shop:1.4.0", "shop:1.5.0", 1) }
	for name, test := range map[string]struct {
		reason string
		object string
		old    string
		user   string
		around facts.Facts
		want   string
		// from is why the color was chosen, recorded with a new Deployment.
		from string
	}{
		"SuffixBlue": {
			reason: "the name says it", object: shop("shop-blue", "", "", app, app),
			want: colored("shop-blue", blue), from: "name",
		},
		"SuffixGreen": {
			reason: "the name says it, whatever is idle", object: shop("shop-green", "", "", app, app), around: pair("green"),
			want: colored("shop-green", green), from: "name",
		},
		"IdleColor": {
			reason: "blue is live", object: shop("shop", "", "", app, app), around: pair("blue"),
			want: colored("shop", green), from: "pair",
		},
		"First": {
			reason: "nothing is there", object: shop("shop", "", "", app, app),
			want: colored("shop", blue), from: "first",
		},
		"LabelOfTheObject": {
			reason: "its own label comes before its name", object: shop("shop-blue", green, "", app, app),
			want: colored("shop-blue", green), from: "label",
		},
		"LabelOfThePods": {
			reason: "its own label, wherever it stands", object: shop("shop-blue", "", "", app, and(app, green)),
			want: colored("shop-blue", green), from: "label",
		},
		"LabelOfTheSelector": {
			reason: "the selector cannot change later, so it counts most", object: shop("shop", blue, "", and(app, green), and(app, blue)),
			want: shop("shop", blue, byAlice, and(app, green), and(app, blue)),
		},
		"AllThere": {
			reason: "nothing is explained when nothing is added", object: shop("shop", green, "", and(app, green), and(app, green)),
			want: colored("shop", green),
		},
		"UnknownColor": {
			reason: "what is there is not changed; the rules deny it", object: shop("shop", "tealgate.dev/color: red", "", app, app),
			want: shop("shop", "tealgate.dev/color: red", byAlice, and(app, blue), and(app, blue)), from: "first",
		},
		"EmptyColor": {
			reason: "an empty label is there", object: shop("shop-green", "", "", app, and(app, "tealgate.dev/color: ''")),
			want: shop("shop-green", green, byAlice, and(app, green), and(app, "tealgate.dev/color: ''")),
			from: "name",
		},
		"NoTraffic": {
			reason: "no color is asked of a worker", user: "bob",
			object: strings.Replace(shop("shop-blue", "", "", app, app), "{labels: {app: shop}}", "{labels: {app: shop}, annotations: {tealgate.dev/traffic: none}}", 1),
			want:   strings.Replace(shop("shop-blue", "", byBob, app, app), "{labels: {app: shop}}", "{labels: {app: shop}, annotations: {tealgate.dev/traffic: none}}", 1),
		},
		"Declined": {
			reason: "who does not want blue-green gets no color",
			object: shop("shop-blue", "", "tealgate.dev/blue-green: disabled", app, app),
			want:   shop("shop-blue", "", and("tealgate.dev/blue-green: disabled", byAlice), app, app),
		},
		"NoMaps": {
			reason: "maps that are not there are made",
			object: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-green}, spec: {template: {spec: {}}}}",
			want: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-green, labels: {" + green + "}, annotations: {" + byAlice + "}}, " +
				"spec: {selector: {matchLabels: {" + green + "}}, template: {metadata: {labels: {" + green + "}}, spec: {}}}}",
			from: "name",
		},
		"LostInMetadata": {
			reason: "a server-side apply of what Git has", old: colored("shop", green), object: shop("shop", "", byAlice, and(app, green), and(app, green)),
			want: colored("shop", green),
		},
		"LostInTemplate": {
			reason: "no rollout, and nobody new deployed", old: colored("shop", green), user: "bob",
			object: shop("shop", green, byAlice, and(app, green), app), want: colored("shop", green),
		},
		"LostInSelector": {
			reason: "a selector is an atomic map", old: colored("shop", green), user: "bob",
			object: shop("shop", green, byAlice, app, and(app, green)), want: colored("shop", green),
		},
		"LostEverywhere": {
			reason: "what the stored selector has is kept, whatever is idle or the name says", old: colored("shop-blue", green), user: "bob",
			object: shop("shop-blue", "", byAlice, app, app), around: pair("green"), want: colored("shop-blue", green),
		},
		"LostAndChanged": {
			reason: "the user who changed the template deployed", old: colored("shop", green), user: "bob",
			object: changed(shop("shop", "", byAlice, app, app)),
			want:   changed(shop("shop", green, byBob, and(app, green), and(app, green))),
		},
		"LostWhereTheSelectorHasNone": {
			reason: "another color in the template would be a rollout", old: shop("shop-blue", green, byAlice, app, and(app, green)), user: "bob",
			object: shop("shop-blue", "", byAlice, app, app), want: shop("shop-blue", green, byAlice, app, and(app, green)),
		},
		"UnknownColorTakenOut": {
			reason: "the rule says so: leave it out and tealgate chooses", user: "bob",
			old:    shop("shop-blue", "tealgate.dev/color: red", byAlice, app, and(app, "tealgate.dev/color: red")),
			object: shop("shop-blue", "", byAlice, app, app), want: shop("shop-blue", blue, byBob, app, and(app, blue)),
		},
		"LostAndDeclined": {
			reason: "a stored selector cannot change, whatever is declared now", old: colored("shop", green),
			object: shop("shop", "", and(byAlice, "tealgate.dev/blue-green: disabled"), app, app),
			want:   shop("shop", green, and(byAlice, "tealgate.dev/blue-green: disabled"), and(app, green), and(app, green)),
		},
		"FromBefore": {
			reason: "the template does not change, so it is not touched: no rollout by us",
			old:    shop("shop", "", "", app, app), object: strings.Replace(shop("shop", "", "", app, app), "spec:\n  sel", "spec:\n  replicas: 5\n  sel", 1),
			want: strings.Replace(shop("shop", blue, "", app, app), "spec:\n  sel", "spec:\n  replicas: 5\n  sel", 1),
		},
		"FromBeforeChanged": {
			reason: "the template changes anyway; the selector cannot",
			old:    shop("shop", "", "", app, app), object: changed(shop("shop", "", "", app, app)),
			want: changed(shop("shop", blue, byAlice, app, and(app, blue))),
		},
		"DeployerKept": {
			reason: "scaling is no deployment", old: colored("shop", green), user: "bob",
			object: strings.Replace(colored("shop", green), "spec:\n  sel", "spec:\n  replicas: 5\n  sel", 1),
			want:   strings.Replace(colored("shop", green), "spec:\n  sel", "spec:\n  replicas: 5\n  sel", 1),
		},
		"DeployerRestored": {
			reason: "kubectl replace of what Git has", old: colored("shop", green), user: "bob",
			object: shop("shop", green, "", and(app, green), and(app, green)), want: colored("shop", green),
		},
		"DeployerClaimedAtCreation": {
			reason: "it is recorded, not claimed", user: "bob",
			object: colored("shop", green), want: shop("shop", green, byBob, and(app, green), and(app, green)),
		},
		"DeployerClaimedLater": {
			reason: "nor later", old: colored("shop", green), user: "bob",
			object: shop("shop", green, byBob, and(app, green), and(app, green)), want: colored("shop", green),
		},
		"DeployerClaimedWhereNoneWas": {
			reason: "that stays to be seen by the rule deployed-by", user: "bob",
			old:    shop("shop", green, "", and(app, green), and(app, green)),
			object: shop("shop", green, byAlice, and(app, green), and(app, green)), want: shop("shop", green, byAlice, and(app, green), and(app, green)),
		},
		"UnknownFieldsAndBigIntegers": {
			reason: "the object is not read into types of this binary",
			object: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-green, generation: 9007199254740993}, " +
				"spec: {later: {count: 9223372036854775807, f: 1.50, e: []}, template: {spec: {newer: [1, null, {}]}}}}",
			want: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-green, generation: 9007199254740993, labels: {" + green + "}, annotations: {" + byAlice + "}}, " +
				"spec: {selector: {matchLabels: {" + green + "}}, later: {count: 9223372036854775807, f: 1.50, e: []}, template: {metadata: {labels: {" + green + "}}, spec: {newer: [1, null, {}]}}}}",
			from: "name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{facts: around{deployment: test.around}}.webhooks()
			response := ask{entry: "mutate", object: test.object, old: test.old, user: test.user}.answer(t, w)
			got := patchedBy(t, test.object, response)
			want := test.want
			if test.from != "" {
				want = strings.Replace(want, byAlice, byAlice+", tealgate.dev/color-from: "+test.from, 1)
			}
			assert.YAMLEq(t, want, got, test.reason)
			assert.Empty(t, response.Warnings, "the entry that validates explains, once it admits")
			for _, number := range []string{"9007199254740993", "9223372036854775807"} {
				assert.Equal(t, strings.Contains(test.object, number), strings.Contains(got, number), "digits of %s", number)
			}
			again := ask{entry: "mutate", object: got, old: test.old, user: test.user}.answer(t, w)
			assert.Empty(t, again.Patch, "twice is once")
		})
	}
}

func TestMutateService(t *testing.T) {
	colorless := strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1)
	with := func(replace, by string) string { return strings.Replace(colorless, replace, by, 1) }
	for name, test := range map[string]struct {
		reason string
		object string
		old    string
		around around
		want   string
		warns  []string
		says   string
	}{
		"PodsOfOneColor": {
			reason: "its only color", object: colorless, around: around{only: "green"},
			want: strings.Replace(goodService, "blue", "green", 1),
			warns: []string{"tealgate pins Service shop/shop to green, the color of all its pods: tealgate.dev/color: green in its selector. " +
				"Leave it out of Git: a switch moves it."},
		},
		"Headless": {
			reason: "headless ones too", object: with("spec:", "spec:\n  clusterIP: None"), around: around{only: "blue"},
			want: strings.Replace(goodService, "spec:", "spec:\n  clusterIP: None", 1),
			warns: []string{"tealgate pins Service shop/shop to blue, the color of all its pods: tealgate.dev/color: blue in its selector. " +
				"Leave it out of Git: a switch moves it."},
		},
		"NoPodsTwoColorsOrNone": {
			reason: "a StatefulSet may follow, and two colors are nothing to guess", object: colorless, want: colorless,
		},
		"HasAColor": {
			reason: "what is there is not changed", object: goodService, around: around{only: "green"}, want: goodService,
		},
		"Preview": {
			reason: "it carries no live traffic", object: with("namespace: shop", "namespace: shop, labels: {tealgate.dev/role: preview}"),
			around: around{only: "green"}, want: with("namespace: shop", "namespace: shop, labels: {tealgate.dev/role: preview}"),
		},
		"ExternalName": {
			reason: "its selector means nothing", object: with("spec:", "spec:\n  type: ExternalName"),
			around: around{only: "green"}, want: with("spec:", "spec:\n  type: ExternalName"),
		},
		"NoSelector": {
			reason: "its endpoints are somebody else's", object: with("selector: {app: shop}", "clusterIP: 10.0.0.1"),
			around: around{only: "green"}, want: with("selector: {app: shop}", "clusterIP: 10.0.0.1"),
		},
		"Argo": {
			reason: "Argo Rollouts moves it", around: around{only: "green"},
			object: strings.NewReplacer("namespace: shop", byArgo, "app: shop}", "app: shop, rollouts-pod-template-hash: x}").Replace(colorless),
			want:   strings.NewReplacer("namespace: shop", byArgo, "app: shop}", "app: shop, rollouts-pod-template-hash: x}").Replace(colorless),
		},
		"Update": {
			reason: "the controller pins what stands", object: colorless, old: colorless, around: around{only: "green"}, want: colorless,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{facts: test.around}.webhooks()
			response := ask{entry: "mutate", object: test.object, old: test.old}.answer(t, w)
			got := patchedBy(t, test.object, response)
			assert.YAMLEq(t, test.want, got, test.reason)
			assert.Equal(t, test.warns, response.Warnings, test.reason)
			assert.Empty(t, ask{entry: "mutate", object: got, old: test.old}.answer(t, w).Patch, "twice is once")
		})
	}
}

func TestMutateScaleAndDelete(t *testing.T) {
	w, _ := cluster{}.webhooks()
	for _, a := range []ask{
		{object: scaled(1), old: scaled(3)},
		{operation: admissionv1.Delete, old: scaled(3)},
	} {
		a.entry = "mutate"
		response := a.answer(t, w)
		assert.True(t, response.Allowed)
		assert.Empty(t, response.Patch)
		assert.Empty(t, response.Warnings)
	}
}

// byArgo is what Argo Rollouts, or anybody, writes on a Service.
const byArgo = "namespace: shop, annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: shop}"

func TestRestoreColor(t *testing.T) {
	without := strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1)
	for name, test := range map[string]struct {
		reason    string
		object    string
		old       string
		operation admissionv1.Operation
		want      string
	}{
		"Lost":        {reason: "a forced apply of what Git has", object: without, old: goodService, want: goodService},
		"OtherKeys":   {reason: "the rest of the change stands", object: strings.Replace(without, "app: shop", "app: other", 1), old: goodService, want: strings.Replace(goodService, "app: shop", "app: other", 1)},
		"Moved":       {reason: "the rules decide about a switch", object: strings.Replace(goodService, "blue", "green", 1), old: goodService, want: strings.Replace(goodService, "blue", "green", 1)},
		"Emptied":     {reason: "a color alone would select the whole namespace; the rules deny it", object: strings.Replace(without, "{app: shop}", "{}", 1), old: goodService, want: strings.Replace(without, "{app: shop}", "{}", 1)},
		"NoSelector":  {reason: "the same", object: strings.Replace(without, "  selector: {app: shop}\n", "", 1), old: goodService, want: strings.Replace(without, "  selector: {app: shop}\n", "", 1)},
		"NeverHadOne": {reason: "nothing to give back", object: without, old: without, want: without},
		"Strange":     {reason: "red was never a color", object: without, old: strings.Replace(goodService, "blue", "red", 1), want: without},
		"ArgoInName": {
			reason: "an annotation, even of long ago, does not let the color go", old: strings.Replace(goodService, "namespace: shop", byArgo, 1),
			object: strings.Replace(without, "namespace: shop", byArgo, 1), want: strings.Replace(goodService, "namespace: shop", byArgo, 1),
		},
		"BecomesArgo": {
			reason: "an annotation of the same update must not let the color go", old: goodService,
			object: strings.Replace(without, "namespace: shop", byArgo, 1), want: strings.Replace(goodService, "namespace: shop", byArgo, 1),
		},
		"Creation":   {reason: "no Service was there", object: without, operation: admissionv1.Create, want: without},
		"Deployment": {reason: "not its business", object: goodDeployment, old: goodDeployment, want: goodDeployment},
	} {
		for _, entry := range []string{"restore-color", "restore-color-warn"} {
			t.Run(name+"/"+entry, func(t *testing.T) {
				w, _ := cluster{}.webhooks()
				response := ask{entry: entry, object: test.object, old: test.old, operation: test.operation}.answer(t, w)
				got := patchedBy(t, test.object, response)
				assert.YAMLEq(t, test.want, got, test.reason)
				assert.Empty(t, ask{entry: entry, object: got, old: test.old, operation: test.operation}.answer(t, w).Patch, "twice is once")
			})
		}
	}
}

// A new Deployment is told its color by the entry that validates, when it admits:
// said by the one that mutates, it would stand above a denial.
func TestColorIsExplainedOnAdmission(t *testing.T) {
	fit := strings.Replace(shop("shop-green", "", "tealgate.dev/config: none", "app: shop", "app: shop, version: '1'"),
		"image: shop:1.4.0", "image: shop:1.4.0, ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}}, "+
			"lifecycle: {preStop: {sleep: {seconds: 5}}}", 1)
	for language, want := range map[policy.Language]string{
		policy.English: "Deployment shop/shop-green is green (its name ends so): tealgate put label tealgate.dev/color: green on it, its selector and its pods. " +
			"Write it into Git as well: a selector cannot change later.",
		policy.Chinese: "tealgate 将 Deployment shop/shop-green 设为 green（名称以此结尾）：对象、selector 和 Pod 都带上标签 tealgate.dev/color: green。请同样写入 Git：selector 之后不能修改。",
	} {
		w, _ := cluster{rules: embeddedRules(t), language: language}.webhooks()
		mutated := patchedBy(t, fit, ask{entry: "mutate", object: fit}.answer(t, w))
		assert.Equal(t, []string{want}, ask{entry: "validate-enforce", object: mutated}.answer(t, w).Warnings)
		assert.Empty(t, ask{entry: "validate-enforce", object: mutated, old: mutated}.answer(t, w).Warnings, "told once")
		unfit := strings.Replace(mutated, "readinessProbe", "livenessProbe", 1)
		denied := ask{entry: "validate-enforce", object: unfit}.answer(t, w)
		assert.False(t, denied.Allowed)
		assert.Empty(t, denied.Warnings)
	}
}

// What looks up the idle color may fail; a color that the object names needs no look.
func TestMutateAsksOnlyWhenItMust(t *testing.T) {
	w, _ := cluster{facts: around{before: fails(errors.New("no API server"))}}.webhooks()
	for object, asks := range map[string]bool{
		shop("shop-blue", "", "", "a: b", "a: b"): false, shop("shop", blue, "", "a: b", "a: b"): false, shop("shop", "", "", "a: b", "a: b"): true,
	} {
		response := ask{entry: "mutate", object: object}.answer(t, w)
		assert.Equal(t, asks, len(response.Patch) == 0, object)
		var patch []any
		if !asks {
			assert.NoError(t, json.Unmarshal(response.Patch, &patch))
		}
	}
}
