package admission

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

type rulesFunc func(ctx context.Context, in policy.Input) ([]policy.Violation, error)

func (f rulesFunc) Evaluate(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
	return f(ctx, in)
}

// Rule implements Rules: functions have no rules with ids.
func (f rulesFunc) Rule(string) (*policy.Rule, bool) { return nil, false }

type namespacesFunc func(ctx context.Context, namespace string) map[string]string

func (f namespacesFunc) Labels(ctx context.Context, namespace string) map[string]string {
	return f(ctx, namespace)
}

// eventsFunc takes an Event as kubectl shows it: reason, action and note.
type eventsFunc func(regarding runtime.Object, reason, action, note string)

func (f eventsFunc) Eventf(regarding, _ runtime.Object, _, reason, action, note string, args ...any) {
	f(regarding, reason, action, fmt.Sprintf(note, args...))
}

// around is the Facts of a fixed cluster. before, if set, comes ahead of every
// answer and may fail in any way.
type around struct {
	before     func(ctx context.Context) error
	deployment facts.Facts
	service    facts.Facts
	managed    facts.Managed
	versions   []facts.Versions
	// unmanaged says that the BlueGreen has just been deleted.
	unmanaged bool
	// behind answers for the Deployments behind a Service; nil is for none.
	behind   func(ctx context.Context, service *corev1.Service) ([]facts.Behind, error)
	only     color.Color
	carriers []facts.Carrier
	doors    []facts.Carrier
	scaled   *facts.Scaled
	ending   bool
	ran      bool
	// past is the annotation tealgate.dev/exempt at that time.
	past   string
	exempt bool
	// switched is what a switch leaves.
	switched string
	// glass says whether the user may break it; nil is for no.
	glass func(ctx context.Context) (bool, error)
}

func (a around) gate(ctx context.Context) error {
	if a.before == nil {
		return nil
	}
	return a.before(ctx)
}

func (a around) ForDeployment(ctx context.Context, _ *appsv1.Deployment) (facts.Facts, error) {
	return total(a.deployment), a.gate(ctx)
}

func (a around) Attached(ctx context.Context, _, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	return gathered, a.gate(ctx)
}

func (a around) ForService(ctx context.Context, _, _ *corev1.Service) (facts.Facts, error) {
	return total(a.service), a.gate(ctx)
}

func (a around) Behind(ctx context.Context, service *corev1.Service) ([]facts.Behind, error) {
	if a.behind == nil {
		return nil, nil
	}
	return a.behind(ctx, service)
}

func (a around) Traffic(ctx context.Context, _ string, touched facts.Touched, gathered facts.Facts) (facts.Facts, error) {
	if touched.Leaving != nil {
		gathered.Live = append(gathered.Live, a.carriers...)
	}
	if touched.Coming != nil {
		gathered.Doors = append(gathered.Doors, a.doors...)
	}
	return gathered, a.gate(ctx)
}

func (a around) CarriersNow(ctx context.Context, _ string, _ map[string]string) ([]facts.Carrier, error) {
	return append([]facts.Carrier{}, a.carriers...), a.gate(ctx)
}

func (a around) Abreast(ctx context.Context, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	return gathered, a.gate(ctx)
}

func (a around) Scaled(ctx context.Context, _, _ string) (*facts.Scaled, error) {
	return a.scaled, a.gate(ctx)
}

func (a around) Terminating(ctx context.Context, _ string) (bool, error) {
	return a.ending, a.gate(ctx)
}

func (a around) OnlyColor(ctx context.Context, _ *corev1.Service) (color.Color, bool, error) {
	return a.only, a.only != "", a.gate(ctx)
}

func (a around) RanBefore(ctx context.Context, _ *appsv1.Deployment) (facts.Past, error) {
	return facts.Past{Ran: a.ran, Exemptions: exemption.Parse(a.past)}, a.gate(ctx)
}

func (a around) MayExempt(ctx context.Context, _, _ string, _ []string) (bool, error) {
	return a.exempt, a.gate(ctx)
}

