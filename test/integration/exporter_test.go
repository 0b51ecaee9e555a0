package integration

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// flow is what each pod of a color is asked in a second, and how it does.
type flow struct {
	requests float64
	// failing and unpaid are shares: of the requests, and of the orders among them.
	failing, unpaid float64
	// takes is how long a request takes, in seconds.
	takes float64
}

// exporter serves the metrics of pods that do not run: /namespace/color/pod. Their counters
// grow with the time by the flow of their color. At / it says what pods there are, as
// Prometheus's own discovery in Kubernetes would, which Debian leaves out of its build. It is
// safe for concurrent use.
type exporter struct {
	cluster client.Client

	mu    sync.Mutex
	flows map[string]flow
	pods  map[string]*podMetrics
}

func newExporter(cluster client.Client) *exporter {
	return &exporter{cluster: cluster, flows: map[string]flow{}, pods: map[string]*podMetrics{}}
}

// set changes the flow of a color of a namespace. What has passed until now stays what it was.
func (e *exporter) set(namespace string, c color.Color, f flow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	side := namespace + "/" + string(c)
	for path, pod := range e.pods {
		if strings.HasPrefix(path, "/"+side+"/") {
			pod.pass(e.flows[side], time.Now())
		}
	}
	e.flows[side] = f
}

// ServeHTTP implements http.Handler.
func (e *exporter) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/" {
		e.discover(w, request)
		return
	}
	parts := strings.Split(request.URL.Path, "/")
	if len(parts) != 4 {
		http.NotFound(w, request)
		return
	}
	e.mu.Lock()
	pod := e.pods[request.URL.Path]
	if pod == nil {
		pod = newPodMetrics(time.Now())
		e.pods[request.URL.Path] = pod
	}
	pod.pass(e.flows[parts[1]+"/"+parts[2]], time.Now())
	e.mu.Unlock()
	promhttp.HandlerFor(pod.registry, promhttp.HandlerOpts{}).ServeHTTP(w, request)
}

// notInNames is what Prometheus replaces in the names of labels.
var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// discover answers with the running pods that have a color.
func (e *exporter) discover(w http.ResponseWriter, request *http.Request) {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	var pods corev1.PodList
	if err := e.cluster.List(request.Context(), &pods, client.HasLabels{v1alpha1.LabelColor}); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	groups := []group{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.PodIP == "" {
			continue
		}
		labels := map[string]string{"__meta_kubernetes_namespace": pod.Namespace, "__meta_kubernetes_pod_name": pod.Name}
		for key, value := range pod.Labels {
			labels["__meta_kubernetes_pod_label_"+notInNames.ReplaceAllString(key, "_")] = value
		}
		groups = append(groups, group{[]string{request.Host}, labels})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(groups)
}

// podMetrics are those of one pod, under the names that docs/signals.md has.
type podMetrics struct {
	registry          *prometheus.Registry
	requests          *prometheus.CounterVec
	took              prometheus.Histogram
	placed, paid, cpu prometheus.Counter

	at time.Time
	// begun is the part of a request that is not over yet.
	begun float64
}

func newPodMetrics(now time.Time) *podMetrics {
	counter := func(name string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: name})
	}
	p := &podMetrics{
		registry: prometheus.NewRegistry(), at: now,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "requests"}, []string{"code"}),
		took:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "their time"}),
		placed:   counter("orders_placed_total"), paid: counter("orders_paid_total"), cpu: counter("process_cpu_seconds_total"),
	}
	p.registry.MustRegister(p.requests, p.took, p.placed, p.paid, p.cpu)
	return p
}

// pass counts what a flow brought since the last call. One request in ten is an order. A
// code is counted from its first request on, as applications do.
func (p *podMetrics) pass(f flow, now time.Time) {
	elapsed := now.Sub(p.at).Seconds()
	p.at = now
	requests := elapsed * f.requests
	p.cpu.Add(0.2 * elapsed)
	if f.requests == 0 {
		return
	}
	p.requests.WithLabelValues("200").Add(requests * (1 - f.failing))
	if f.failing > 0 {
		p.requests.WithLabelValues("500").Add(requests * f.failing)
	}
	p.placed.Add(requests / 10)
	p.paid.Add(requests / 10 * (1 - f.unpaid))
	for p.begun += requests; p.begun >= 1; p.begun-- {
		p.took.Observe(f.takes)
	}
}
