package signals_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/signals"
)

// TestMeasure is about answers that a real server only gives in trouble; the queries
// themselves are put to a real one in test/integration.
func TestMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   release.Sample
	}{
		"Scalar":    {200, `{"status":"success","data":{"resultType":"scalar","result":[1,"0.25"]}}`, release.Sample{Value: 0.25, Samples: -1}},
		"One":       {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}`, release.Sample{Value: 3, Samples: -1}},
		"None":      {200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, release.Sample{Trouble: "no data"}},
		"Two":       {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"3"]},{"metric":{"a":"2"},"value":[1,"3"]}]}}`, release.Sample{Trouble: "the query has 2 results, not one: add sum() or max()"}},
		"Matrix":    {200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, release.Sample{Trouble: "the query returns a matrix, not a number"}},
		"BadQuery":  {400, `{"status":"error","errorType":"bad_data","error":"parse error: unexpected end of input"}`, release.Sample{Trouble: "query: bad_data: parse error: unexpected end of input"}},
		"TooMuch":   {200, `{"status":"success","data":{"resultType":"vector","result":[` + strings.Repeat(" ", 1<<20), release.Sample{}},
		"NoAPI":     {404, "not here", release.Sample{}},
		"Truncated": {200, `{"status":"succ`, release.Sample{}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			t.Cleanup(server.Close)
			got := measure(t, t.Context(), server.URL)
			if test.want == (release.Sample{}) {
				assert.NotEmpty(t, got.Trouble, "what cannot be read is no value")
				return
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// TestNaN: a rate over nothing is a value, and it is release that knows what it is worth.
func TestNaN(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}`))
	}))
	t.Cleanup(server.Close)
	got := measure(t, t.Context(), server.URL)
	assert.Empty(t, got.Trouble)
	assert.True(t, math.IsNaN(got.Value))
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	assert.Contains(t, measure(t, t.Context(), server.URL).Trouble, "connection refused")
}

// TestEndsWithContext: a server that hangs holds nobody up for longer than the caller wants.
func TestEndsWithContext(t *testing.T) {
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hung) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	assert.Equal(t, "the server did not answer in time", measure(t, ctx, server.URL).Trouble)
}

func measure(t *testing.T, ctx context.Context, address string) release.Sample { //nolint:revive // t first, as everywhere.
	t.Helper()
	server, err := signals.NewServer(address)
	require.NoError(t, err)
	return server.Measure(ctx, "up", "", time.Unix(0, 0))
}

func TestExpand(t *testing.T) {
	scope := signals.Scope{Namespace: "shop", Service: "shop", Color: "green"}
	got, err := signals.Expand(`sum(rate(errors{namespace="{{.Namespace}}",color="{{.Color}}"}[1m]))`, scope)
	require.NoError(t, err)
	assert.Equal(t, `sum(rate(errors{namespace="shop",color="green"}[1m]))`, got)
	for name, query := range map[string]string{
		"Laughs":  `{{define "a"}}x{{end}}{{define "b"}}{{template "a"}}{{template "a"}}{{end}}{{template "b"}}`,
		"Padding": `{{printf "%999999d" 1}}`, "Pipe": `{{.Color | printf "%9s"}}`, "Loop": `{{range $i := .Color}}x{{end}}`,
	} {
		_, err := signals.Expand(query, scope)
		assert.ErrorContains(t, err, "a query names values", name)
	}
	unused, err := signals.Expand(`up{{define "a"}}x{{end}}`, scope)
	require.NoError(t, err)
	assert.Equal(t, "up", unused)
	for name, query := range map[string]string{"NotClosed": "{{.Color", "Misspelt": "{{.Colour}}"} {
		_, err := signals.Expand(query, scope)
		assert.ErrorContains(t, err, "the query is no template", name)
	}
}
