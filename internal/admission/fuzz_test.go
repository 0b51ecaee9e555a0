package admission

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// planted stands where the rules see a secret. No answer may show it.
const planted = "hunter2-planted"

// secretNames are variables whose value the rules call a secret whatever it is.
var secretNames = []string{"DB_PASSWORD", "DATABASE_URL"}

// busy is a namespace in which every rule has something to look at: blue is live
// with three pods, green is not ready.
func busy() around {
	pod := func(name, color string, ready bool) facts.Pod {
		p := facts.Pod{Name: name, Color: color, Version: "1.4.0", Ready: ready, Workload: "shop-" + color, Ports: []string{"http"}}
		if !ready {
			p.Problem = "web: ImagePullBackOff"
		}
		return p
	}
	return around{
		deployment: facts.Facts{
			Services: []facts.Service{{Name: "shop", Color: "blue", Selector: map[string]string{"app": "shop", "tealgate.dev/color": "blue"}}},
			Pair: []facts.Deployment{{
				Name: "shop-blue", Color: "blue", Version: "1.4.0", Live: true,
				References: []facts.Reference{{Container: "web", Env: "DATABASE_URL", Kind: "Secret", Name: "shop-config", Key: "DATABASE_URL"}},
			}},
		},
		service: facts.Facts{
			Selected: facts.Selected{Pods: []facts.Pod{pod("shop-green-7d9f-fghij", "green", false), pod("shop-green-7d9f-abcde", "green", true)}},
			Serving:  facts.Serving{Ready: 3, Pods: []string{"shop-blue-1", "shop-blue-2", "shop-blue-3"}, Colors: []string{"blue"}},
		},
		only: "blue",
	}
}

const secretDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-green, namespace: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers: [{name: mesh, image: mesh, restartPolicy: Always, ports: [{containerPort: 15020}]}]
      containers:
      - name: web
        image: shop:latest
        ports: [{name: http, containerPort: 8080}]
        env:
        - {name: DB_PASSWORD, value: hunter2-planted}
        - {name: DATABASE_URL, value: "postgres://shop:hunter2-planted@pg.prod:5432/shop"}
        readinessProbe: {exec: {command: ["true"]}}
