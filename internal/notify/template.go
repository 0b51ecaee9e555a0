package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
)

// maxBody bounds what a template makes of an event. No chat takes more.
const maxBody = 64 << 10

// Template makes a body of an event. It is safe for concurrent use.
type Template struct{ parsed *template.Template }

// Parse reads a template over the fields of the event as its JSON names them, such as
// {{json .message}}. It is tried on a sample of each kind: a misspelled field is an error.
func Parse(text string) (*Template, error) {
	parsed, err := template.New("notification").Option("missingkey=error").Funcs(template.FuncMap{
		"json": quoted, "lines": lines, "prefixed": prefixed, "cut": cut,
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	t := &Template{parsed}
	for _, kind := range Kinds() {
		if _, err := t.Body(Sample(kind)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Default is the event itself.
func Default() *Template { return &Template{} }

// Body fills in an event.
func (t *Template) Body(event Event) ([]byte, error) {
	raw, err := json.Marshal(event)
	if err != nil || t.parsed == nil {
		return raw, err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	body := &limited{}
	if err := t.parsed.Execute(body, fields); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

// limited is a buffer that does not grow for ever.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxBody {
		return 0, fmt.Errorf("the body is longer than %d bytes", maxBody)
	}
	return l.Buffer.Write(p)
}

// quoted is a value as JSON writes it.
func quoted(value any) (string, error) {
	raw, err := json.Marshal(value)
	return string(raw), err
}

// lines joins what is not empty.
func lines(parts ...string) string {
	var filled []string
	for _, part := range parts {
		if part != "" {
			filled = append(filled, part)
		}
	}
	return strings.Join(filled, "\n")
}

// prefixed puts something before a value that is there, and is empty without one.
func prefixed(prefix, value string) string {
	if value == "" {
		return ""
	}
	return prefix + value
}

// cut shortens a text to so many bytes, without breaking a character.
func cut(limit int, text string) (string, error) {
	const more = "..."
	switch {
	case limit < len(more):
		return "", errors.New("cut: expected a limit of at least 3")
	case len(text) <= limit:
		return text, nil
	default:
		return strings.ToValidUTF8(text[:limit-len(more)], "") + more, nil
	}
}