func (a around) Switched(ctx context.Context, _, _ *corev1.Service) (string, error) {
	return a.switched, a.gate(ctx)
}

func (a around) MayBreakGlass(ctx context.Context, _, _ string, _ []string) (bool, error) {
	if a.glass == nil {
		return false, nil
	}
	return a.glass(ctx)
}

// total keeps the promise of facts: no list is nil.
func total(f facts.Facts) facts.Facts {
	none := facts.None()
	if f.Services == nil {
		f.Services = none.Services
	}
	if f.Pair == nil {
		f.Pair = none.Pair
	}
	if f.Live == nil {
		f.Live = none.Live
	}
	if f.Doors == nil {
		f.Doors = none.Doors
	}
	if f.Coming == nil {
		f.Coming = none.Coming
	}
	if f.SideBySide == nil {
		f.SideBySide = none.SideBySide
	}
	if f.Claims == nil {
		f.Claims = none.Claims
	}
	if f.Config.ConfigMaps == nil {
		f.Config.ConfigMaps = none.Config.ConfigMaps
	}
	if f.Selected.Pods == nil {
		f.Selected.Pods = none.Selected.Pods
	}
	if f.Leaving.Pods == nil {
		f.Leaving.Pods = none.Leaving.Pods
	}
	if f.Serving.Pods == nil {
		f.Serving.Pods = none.Serving.Pods
	}
	if f.Serving.Colors == nil {
		f.Serving.Colors = none.Serving.Colors
	}
	return f
}

// cluster is what a test puts around the webhooks; the zero value is an empty
// namespace without rules.
type cluster struct {
	rules    Rules
	settings *settings.Settings
	facts    Facts
	labels   map[string]string
	// stored are the Deployments of the namespace.
	stored []*appsv1.Deployment
	// namespaces goes before labels.
	namespaces Namespaces
	policies   Policies
	language   policy.Language
	events     eventsFunc
	now        func() time.Time
}

func (c cluster) webhooks() (*Webhooks, *prometheus.Registry) {
	if c.rules == nil {
		c.rules = rulesFunc(func(context.Context, policy.Input) ([]policy.Violation, error) { return nil, nil })
	}
	if c.facts == nil {
		c.facts = around{}
	}
	if c.namespaces == nil {
		c.namespaces = namespacesFunc(func(context.Context, string) map[string]string { return c.labels })
	}
	if c.policies == nil {
		c.policies = policiesFunc(func(context.Context, *corev1.ConfigMap) (rulebook.Trial, error) { return rulebook.Trial{}, nil })
	}
	registry := prometheus.NewRegistry()
	return New(Options{
		Edition: func() Edition { return Edition{Rules: c.rules, Settings: cmp.Or(c.settings, settings.Default())} }, Facts: c.facts,
		Inventory: func(context.Context, string) (*facts.Inventory, error) {
			return facts.NewInventory(nil, c.stored, c.stored, nil), nil
		},
		Namespaces: c.namespaces, Policies: c.policies, Events: c.events, Now: c.now, Language: c.language, Registerer: registry,
	}), registry
}

// embedded are the rules that are part of the program, compiled once.
var embedded = sync.OnceValues(func() (*policy.Engine, error) {
	modules, err := policies.Modules()
	if err != nil {
		return nil, err
	}
	return policy.New(context.Background(), modules)
})

func embeddedRules(tb testing.TB) *policy.Engine {
	tb.Helper()
	engine, err := embedded()
	require.NoError(tb, err)
	return engine
}

// ask is a request in short.
type ask struct {
	entry     string
	operation admissionv1.Operation // CREATE, or UPDATE where old is set
	object    string                // YAML
	old       string                // YAML
	user      string                // alice
	dryRun    bool
	namespace string // shop
	manager   string // the field manager, none
}

