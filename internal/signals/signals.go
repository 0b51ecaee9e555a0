// Package signals measures what a release is judged by: it puts a query to a Prometheus
// server and brings back one number, or why there is none. It judges nothing.
package signals

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/template/parse"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/tealgate/tealgate/internal/release"
)

// Timeout is how long a measurement may take.
const Timeout = 5 * time.Second

// maxResponse bounds what is read of an answer. A signal is one number; a server that sends
// more is not asked again for the rest.
const maxResponse = 1 << 20

// NoData is the trouble of a query that runs and finds nothing.
const NoData = "no data"

// Uncounted is a number of samples that nobody counts.
const Uncounted = -1

// Scope is what a query may name, as a Go template: {{.Namespace}}.
type Scope struct {
	Namespace, BlueGreen, Service, Release string
	// Color is the color to measure, Version its version label.
	Color, Version string
}

// Expand fills a scope into a query. An error says what is wrong with the template. Anybody
// who may write a BlueGreen writes queries, so they name values and do nothing else: templates
// that call each other, or pad with printf, cost a controller all its time and memory.
func Expand(query string, scope Scope) (string, error) {
	t, err := template.New("query").Parse(query)
	if err != nil {
		return "", fmt.Errorf("the query is no template: %w", err)
	}
	for _, node := range nodes(t) {
		if !plain(node) {
			return "", fmt.Errorf("a query names values, such as {{.Color}}, and %s does more", node)
		}
	}
	var b strings.Builder
	if err := t.Execute(&b, scope); err != nil {
		return "", fmt.Errorf("the query is no template: %w", err)
	}
	return b.String(), nil
}

func nodes(t *template.Template) []parse.Node {
	if t.Tree == nil || t.Root == nil {
		return nil
	}
	return t.Root.Nodes
}

// plain says whether a node is text, or the value of one field.
func plain(node parse.Node) bool {
	switch node := node.(type) {
	case *parse.TextNode:
		return true
	case *parse.ActionNode:
		if len(node.Pipe.Decl) > 0 || len(node.Pipe.Cmds) != 1 || len(node.Pipe.Cmds[0].Args) != 1 {
			return false
		}
		_, field := node.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
		return field
	default:
		return false
	}
}

// Server is a Prometheus server, or what speaks its API. It is safe for concurrent use.
type Server struct {
	api prometheus.API
}

// NewServer returns the server at an address. Nothing is sent before the first query.
func NewServer(address string) (*Server, error) {
	transport := api.DefaultRoundTripper
	client, err := api.NewClient(api.Config{Address: address, RoundTripper: bounded{transport}})
	if err != nil {
		return nil, fmt.Errorf("server %q: %w", address, err)
	}
	return &Server{api: prometheus.NewAPI(client)}, nil
}

// Measure puts a query, and a second one that counts the samples behind it unless it is "".
// It ends after Timeout, or with ctx; whatever goes wrong stands in the sample.
func (s *Server) Measure(ctx context.Context, query, count string, at time.Time) release.Sample {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	value, err := s.number(ctx, query, at)
	if err != nil {
		return release.Sample{Trouble: err.Error()}
	}
	sample := release.Sample{Value: value, Samples: Uncounted}
	if count == "" {
		return sample
	}
	sample.Samples, err = s.number(ctx, count, at)
	if err != nil {
		return release.Sample{Trouble: "counting samples: " + err.Error()}
	}
	return sample
}

// number is the only value of a query.
func (s *Server) number(ctx context.Context, query string, at time.Time) (float64, error) {
	// Warnings tell how to write a better query, not that its value is wrong.
	result, _, _, err := s.api.Query(ctx, query, at)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return 0, errors.New("the server did not answer in time")
	case err != nil:
		return 0, fmt.Errorf("query: %w", err)
	}
	switch result := result.(type) {
	case *model.Scalar:
		return float64(result.Value), nil
	case model.Vector:
		switch len(result) {
		case 0:
			return 0, errors.New(NoData)
		case 1:
			return float64(result[0].Value), nil
		default:
			return 0, fmt.Errorf("the query has %d results, not one: add sum() or max()", len(result))
		}
	default:
		return 0, fmt.Errorf("the query returns a %s, not a number", result.Type())
	}
}

// bounded cuts an answer off that is longer than any number.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxResponse), response.Body}
	}
	return response, err
}
