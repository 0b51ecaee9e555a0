package settings

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tealgate/tealgate/internal/policy"
)

// Parse reads the file. Sidecars are added to the default ones; everything else is
// as it stands. An error names each line that is not understood, and what is
// expected there.
func Parse(raw []byte) (*Settings, error) { return parse(raw, 0) }

// parse reads a file that stands in another one, behind so many lines.
func parse(raw []byte, before int) (*Settings, error) {
	r := &reader{before: before}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return Default(), nil
	} else if err != nil {
		return nil, r.notYAML(raw, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		r.problem(&second, "expected the end of the file, found a second YAML document")
	} else if !errors.Is(err, io.EOF) {
		return nil, r.notYAML(raw, err)
	}
	settings := r.settings(value{node: document.Content[0]})
	if err := r.err(); err != nil {
		return nil, err
	}
	return settings, nil
}

func (r *reader) settings(v value) *Settings {
	settings := Default()
	settings.Namespaces, settings.Prometheus = map[string][]RuleAction{}, map[string]string{}
	patterns := &settings.Rego.Patterns
	r.fields(v,
		field{"docsURL", func(v value) { settings.DocsURL = r.address(v) }},
		field{"rules", func(v value) { settings.Rules = r.actions(v) }},
		field{"namespaces", func(v value) {
			r.entries(v, "a map from namespace to its rules", func(key *yaml.Node, below value) {
				r.fields(below, field{"rules", func(v value) { settings.Namespaces[key.Value] = r.actions(v) }})
			})
		}},
		field{"sidecars", func(v value) {
			r.list(v, "a list of names of containers", func(v value) {
				if name := r.text(v, "the name of a container"); !slices.Contains(settings.Rego.Sidecars, name) {
					settings.Rego.Sidecars = append(settings.Rego.Sidecars, name)
				}
			})
		}},
		field{"unmanaged", func(v value) {
			r.list(v, "a list of namespaces with a selector", func(v value) {
				settings.Unmanaged = append(settings.Unmanaged, r.unmanaged(v))
			})
		}},
		field{"patterns", func(v value) {
			r.fields(v,
				field{"add", func(v value) { patterns.Add = r.patterns(v, true) }},
				field{"drop", func(v value) { patterns.Drop = r.patterns(v, false) }})
		}},
		field{"prometheus", func(v value) {
			r.list(v, "a list of servers with name and url", func(v value) { r.server(v, settings.Prometheus) })
		}},
		field{"notifications", func(v value) { settings.Notifications = r.notifications(v) }},
		field{"releases", func(v value) {
			r.fields(v, field{"freeze", func(v value) { settings.Freeze = r.truth(v) }}, r.reason())
		}},
	)
	return settings
}

// server is a Prometheus server.
func (r *reader) server(v value, servers map[string]string) {
	var name, address string
	before := len(r.found)
	r.fields(v,
		field{"name", func(v value) { name = r.text(v, "the name by which signals call the server") }},
		field{"url", func(v value) {
			const what = "an http or https address"
			address = r.text(v, what)
			if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
				r.expected(v, what)
			}
		}})
	switch _, twice := servers[name]; {
	case len(r.found) > before:
	case name == "" || address == "":
		r.problem(v.node, "%s: expected both name and url", v.path)
	case twice:
		r.problem(v.node, "%s: expected a name of its own, found %s again", v.path, quoted(name))
	default:
		servers[name] = address
	}
}

// truth is true or false. YAML 1.1 has more words for both, which here are none.
func (r *reader) truth(v value) bool {
	if v.node.Kind != yaml.ScalarNode || (v.node.Value != "true" && v.node.Value != "false") {
		r.expected(v, "true or false")
	}
	return v.node.Value == "true"
}

// maxAddress leaves room for the problems in an answer that names pages.
const maxAddress = 200

// address is that of a page.
func (r *reader) address(v value) string {
	const what = "an http or https address, in which {rule} stands for the rule's id"
	text := r.text(v, what)
	if text == "" {
		return ""
	}
	address, err := url.Parse(strings.ReplaceAll(text, "{rule}", "rule"))
	switch {
	case err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http":
		r.expected(v, what)
	case len(text) > maxAddress:
		r.problem(v.node, "%s: expected at most %d characters, found %d", v.path, maxAddress, len(text))
	}
	return text
}