// body writes the AdmissionReview that an API server would send.
func (a ask) body(tb testing.TB) []byte {
	tb.Helper()
	operation := a.operation
	if operation == "" {
		operation = admissionv1.Create
		if a.old != "" {
			operation = admissionv1.Update
		}
	}
	user := a.user
	if user == "" {
		user = "alice"
	}
	request := map[string]any{
		"uid": "b5f5", "operation": operation, "namespace": cmp.Or(a.namespace, "shop"), "userInfo": map[string]any{"username": user},
		"dryRun": a.dryRun, "options": map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions", "fieldManager": a.manager},
	}
	for key, text := range map[string]string{"object": a.object, "oldObject": a.old} {
		if text == "" {
			request[key] = nil
			continue
		}
		raw, err := yaml.YAMLToJSON([]byte(text))
		require.NoError(tb, err, text)
		request[key] = json.RawMessage(raw)
		var object struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		require.NoError(tb, json.Unmarshal(raw, &object))
		kind := map[string]string{"group": "", "version": object.APIVersion, "kind": object.Kind}
		switch object.APIVersion {
		case "apps/v1", "autoscaling/v1", "batch/v1":
			kind["group"], kind["version"] = object.APIVersion[:len(object.APIVersion)-3], "v1"
		}
		request["kind"], request["name"] = kind, object.Metadata.Name
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request,
	})
	require.NoError(tb, err)
	return body
}

// answer asks through HTTP, as the API server does.
func (a ask) answer(tb testing.TB, w *Webhooks) *admissionv1.AdmissionResponse {
	tb.Helper()
	response := post(tb, w, a.entry, a.body(tb))
	assert.Equal(tb, "b5f5", string(response.UID), "the uid of the request")
	return response
}

// post sends a body and holds what every answer has to be.
func post(tb testing.TB, w *Webhooks, entry string, body []byte) *admissionv1.AdmissionResponse {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/"+entry+"?timeout=3s", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	return send(tb, w, entry, request)
}

func send(tb testing.TB, w *Webhooks, entry string, request *http.Request) *admissionv1.AdmissionResponse {
	tb.Helper()
	handler := w.Handlers()["/"+entry]
	require.NotNil(tb, handler, "no entry %s", entry)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	require.Equal(tb, http.StatusOK, recorder.Code, "the answer is in the body")
	var review admissionv1.AdmissionReview
	require.NoError(tb, json.Unmarshal(recorder.Body.Bytes(), &review), recorder.Body.String())
	assert.Equal(tb, "AdmissionReview", review.Kind)
	assert.Contains(tb, []string{"admission.k8s.io/v1", "admission.k8s.io/v1beta1"}, review.APIVersion)
	require.NotNil(tb, review.Response)
	require.NotNil(tb, review.Response.Result)
	assertReadable(tb, review.Response)
	return review.Response
}

// assertReadable holds the limits of an answer's texts.
func assertReadable(tb testing.TB, response *admissionv1.AdmissionResponse) {
	tb.Helper()
	assert.LessOrEqual(tb, len(response.Result.Message), 4096, "bytes of a denial")
	if !response.Allowed {
		assert.NotEmpty(tb, response.Result.Message)
		assert.NotContains(tb, response.Result.Message, `"`)
		assert.Empty(tb, response.Patch)
	}
	for _, warning := range response.Warnings {
		assert.NotEmpty(tb, warning)
		assert.LessOrEqual(tb, utf8.RuneCountInString(warning), 256, warning)
		assert.NotContains(tb, warning, `"`)
		for _, r := range warning {
			require.False(tb, unicode.IsControl(r), "a warning with a control character vanishes: %q", warning)
		}
	}
}

// counted sums tealgate_admission_requests_total or another counter over all
// series that have these labels.
func counted(tb testing.TB, registry *prometheus.Registry, name string, labels map[string]string) int {
	tb.Helper()
	families, err := registry.Gather()
	require.NoError(tb, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			have := map[string]string{}
			for _, pair := range metric.GetLabel() {
				have[pair.GetName()] = pair.GetValue()
			}
			matches := true
			for key, value := range labels {
				matches = matches && have[key] == value
			}
			if matches {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return int(sum)
}

func requests(tb testing.TB, registry *prometheus.Registry, entry, outcome string) int {
	tb.Helper()
	return counted(tb, registry, "tealgate_admission_requests_total", map[string]string{"webhook": entry, "outcome": outcome})
}
