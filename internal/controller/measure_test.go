package controller

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/release"
)

// TestLatest: values are measured beside the caller, once an interval, for one occasion, and
// are forgotten when they are old.
func TestLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = 15 * time.Second
		key := client.ObjectKey{Namespace: "shop", Name: "shop"}
		measured := 0
		m := newMeasurer(func(string) (string, bool) { return "", false }, func(client.ObjectKey) { measured++ }, time.Now)
		ask := []question{{name: "errors", server: "main"}}
		latest := func(occasion string) map[string]release.Sample {
			return m.latest(t.Context(), key, occasion, pace{interval: interval}, ask)
		}
		unknown := map[string]release.Sample{"errors": {Trouble: "the settings name no Prometheus main"}}

		assert.Empty(t, latest("shop-1 Watching"), "nothing is known, and nobody waits")
		synctest.Wait()
		assert.Equal(t, unknown, latest("shop-1 Watching"))
		synctest.Wait()
		assert.Equal(t, 1, measured, "not again within the interval")
		time.Sleep(interval) //nolint:forbidigo // The clock of the bubble.
		assert.Equal(t, unknown, latest("shop-1 Watching"), "known while it is measured again")
		synctest.Wait()
		assert.Equal(t, 2, measured)
		assert.Empty(t, latest("shop-1 Retiring"), "another phase asks something else")
		synctest.Wait()

		time.Sleep(20 * time.Hour) //nolint:forbidigo // As above.
		assert.Empty(t, latest("shop-1 Retiring"), "what was measured yesterday is no data")
		synctest.Wait()
		assert.Equal(t, unknown, latest("shop-1 Retiring"))
		m.forget(key)
		assert.Empty(t, m.entries)
	})
}

// TestRehearsal: a query of a BlueGreen at rest that does not run is put again and again, and
// nobody looks at the BlueGreen before that changes. One that runs is left alone.
func TestRehearsal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := client.ObjectKey{Namespace: "shop", Name: "shop"}
		var asked, told atomic.Int64
		var known atomic.Bool
		m := newMeasurer(func(string) (string, bool) { asked.Add(1); return "", known.Load() }, func(client.ObjectKey) { told.Add(1) }, time.Now)
		latest := func() string {
			return m.latest(t.Context(), key, "spec 1", rehearsal, []question{{name: "errors", server: "main"}})["errors"].Trouble
		}
		sleep := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // The clock of the bubble.
			synctest.Wait()
		}
		latest()
		synctest.Wait()
		assert.Equal(t, "the settings name no Prometheus main", latest())
		sleep(time.Hour)
		assert.Equal(t, int64(13), asked.Load(), "each five minutes")
		assert.Equal(t, int64(1), told.Load(), "there was nothing new")
		known.Store(true) // And has no address that could be asked.
		sleep(5 * time.Minute)
		assert.Equal(t, int64(2), told.Load(), "it has another trouble now")
		assert.NotEqual(t, "the settings name no Prometheus main", latest())
		m.forget(key)
		before := asked.Load()
		sleep(time.Hour)
		assert.Equal(t, before, asked.Load(), "who is gone has no queries")
	})
}

// TestSlowServer: a server that does not answer holds up nothing that is asked of another.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan struct{})
		m := newMeasurer(func(name string) (string, bool) {
			if name == "slow" {
				<-answers
			}
			return "", false
		}, func(client.ObjectKey) {}, time.Now)
		ask := []question{{name: "latency", server: "slow"}, {name: "errors", server: "main"}}
		latest := func() map[string]release.Sample {
			return m.latest(t.Context(), client.ObjectKey{Name: "shop"}, "shop-1 Watching", pace{interval: time.Hour}, ask)
		}
		assert.Empty(t, latest())
		synctest.Wait()
		assert.Equal(t, map[string]release.Sample{"errors": {Trouble: "the settings name no Prometheus main"}}, latest())
		close(answers)
		synctest.Wait()
		assert.Len(t, latest(), 2)
	})
}

// TestNothingToAsk: without signals nothing is sent and nothing is known.
func TestNothingToAsk(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	t.Cleanup(server.Close)
	m := newMeasurer(func(string) (string, bool) { return server.URL, true }, func(client.ObjectKey) { t.Error("measured") }, time.Now)
	assert.Empty(t, m.latest(t.Context(), client.ObjectKey{Name: "shop"}, "idle", pace{interval: time.Second}, nil))
}
