package policy

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
)

// Message is one sentence of a rule with its cure. Immutable.
type Message struct {
	Name   string
	Action Action
	// More says that `kubectl tealgate explain` has more to say.
	More  bool
	fix   *template.Template
	at    *template.Template
	body  map[Language]*template.Template
	after map[Language]*template.Template
}

// Text is a message filled in for one violation.
type Text struct {
	// Body holds paragraphs separated by an empty line; indented lines are to be
	// shown as they are.
	Body string
	// After is said once behind the last problem that has it.
	After string
	// FixAt and Fix are the cure as YAML and where it goes; empty without one.
	FixAt, Fix string
}

// Fixes says that the message offers a block of YAML to paste.
func (m *Message) Fixes() bool { return m.fix != nil }

// Fill puts a violation's values into the message. A value that the message
// names and the violation lacks is an error: a sentence with a hole is none.
func (m *Message) Fill(language Language, with map[string]any) (Text, error) {
	text := Text{}
	for _, name := range slices.Sorted(maps.Keys(with)) {
		if with[name] == nil {
			return Text{}, fmt.Errorf("message: value %s is null", name)
		}
	}
	values := maps.Clone(with)
	if values == nil {
		values = map[string]any{}
	}
	var err error
	if m.fix != nil {
		if text.Fix, err = fill(m.fix, values); err != nil {
			return Text{}, err
		}
		if text.FixAt, err = fill(m.at, values); err != nil {
			return Text{}, err
		}
	}
	if m.fix != nil {
		values["fix"], values["at"] = text.Fix, text.FixAt
	}
	if text.Body, err = fill(choose(m.body, language), values); err != nil {
		return Text{}, err
	}
	if after := choose(m.after, language); after != nil {
		if text.After, err = fill(after, values); err != nil {
			return Text{}, err
		}
	}
	return text, nil
}

func choose(texts map[Language]*template.Template, language Language) *template.Template {
	if t, ok := texts[language]; ok {
		return t
	}
	return texts[English]
}

func fill(t *template.Template, values map[string]any) (string, error) {
	var out bytes.Buffer
	if err := t.Execute(&out, values); err != nil {
		return "", fmt.Errorf("message: %w", err)
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// functions are what templates may call beside the built-in ones.
func functions() template.FuncMap {
	return template.FuncMap{
		"indent": func(by int, text string) string {
			pad := strings.Repeat(" ", by)
			return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
		},
		"plural": func(count any, one, many string) string {
			if fmt.Sprint(count) == "1" {
				return one
			}
			return many
		},
		"join": func(list []any, by string) string {
			words := make([]string, 0, len(list))
			for _, item := range list {
				words = append(words, fmt.Sprint(item))
			}
			return strings.Join(words, by)
		},
	}
}

func newMessage(name string, action Action, meta messageMetadata) (*Message, error) {
	if meta.EN == "" {
		return nil, errors.New("en is missing")
	}
	message := &Message{
		Name: name, Action: action, More: meta.More,
		body: map[Language]*template.Template{}, after: map[Language]*template.Template{},
	}
	if meta.Action != "" {
		message.Action = meta.Action
	}
	if !ownAction(message.Action) {
		return nil, fmt.Errorf("action is %q, not deny, warn or advise", message.Action)
	}
	for language := range meta.After {
		if !slices.Contains(Languages(), Language(language)) {
			return nil, fmt.Errorf("after has the unknown language %q", language)
		}
	}
	var err error
	if meta.Fix != nil {
		if message.fix, err = parseTemplate(meta.Fix.YAML); err != nil {
			return nil, err
		}
		if message.at, err = parseTemplate(meta.Fix.At); err != nil {
			return nil, err
		}
	}
	for language, text := range map[Language]string{English: meta.EN, Chinese: meta.ZH} {
		if text == "" {
			continue
		}
		if message.body[language], err = parseTemplate(text); err != nil {
			return nil, err
		}
		if after := meta.After[string(language)]; after != "" {
			if message.after[language], err = parseTemplate(after); err != nil {
				return nil, err
			}
		}
	}
	return message, nil
}

func parseTemplate(text string) (*template.Template, error) {
	return template.New("text").Option("missingkey=error").Funcs(functions()).Parse(indentValues(text))
}

// indentValues makes a line that holds nothing but spaces and one {{value}}
// keep its indentation over all lines of that value.
func indentValues(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		bare := strings.TrimLeft(line, " ")
		by := len(line) - len(bare)
		name, isValue := strings.CutPrefix(bare, "{{.")
		name, closed := strings.CutSuffix(name, "}}")
		if by > 0 && isValue && closed && !strings.ContainsAny(name, " {}|") {
			lines[i] = fmt.Sprintf("{{indent %d .%s}}", by, name)
		}
	}
	return strings.Join(lines, "\n")
}

func mustBody(en, zh string) map[Language]*template.Template {
	body := map[Language]*template.Template{}
	for language, text := range map[Language]string{English: en, Chinese: zh} {
		t, err := parseTemplate(text)
		body[language] = template.Must(t, err)
	}
	return body
}
