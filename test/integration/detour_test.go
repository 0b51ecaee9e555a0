package integration

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tealgate/tealgate/test/env"
)

// TestScriptsWhileReadsHang runs, one after the other, the stories in which the real
// API server takes tealgate's lists of some resource and does not answer them.
func TestScriptsWhileReadsHang(t *testing.T) {
	w := solitary(t)
	w.giveWebhooks(t, timeout)
	t.Cleanup(func() { w.giveWebhooks(t, longTimeout) })
	files, err := filepath.Glob("testdata/silent/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		require.Contains(t, gaveUp, name, "the entries that cannot decide in it")
		t.Run(name, func(t *testing.T) {
			before := w.undecided(t)
			// The script itself runs when this function has returned.
			t.Cleanup(func() {
				w.detour.withhold()
				after := w.undecided(t)
				for _, entry := range gaveUp[name] {
					assert.Greater(t, after[entry], before[entry], entry)
				}
			})
			w.run(t, file)
		})
	}
}

// gaveUp are the entries that cannot decide in the scripts, and count that.
var gaveUp = map[string][]string{
	"enforce": {"validate-enforce"},
	"resumed": {"mutate", "validate-warn"},
	"warned":  {"mutate", "validate-warn", "validate-audit"},
}

var undecidedMetric = regexp.MustCompile(`(?m)^tealgate_admission_requests_total\{kind="Service",outcome="undecided",webhook="([a-z-]+)"\} (\d+)$`)

// undecided counts what entries could not decide about Services.
func (w *world) undecided(t *testing.T) map[string]int {
	t.Helper()
	metrics, err := w.tealgate.ReadMetrics(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	counts := map[string]int{}
	for _, found := range undecidedMetric.FindAllStringSubmatch(metrics, -1) {
		counts[found[1]], err = strconv.Atoi(found[2])
		require.NoError(t, err)
	}
	return counts
}

// TestScriptsWhileTheCacheIsBehind runs, one after the other, the stories in which things
// happen so fast that tealgate's cache does not have them yet.
func TestScriptsWhileTheCacheIsBehind(t *testing.T) {
	w := solitary(t)
	files, err := filepath.Glob("testdata/behind/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { w.run(t, file) })
		w.detour.stop()
	}
}

// detour passes on what tealgate asks of the API server, with tealgate's own
// credentials. It keeps to itself the lists of withheld resources: what a client gets
// that way ends when it gives up. Watches pass, unless they are stopped. It ends with the
// process.
type detour struct {
	server *httptest.Server
	proxy  *httputil.ReverseProxy

	lock     sync.Mutex
	withheld map[string]bool
	// stopped are the resources whose watches get nothing until it is closed; nil for none.
	stopped map[string]bool
	flows   chan struct{}
}

func startDetour(cluster *env.Cluster) (*detour, error) {
	target, err := url.Parse(cluster.Config.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(cluster.Config))
	if err != nil {
		return nil, err
	}
	d := &detour{proxy: &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // events of a watch come one by one
		// A client that gives up is no error here.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
	d.server = httptest.NewUnstartedServer(d)
	d.server.EnableHTTP2 = true
	d.server.StartTLS()
	return d, nil
}

// reach sends a client of the cluster this way.
func (d *detour) reach(cluster *clientcmdapi.Cluster) {
	cluster.Server = d.server.URL
	cluster.CertificateAuthority = ""
	cluster.CertificateAuthorityData = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.server.Certificate().Raw})
}

// withhold keeps back the lists of these resources from now on, and no others.
func (d *detour) withhold(resources ...string) {
	withheld := map[string]bool{}
	for _, resource := range resources {
		withheld[resource] = true
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	d.withheld = withheld
}

// stop keeps back the events of these resources from now on, so that tealgate's cache
// stays as it is. Without any, all events flow again.
func (d *detour) stop(resources ...string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.flows != nil {
		close(d.flows)
	}
	d.stopped, d.flows = nil, nil
	if len(resources) > 0 {
		d.stopped, d.flows = map[string]bool{}, make(chan struct{})
	}
	for _, resource := range resources {
		d.stopped[resource] = true
	}
}

// held is closed when events of a resource flow; nil where they do.
func (d *detour) held(resource string) <-chan struct{} {
	d.lock.Lock()
	defer d.lock.Unlock()
	if !d.stopped[resource] {
		return nil
	}
	return d.flows
}

// slowed is the answer to a watch, which waits while its events are kept back.
type slowed struct {
	http.ResponseWriter

	detour   *detour
	resource string
	gone     <-chan struct{}
}

// Write implements io.Writer.
func (s slowed) Write(event []byte) (int, error) {
	if flows := s.detour.held(s.resource); flows != nil {
		select {
		case <-flows:
		case <-s.gone:
		}
	}
	return s.ResponseWriter.Write(event)
}

// Unwrap lets the proxy flush.
func (s slowed) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (d *detour) withholds(r *http.Request) bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	return r.Method == http.MethodGet && d.withheld[path.Base(r.URL.Path)] && r.URL.Query().Get("watch") == ""
}

// ServeHTTP implements http.Handler.
func (d *detour) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") != "" {
		w = slowed{w, d, path.Base(r.URL.Path), r.Context().Done()}
	}
	if !d.withholds(r) {
		d.proxy.ServeHTTP(w, r)
		return
	}
	<-r.Context().Done()
}

// withhold is the script's command: withhold RESOURCES, none for an end of it.
func (w *world) withhold(ts *testscript.TestScript, _ bool, args []string) {
	if w.detour == nil {
		ts.Fatalf("tealgate reaches the API server directly")
	}
	w.detour.withhold(args...)
}

// behind is the script's command: behind RESOURCES, none for an end of it.
func (w *world) behind(ts *testscript.TestScript, _ bool, args []string) {
	if w.detour == nil {
		ts.Fatalf("tealgate reaches the API server directly")
	}
	w.detour.stop(args...)
}
