// Command load sends requests at a fixed rate, whatever becomes of those before, from
// several clients at once: half of them make a connection for each request, the others
// keep theirs. It begins when the URL answers for the first time: a Service that is new
// reaches nobody before kube-proxy knows it. GET /report ends it and returns a JSON line
// for each request.
//
//	load -url http://shop.under-load -rate 100
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// startTimeout is how long the URL may take to answer for the first time.
const startTimeout = time.Minute

// result of one request.
type result struct {
	Time    time.Time     `json:"time"`
	Latency time.Duration `json:"latency"`
	Client  string        `json:"client"`
	// Fresh is whether the client makes a connection for each request.
	Fresh bool   `json:"fresh"`
	Code  uint16 `json:"code"`
	Error string `json:"error,omitempty"`
	Body  string `json:"body"`
}

// load is what several clients have sent so far. It is safe for concurrent use.
type load struct {
	attackers []*vegeta.Attacker
	running   sync.WaitGroup

	mu      sync.Mutex
	results []result
}

func main() {
	url := flag.String("url", "", "`URL` to ask")
	rate := flag.Int("rate", 100, "requests a second, of all clients together")
	clients := flag.Int("clients", 4, "number of clients")
	timeout := flag.Duration("timeout", 5*time.Second, "time that a request may take")
	flag.Parse()

	if err := await(*url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l := &load{}
	for i := range *clients {
		l.start(i, *url, vegeta.Rate{Freq: *rate, Per: time.Duration(*clients) * time.Second}, *timeout)
	}
	http.HandleFunc("/report", l.report)
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

// await returns when the URL answers, each time on a connection of its own, and fails if
// it does not in time.
func await(url string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(startTimeout)
	for {
		response, err := client.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		select {
		case <-again.C:
		case <-deadline:
			return fmt.Errorf("%s did not answer within %s: %w", url, startTimeout, err)
		}
	}
}

// start runs a client until the report.
func (l *load) start(i int, url string, rate vegeta.Rate, timeout time.Duration) {
	fresh := i%2 == 0
	attacker := vegeta.NewAttacker(vegeta.Client(&http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives:   fresh,
		MaxIdleConnsPerHost: vegeta.DefaultConnections,
		// Sooner than any server: or both ends of a connection that is idle would meet, a
		// request on its way and the end of the connection.
		IdleConnTimeout: 2 * time.Second,
	}}))
	// Not GET: Go's client would send one again when its connection breaks, and hide it.
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodPost, URL: url})
	name := fmt.Sprintf("client-%d", i)
	results := attacker.Attack(target, rate, 0, name)
	l.attackers = append(l.attackers, attacker)
	l.running.Go(func() {
		for r := range results {
			l.mu.Lock()
			l.results = append(l.results, result{r.Timestamp, r.Latency, name, fresh, r.Code, r.Error, string(r.Body)})
			l.mu.Unlock()
		}
	})
}

func (l *load) report(w http.ResponseWriter, _ *http.Request) {
	for _, attacker := range l.attackers {
		attacker.Stop()
	}
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	encoder := json.NewEncoder(w)
	for i := range l.results {
		if err := encoder.Encode(&l.results[i]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
}