// actions is a map from rule to action that keeps the lines.
func (r *reader) actions(v value) []RuleAction {
	var list []RuleAction
	r.entries(v, "a map from rule to action", func(key *yaml.Node, below value) {
		// YAML 1.1 takes a bare off for false; it is written so all the same.
		action := policy.Action(below.node.Value)
		if below.node.Kind != yaml.ScalarNode || !slices.Contains(policy.Actions(), action) {
			r.expected(below, "deny, warn, advise or off")
			return
		}
		list = append(list, RuleAction{Rule: key.Value, Action: action, Line: r.line(key)})
	})
	return list
}

// reason is for people: it only has to be text.
func (r *reader) reason() field {
	return field{"reason", func(v value) { r.text(v, "text") }}
}

func (r *reader) unmanaged(v value) Unmanaged {
	var u Unmanaged
	before := len(r.found)
	r.fields(v,
		field{"namespace", func(v value) { u.Namespace = r.text(v, "the name of a namespace") }},
		field{"selector", func(v value) { u.Selector = r.selector(v) }},
		r.reason())
	if len(r.found) == before && (u.Namespace == "" || u.Selector == nil) {
		r.problem(v.node, "%s: expected both namespace and selector", v.path)
	}
	return u
}

// selector is written as kubectl -l takes it, or as a map of labels. What a label is
// not cannot be seen of the pods that a Service selects, and would leave alone nearly
// everything.
func (r *reader) selector(v value) labels.Selector {
	const what = "labels of pods, as a map or as kubectl -l takes them"
	var selector labels.Selector
	var err error
	before := len(r.found)
	if v.node.Kind == yaml.MappingNode {
		set := labels.Set{}
		r.entries(v, what, func(key *yaml.Node, below value) { set[key.Value] = r.label(key, below) })
		selector = labels.SelectorFromSet(set)
	} else if text := r.text(v, what); text != "" {
		selector, err = labels.Parse(text)
	}
	switch {
	case len(r.found) > before:
		return nil
	case err != nil:
		r.problem(v.node, "%s: expected %s: %s", v.path, what, oneLine(err))
		return nil
	case selector.Empty():
		r.problem(v.node, "%s: expected at least one label: an empty selector leaves everything alone", v.path)
		return nil
	}
	requirements, _ := selector.Requirements()
	for _, requirement := range requirements {
		switch requirement.Operator() {
		case selection.NotEquals, selection.NotIn, selection.DoesNotExist:
			r.problem(v.node, "%s: expected labels that the pods have, found %s, which nearly all pods satisfy",
				v.path, quoted(requirement.String()))
			return nil
		}
	}
	return selector
}

func (r *reader) label(key *yaml.Node, v value) string {
	if len(validation.IsQualifiedName(key.Value)) > 0 {
		r.problem(key, "%s: expected the name of a label as the key", v.path)
	}
	const what = "the value of a label"
	text := r.text(v, what)
	if len(validation.IsValidLabelValue(text)) > 0 {
		r.expected(v, what)
	}
	return text
}

var kinds = []string{"password", "token", "key", "secret", "private-key"}

func (r *reader) patterns(v value, add bool) []policy.Pattern {
	list := []policy.Pattern{}
	r.list(v, "a list of patterns", func(v value) { list = append(list, r.pattern(v, add)) })
	return list
}

func (r *reader) pattern(v value, add bool) policy.Pattern {
	var p policy.Pattern
	before := len(r.found)
	fields := []field{
		{"name", func(v value) { p.Name = r.expression(v) }},
		{"value", func(v value) { p.Value = r.expression(v) }},
		r.reason(),
	}
	if add {
		fields = append(fields, field{"kind", func(v value) {
			if p.Kind = v.node.Value; !slices.Contains(kinds, p.Kind) {
				r.expected(v, oneOf(kinds))
			}
		}})
	}
	r.fields(v, fields...)
	if len(r.found) > before {
		return p
	}
	if (p.Name == "") == (p.Value == "") {
		r.problem(v.node, "%s: expected either name or value", v.path)
	}
	if add && p.Kind == "" {
		r.problem(v.node, "%s: expected a kind: %s", v.path, oneOf(kinds))
	}
	return p
}

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// expression is one of RE2.
func (r *reader) expression(v value) string {
	const what = "a regular expression (RE2)"
	text := r.text(v, what)
	if _, err := regexp.Compile(text); err != nil {
		r.problem(v.node, "%s: expected %s: %s", v.path, what, oneLine(err))
	}
	return text
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
