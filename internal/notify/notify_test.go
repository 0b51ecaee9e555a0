package notify

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The samples are JSON whatever a message has in it, and keep all that a person needs.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../docs/examples/notifications/*.tmpl")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			parsed, err := Parse(string(text))
			require.NoError(t, err)
			long := Sample(Finished)
			long.ReleaseNotes = strings.Repeat("很\"长\"\n", 5000)
			events := []Event{{}, long}
			for _, kind := range Kinds() {
				events = append(events, Sample(kind))
			}
			for _, event := range events {
				body, err := parsed.Body(event)
				require.NoError(t, err)
				var decoded any
				require.NoError(t, json.Unmarshal(body, &decoded), "%s", body)
				all := strings.Join(texts(decoded), "\n")
				for _, want := range []string{event.Message, event.Preview, event.Command, event.Event} {
					assert.Contains(t, all, want)
				}
			}
		})
	}
}

// texts are all strings in a JSON value.
func texts(value any) []string {
	var found []string
	switch value := value.(type) {
	case string:
		found = append(found, value)
	case []any:
		for _, item := range value {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		for _, item := range value {
			found = append(found, texts(item)...)
		}
	}
	return found
}

func TestParse(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"Field":       {"{{.mesage}}", "no entry for key"},
		"Syntax":      {"{{if}}", "missing value for if"},
		"Function":    {"{{env}}", "not defined"},
		"GoName":      {"{{.Message}}", "no entry for key"},
		"Long":        {`{{printf "%070000d" 1}}`, "longer than 65536 bytes"},
		"Cut":         {`{{cut 2 .message}}`, "expected a limit"},
		"EndlessBody": {`{{define "a"}}x{{template "a"}}{{end}}{{template "a"}}`, "longer than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(test.text)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// Without a template the event itself is sent, with every field.
func TestDefault(t *testing.T) {
	body, err := Default().Body(Event{Release: "shop-1"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"namespace": "", "blueGreen": "", "release": "shop-1", "event": "", "time": "0001-01-01T00:00:00Z", "phase": "",
		"from": "", "fromVersion": "", "to": "", "version": "", "outcome": "", "message": "", "deployers": null, "decidedBy": null,
		"preview": "", "command": "", "releaseNotes": ""}`, string(body))
}

func TestPost(t *testing.T) {
	const secret = "hook-7f3a"
	var kind atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		kind.Store(request.Header.Get("Content-Type"))
		switch request.URL.Query().Get("answer") {
		case "redirect":
			http.Redirect(w, request, "/elsewhere", http.StatusTemporaryRedirect)
		case "error":
			http.Error(w, "no such hook", http.StatusNotFound)
		case "cut":
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, test := range map[string]struct{ address, body, kind, want string }{
		"JSON":     {server.URL + "/" + secret, `{"a": 1}`, "application/json", ""},
		"Text":     {server.URL + "/" + secret, "it is done", "text/plain; charset=utf-8", ""},
		"Redirect": {server.URL + "/" + secret + "?answer=redirect", "{}", "application/json", "answered 307"},
		"Error":    {server.URL + "/" + secret + "?answer=error", "{}", "application/json", "answered 404"},
		"Cut":      {server.URL + "/" + secret + "?answer=cut", "{}", "application/json", "EOF"},
		"Closed":   {closed.URL + "/" + secret, "{}", "", "refused"},
		"Scheme":   {"ftp://x/" + secret, "{}", "", "no http or https address"},
		"Broken":   {"http://[" + secret, "{}", "", "no http or https address"},
		"Newline":  {"http://x/" + secret + "\n", "{}", "", "no http or https address"},
	} {
		t.Run(name, func(t *testing.T) {
			kind.Store("")
			err := NewSender().Post(t.Context(), test.address, []byte(test.body))
			assert.Equal(t, test.kind, kind.Load())
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}
