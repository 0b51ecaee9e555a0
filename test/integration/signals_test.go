package integration

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
	"github.com/tealgate/tealgate/test/env"
)

// signalsPage is what docs/signals.md tells people to write.
type signalsPage struct {
	scrape []map[string]any
	spec   v1alpha1.BlueGreenSpec
}

func readSignalsPage(t *testing.T) *signalsPage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "signals.md"))
	require.NoError(t, err)
	page := &signalsPage{}
	for i, block := range strings.Split(string(text), "```") {
		content, isYAML := strings.CutPrefix(block, "yaml\n")
		switch {
		case i%2 == 0 || !isYAML:
		case strings.HasPrefix(content, "scrape_configs:"):
			var config map[string][]map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(content), &config))
			page.scrape = config["scrape_configs"]
		case strings.HasPrefix(content, "watch:"), strings.HasPrefix(content, "retire:"):
			require.NoError(t, yaml.UnmarshalStrict([]byte(content), &page.spec))
		}
	}
	require.Len(t, page.scrape, 1)
	require.Len(t, page.spec.Watch.Signals, 5)
	require.NotNil(t, page.spec.Retire.Traffic)
	return page
}

// config has Prometheus label pods as the page says, and ask the exporter in their place.
func (p *signalsPage) config(t *testing.T, exporter string) []byte {
	t.Helper()
	config := maps.Clone(p.scrape[0])
	delete(config, "kubernetes_sd_configs")
	config["http_sd_configs"] = []any{map[string]any{"url": exporter, "refresh_interval": "1s"}}
	relabel, is := config["relabel_configs"].([]any)
	require.True(t, is)
	config["relabel_configs"] = append(slices.Clone(relabel), map[string]any{
		"source_labels": []string{"namespace", "tealgate_dev_color", "pod"}, "separator": "/",
		"target_label": "__metrics_path__", "replacement": "/$1",
	})
	content, err := yaml.Marshal(map[string]any{
		"global": map[string]any{"scrape_interval": "1s"}, "scrape_configs": []any{config},
	})
	require.NoError(t, err)
	return content
}

// watching is a BlueGreen that is watched by signals of the page.
func (p *signalsPage) watching(names ...string) v1alpha1.BlueGreenSpec {
	return change(func(spec *v1alpha1.BlueGreenSpec) {
		for i := range p.spec.Watch.Signals {
			if signal := p.spec.Watch.Signals[i]; slices.Contains(names, signal.Name) {
				spec.Watch.Signals = append(spec.Watch.Signals, signal)
			}
		}
	})
}

// observed is a pair whose users go where its Service does, and the server that sees them.
type observed struct {
	*pair
	exporter *exporter
	server   *env.Prometheus
	spec     v1alpha1.BlueGreenSpec
}

// usual is how the old color does.
var usual = flow{requests: 50, takes: 0.04, unpaid: 0.02}

// TestSignals: releases that are judged by a real Prometheus, with the queries of
// docs/signals.md. The pods are those of the API server; an exporter answers in their place.
func TestSignals(t *testing.T) {
	page := readSignalsPage(t)
	w := solitary(t)
	admin := &pair{t: t, cluster: w.cluster}
	admin.Client = admin.as("pat")
	users := newExporter(admin.Client)
	exports := httptest.NewServer(users)
	t.Cleanup(exports.Close)
	config := page.config(t, exports.URL)
	servers := map[string]*env.Prometheus{}
	var list strings.Builder
	for _, name := range []string{"main", "second"} {
		server, err := env.StartPrometheus(t.Context(), t.TempDir(), config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, server.Stop()) })
		servers[name] = server
		fmt.Fprintf(&list, "- {name: %s, url: %q}\n", name, server.URL)
	}
	admin.create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: "tealgate-settings"},
		Data:       map[string]string{"settings.yaml": "prometheus:\n" + list.String()},
	})
	t.Cleanup(func() { w.dropSettings(t) })
	w.untilSettings(t)

	all := page.watching("errors", "latency", "traffic", "saturation", "unpaid-orders")
	all.Watch.Duration.Duration, all.Retire.After.Duration = 3*time.Second, time.Second
	used := page.watching("errors")
	used.Watch.Duration.Duration, used.Retire = time.Second, v1alpha1.Retire{Traffic: page.spec.Retire.Traffic}
	thin := page.watching("errors")
	thin.Watch.Duration.Duration, thin.Retire.After.Duration = time.Second, time.Second
	outage := *thin.DeepCopy()
	outage.Watch.Signals[0].Prometheus = "second"
	t.Run("releases", func(t *testing.T) {
		for name, test := range map[string]struct {
			spec  v1alpha1.BlueGreenSpec
			story func(*observed)
		}{
			"all-pass":   {all, (*observed).passes},
			"errors":     {page.watching("errors", "saturation"), (*observed).fails},
			"slower":     {page.watching("latency"), (*observed).isSlower},
			"thin":       {thin, (*observed).hasTooFewSamples},
			"outage":     {outage, (*observed).losesItsServer},
			"still-used": {used, (*observed).isStillUsed},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.place(t)
				o := &observed{exporter: users, server: servers["main"], spec: test.spec}
				if server := test.spec.Watch.Signals[0].Prometheus; server != "" {
					o.server = servers[server]
				}
				o.exporter.set(name, color.Blue, usual)
				o.pair = open(t, w.cluster, name, test.spec)
				test.story(o)
			})
		}
	})
}

