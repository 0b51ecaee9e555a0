package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/policy"
)

// document is the form of the file. Its yaml tags are what users write.
type document struct {
	DocsURL    text                 `yaml:"docsURL"`
	Rules      actions              `yaml:"rules"`
	Namespaces map[string]namespace `yaml:"namespaces"`
	Sidecars   []string             `yaml:"sidecars"`
	Unmanaged  []unmanaged          `yaml:"unmanaged"`
	Patterns   patterns             `yaml:"patterns"`
}

type namespace struct {
	Rules actions `yaml:"rules"`
}

type unmanaged struct {
	Namespace string   `yaml:"namespace"`
	Selector  selector `yaml:"selector"`
	// Reason is for people.
	Reason string `yaml:"reason"`
}

type patterns struct {
	Add  []pattern `yaml:"add"`
	Drop []pattern `yaml:"drop"`
}

type pattern struct {
	Kind  string `yaml:"kind"`
	Name  expr   `yaml:"name"`
	Value expr   `yaml:"value"`
	// Reason is for people.
	Reason string `yaml:"reason"`

	line int
}

// Parse reads the file. Sidecars are added to the default ones; everything else is
// as it stands. An error names the line.
func Parse(raw []byte) (*Settings, error) {
	var file document
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, readable(err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document")
	}
	settings := Default()
	settings.DocsURL, settings.Rules = string(file.DocsURL), file.Rules
	settings.Namespaces = map[string][]RuleAction{}
	for name, n := range file.Namespaces {
		settings.Namespaces[name] = n.Rules
	}
	for _, name := range file.Sidecars {
		if !slices.Contains(settings.Rego.Sidecars, name) {
			settings.Rego.Sidecars = append(settings.Rego.Sidecars, name)
		}
	}
	for _, u := range file.Unmanaged {
		if u.Namespace == "" || u.Selector.Selector == nil {
			return nil, errors.New("unmanaged: each entry names a namespace and a selector")
		}
		settings.Unmanaged = append(settings.Unmanaged, Unmanaged{Namespace: u.Namespace, Selector: u.Selector.Selector})
	}
	var err error
	if settings.Rego.Patterns.Add, err = read(file.Patterns.Add, true); err != nil {
		return nil, err
	}
	settings.Rego.Patterns.Drop, err = read(file.Patterns.Drop, false)
	return settings, err
}

var unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)

// readable writes an error of the decoder without the names of Go types.
func readable(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(typed.Errors))
	for i, line := range typed.Errors {
		lines[i] = unknownField.ReplaceAllString(line, "unknown key $1")
	}
	return errors.New(strings.Join(lines, "; "))
}

var kinds = []string{"password", "token", "key", "secret", "private-key"}

func read(list []pattern, add bool) ([]policy.Pattern, error) {
	found := make([]policy.Pattern, 0, len(list))
	for _, p := range list {
		switch {
		case (p.Name == "") == (p.Value == ""):
			return nil, fmt.Errorf("line %d: a pattern has either name or value", p.line)
		case add && !slices.Contains(kinds, p.Kind):
			return nil, fmt.Errorf("line %d: kind is %q, not one of %s", p.line, p.Kind, strings.Join(kinds, ", "))
		case !add && p.Kind != "":
			return nil, fmt.Errorf("line %d: a pattern to drop has no kind", p.line)
		}
		found = append(found, policy.Pattern{Kind: p.Kind, Name: string(p.Name), Value: string(p.Value)})
	}
	return found, nil
}

// UnmarshalYAML keeps the line, and refuses unknown keys, which a decoder that is
// asked for a node no longer does.
func (p *pattern) UnmarshalYAML(node *yaml.Node) error {
	type plain pattern
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains([]string{"kind", "name", "value", "reason"}, key.Value) {
			return fmt.Errorf("line %d: unknown key %s", key.Line, key.Value)
		}
	}
	if err := node.Decode((*plain)(p)); err != nil {
		return readable(err)
	}
	p.line = node.Line
	return nil
}

// text is an address of a page.
type text string

func (t *text) UnmarshalYAML(node *yaml.Node) error {
	address, err := url.Parse(strings.ReplaceAll(node.Value, "{rule}", "rule"))
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return fmt.Errorf("line %d: docsURL is %q, not an http address", node.Line, node.Value)
	}
	*t = text(node.Value)
	return nil
}

// expr is a regular expression of RE2.
type expr string

func (e *expr) UnmarshalYAML(node *yaml.Node) error {
	if _, err := regexp.Compile(node.Value); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*e = expr(node.Value)
	return nil
}

// selector is written as kubectl -l takes it, or as a map of labels.
type selector struct{ labels.Selector }

func (s *selector) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		set := labels.Set{}
		if err := node.Decode(&set); err != nil {
			return readable(err)
		}
		s.Selector = labels.SelectorFromSet(set)
	} else {
		parsed, err := labels.Parse(node.Value)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		s.Selector = parsed
	}
	if s.Empty() {
		return fmt.Errorf("line %d: an empty selector would leave everything alone", node.Line)
	}
	return nil
}

// actions is a map from rule to action that keeps the lines.
type actions []RuleAction

func (a *actions) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: rules is a map from rule to action", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		action := policy.Action(value.Value)
		if !slices.Contains(policy.Actions(), action) {
			return fmt.Errorf("line %d: action of %s is %q, not one of deny, warn, advise, off", value.Line, key.Value, value.Value)
		}
		if slices.ContainsFunc(*a, func(set RuleAction) bool { return set.Rule == key.Value }) {
			return fmt.Errorf("line %d: %s stands there twice", key.Line, key.Value)
		}
		*a = append(*a, RuleAction{Rule: key.Value, Action: action, Line: key.Line})
	}
	return nil
}
