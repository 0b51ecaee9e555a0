// Command app is what the scenarios release. It answers every request with its color and
// version, reports readiness, drains when it is to end, and breaks on demand. Like many,
// it may also take its time (LATENCY=300ms) and end at once (DRAIN=none).
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// drain is how long it answers on after the signal to end: until no rule sends it
	// connections any more, and each client has been told to leave.
	drain = 5 * time.Second
	// state outlives a container of the pod, not the pod.
	state = "/state"
)

type app struct {
	color, version string
	latency        time.Duration
	unready        atomic.Bool
	leaving        atomic.Bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if _, err := os.Stat(crashed()); err == nil {
		return errors.New("crashing, as it was told to")
	}
	a := &app{color: os.Getenv("COLOR"), version: os.Getenv("VERSION")}
	if latency := os.Getenv("LATENCY"); latency != "" {
		var err error
		if a.latency, err = time.ParseDuration(latency); err != nil {
			return err
		}
	}
	server := &http.Server{Addr: ":8080", Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second}

	if os.Getenv("DRAIN") == "none" {
		return server.ListenAndServe()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	a.leaving.Store(true)
	<-time.After(drain)
	return server.Shutdown(context.Background())
}

func crashed() string { return filepath.Join(state, "crashed") }

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(a.latency)
		if a.leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		fmt.Fprintf(w, "%s %s", a.color, a.version)
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if a.unready.Load() {
			http.Error(w, "not ready, as it was told to", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/ready.json", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ready": true}`) })
	mux.HandleFunc("/break/readiness", func(http.ResponseWriter, *http.Request) { a.unready.Store(true) })
	mux.HandleFunc("/break/process", func(w http.ResponseWriter, _ *http.Request) {
		if err := os.WriteFile(crashed(), nil, 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		// Once this request is answered.
		time.AfterFunc(100*time.Millisecond, func() { os.Exit(1) })
	})
	return mux
}