// sample puts the query of a signal to the server, about a color.
func (o *observed) sample(signal *v1alpha1.Signal, c color.Color, version string) release.Sample {
	o.t.Helper()
	server, err := signals.NewServer(o.server.URL)
	require.NoError(o.t, err)
	scope := signals.Scope{Namespace: o.namespace, Service: "shop", Color: string(c), Version: version}
	query, err := signals.Expand(signal.Query, scope)
	require.NoError(o.t, err)
	count, err := signals.Expand(signal.SamplesQuery, scope)
	require.NoError(o.t, err)
	return server.Measure(o.t.Context(), query, count, time.Now())
}

// moves says Go once blue has values, and has users follow the Service to green, which does
// as said there.
func (o *observed) moves(green flow) {
	o.t.Helper()
	for i := range o.spec.Watch.Signals {
		signal := &o.spec.Watch.Signals[i]
		require.Eventually(o.t, func() bool {
			sample := o.sample(signal, color.Blue, "1.4.0")
			return sample.Trouble == "" && sample.Value == sample.Value && (signal.SamplesQuery == "" || sample.Samples >= float64(signal.MinSamples))
		}, patience, 100*time.Millisecond, "blue has no value of %s", signal.Name)
	}
	o.deploy(color.Green, "1.5.0", 3)
	o.phase(v1alpha1.PhaseAwaitingDecision)
	o.decide("mia", v1alpha1.VerdictGo, "")
	o.serves(color.Green, 3)
	o.exporter.set(o.namespace, color.Blue, flow{})
	o.exporter.set(o.namespace, color.Green, green)
	o.phase(v1alpha1.PhaseWatching)
}

// judged waits until a signal has an outcome, after the switch.
func (o *observed) judged(name string, outcome v1alpha1.SignalOutcome) v1alpha1.SignalStatus {
	o.t.Helper()
	var found v1alpha1.SignalStatus
	o.until(fmt.Sprintf("signal %s: %s", name, outcome), func(bg *v1alpha1.BlueGreen) bool {
		for _, signal := range bg.Status.Release.Signals {
			if signal.Name == name && signal.Outcome == outcome {
				found = signal
				return bg.Status.Phase == v1alpha1.PhaseWatching
			}
		}
		return false
	})
	return found
}

// told waits until the release says what it waits for.
func (o *observed) told(pattern string) *v1alpha1.BlueGreen {
	o.t.Helper()
	expression := regexp.MustCompile("^" + pattern + "$")
	return o.until(pattern, func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Waiting != nil && expression.MatchString(bg.Status.Waiting.Message)
	})
}

func (o *observed) passes() {
	o.moves(usual)
	bg := o.outcome(v1alpha1.OutcomeSucceeded)
	require.Len(o.t, bg.Status.Release.Signals, 5)
	for _, signal := range bg.Status.Release.Signals {
		assert.Equal(o.t, v1alpha1.SignalPass, signal.Outcome, "%s: %s", signal.Name, signal.Message)
		o.t.Logf("%s: %s before the switch, %s after it, of %s samples", signal.Name, signal.Baseline, signal.Value, signal.Samples)
	}
}

// fails: from the moment in which Prometheus knows it, until blue is in the slices.
func (o *observed) fails() {
	o.moves(usual)
	o.judged("errors", v1alpha1.SignalPass)
	green := usual
	green.failing = 0.5
	o.exporter.set(o.namespace, color.Green, green)
	require.Eventually(o.t, func() bool {
		sample := o.sample(&o.spec.Watch.Signals[0], color.Green, "1.5.0")
		return sample.Trouble == "" && sample.Value > 0.01
	}, patience, 20*time.Millisecond)
	failed := time.Now()
	o.t.Logf("%s from the failed signal to blue in the slices", o.serves(color.Blue, 3).Sub(failed))
	message := o.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message
	assert.Regexp(o.t, `^signal errors is 0\.\d+, above 0\.01$`, message)
}

func (o *observed) isSlower() {
	green := usual
	green.takes = 0.08
	o.moves(green)
	o.serves(color.Blue, 3)
	assert.Equal(o.t, "signal latency is 0.0995, more than 20 % above 0.04975 before the switch",
		o.outcome(v1alpha1.OutcomeRolledBack).Status.Release.Message)
}

func (o *observed) hasTooFewSamples() {
	o.moves(flow{requests: 0.5, takes: 0.04})
	bg := o.told(`the watch is over, but signal errors: \d\S* of 100 samples`)
	assert.True(o.t, bg.Status.Waiting.Stalled, "somebody has to do something about it")
	o.serves(color.Green, 3)
	o.exporter.set(o.namespace, color.Green, usual)
	o.outcome(v1alpha1.OutcomeSucceeded)
}

func (o *observed) losesItsServer() {
	o.moves(flow{requests: 0.5, takes: 0.04})
	o.judged("errors", v1alpha1.SignalNoData)
	require.NoError(o.t, o.server.Stop())
	o.told(`the watch is over, but signal errors: query: .*: connection refused`)
	o.serves(color.Green, 3)
	o.exporter.set(o.namespace, color.Green, usual)
	require.NoError(o.t, o.server.Start(o.t.Context()))
	o.outcome(v1alpha1.OutcomeSucceeded)
}

func (o *observed) isStillUsed() {
	o.moves(usual)
	o.told(`its traffic is \d\S*, not 0`)
	assert.Equal(o.t, int32(3), o.replicas(color.Blue), "blue stays while the window has requests to it")
}