`

// seeds are requests as the API server sends them, kept small.
func seeds(tb testing.TB) []ask {
	tb.Helper()
	green := strings.ReplaceAll(goodService, "blue", "green")
	return []ask{
		{object: goodDeployment},
		{object: secretDeployment},
		{object: secretDeployment, old: goodDeployment, user: "bob"},
		{object: goodDeployment, old: secretDeployment},
		{operation: admissionv1.Delete, old: goodDeployment},
		{object: scaled(0), old: scaled(3)},
		{object: goodService},
		{object: strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1)},
		{object: green, old: goodService},
		{object: strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1), old: goodService},
		{object: strings.Replace(goodService, "spec:\n", "spec:\n  type: ExternalName\n", 1), old: goodService},
		{object: strings.Replace(goodService, "spec:\n", "spec:\n  clusterIP: None\n  publishNotReadyAddresses: true\n", 1)},
		{operation: admissionv1.Delete, old: goodService},
		{object: glazed("x until 2026-11-23T12:30:00Z")},
		{object: glazed("x until 2026-11-23T11:30:00Z"), old: glazed("")},
		{object: exempt(lasting + "; replicas")},
		{object: exempt(shorter, "1.4.0", "1.5.0"), old: exempt(shorter)},
	}
}

// FuzzHandler sends any body to every path, with the rules of the program and a
// fixed cluster around. Bytes that change at random are hardly ever JSON, so a
// twist changes values of a body that is.
func FuzzHandler(f *testing.F) {
	modes := []ask{
		{object: namespace("tealgate.dev/mode: enforce"), old: namespace("tealgate.dev/mode: warn")},
		{object: namespace("tealgate.dev/mode: misspelled")},
	}
	for _, seed := range append(seeds(f), modes...) {
		for twist := range uint64(8) {
			f.Add(seed.body(f), twist, twist%2 == 1)
		}
	}
	for _, seed := range bad {
		if len(seed.body) < 10_000 {
			f.Add([]byte(seed.body), uint64(0), false)
		}
	}
	rules := embeddedRules(f)
	silent := func(runtime.Object, string, string, string) {}
	english, _ := cluster{rules: rules, facts: busy(), now: noon, events: silent}.webhooks()
	chinese, _ := cluster{rules: rules, facts: busy(), now: noon, events: silent, language: policy.Chinese}.webhooks()
	f.Fuzz(func(t *testing.T, body []byte, twist uint64, inChinese bool) {
		body = twisted(body, twist)
		w := english
		if inChinese {
			w = chinese
		}
		secret := hidesOnlySecrets(body)
		for _, e := range w.entries() {
			response := post(t, w, e.name, body)
			text := response.Result.Message + strings.Join(response.Warnings, "\n")
			assert.NotContains(t, text, "internal error", "%s: a panic", e.name)
			assert.LessOrEqual(t, len(response.Warnings), 3, "%s: warnings", e.name)
			if e.mode != v1alpha1.ModeEnforce {
				assert.True(t, response.Allowed, "%s denies: %s", e.name, text)
			}
			if e.closed && response.Allowed {
				assert.NoError(t, decodable(body), "%s allows what it cannot have read", e.name)
			}
			if secret {
				raw, err := json.Marshal(response)
				require.NoError(t, err)
				assert.NotContains(t, string(raw), planted, e.name)
			}
		}
	})
}

// twisted replaces up to three values somewhere in a JSON body by others that
// Kubernetes does not expect there. Twist 0 leaves the body as it is.
func twisted(body []byte, twist uint64) []byte {
	var document any
	if twist == 0 || json.Unmarshal(body, &document) != nil {
		return body
	}
	g := generator{rand.New(rand.NewPCG(twist, twist))}
	for range 1 + g.IntN(3) {
		var places []func(any)
		var visit func(value any)
		visit = func(value any) {
			switch value := value.(type) {
			case []any:
				for i := range value {
					places = append(places, func(by any) { value[i] = by })
					visit(value[i])
				}
			case map[string]any:
				for _, key := range slices.Sorted(maps.Keys(value)) {
					places = append(places, func(by any) { value[key] = by })
					visit(value[key])
				}
			}
		}
		visit(document)
		if len(places) == 0 {
			return body
		}
		pick(g, places...)(pick[any](g, nil, true, 0, -1, 1e300, "", "blue", "green", "red", "none", "true", "a\nb\u0000\u001b[31m\"'", "\u4e2d\u6587\u3002",
			strings.Repeat("x", 5000), []any{}, []any{nil}, []any{map[string]any{}}, map[string]any{}, map[string]any{"": nil},
			map[string]any{"tealgate.dev/color": "green"}, "DELETE", "UPDATE", "Deployment", "Service", "$(A)", "${x:y}", "{{.fix}}", "http://[::1"))
	}
	changed, err := json.Marshal(document)
	if err != nil {
		return body
	}
	return changed
}

// decodable is an independent look at what a judged request must have.
func decodable(body []byte) error {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return err
	}
	raw := review.Request.Object.Raw
	if review.Request.Operation == admissionv1.Delete {
		raw = review.Request.OldObject.Raw
	}
	var object map[string]any
	return json.Unmarshal(raw, &object)
}

// hidesOnlySecrets says that the planted value is in the body, and nowhere but in
// variables that the rules call secrets.
func hidesOnlySecrets(body []byte) bool {
	if !strings.Contains(string(body), planted) {
		return false
	}
	var review any
	if json.Unmarshal(body, &review) != nil {
		return false
	}
	rest, err := json.Marshal(withoutSecrets(review))
	return err == nil && !strings.Contains(string(rest), planted)
}

func withoutSecrets(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = withoutSecrets(value[i])
		}
	case map[string]any:
		for _, name := range secretNames {
			if value["name"] == name {
				delete(value, "value")
			}
		}
		for key := range value {
			value[key] = withoutSecrets(value[key])
		}
	}
	return value
}

// The seeds themselves are denied and warned as they should be, so that the fuzz
// test looks at real answers.
func TestSeedsAreJudged(t *testing.T) {
	w, _ := cluster{rules: embeddedRules(t), facts: busy()}.webhooks()
	denied := 0
	for _, seed := range seeds(t) {
		seed.entry = "validate-enforce"
		response := seed.answer(t, w)
		if !response.Allowed {
			denied++
			assert.NotContains(t, response.Result.Message, "could not decide")
		}
	}
	assert.GreaterOrEqual(t, denied, 4)
	assert.True(t, hidesOnlySecrets(ask{object: secretDeployment}.body(t)))
}
