package settings

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a part of the file and the path by which people find it.
type value struct {
	node *yaml.Node
	path string
}

func (v value) below(key string, node *yaml.Node) value {
	if v.path != "" {
		key = v.path + "." + key
	}
	return value{node, key}
}

// reader walks the file strictly and keeps everything that it does not understand:
// all problems are told at once, each with its line.
type reader struct {
	// before counts the lines ahead of the file, where it stands in another one.
	before int
	found  []problem
}

type problem struct {
	line int
	text string
}

func (r *reader) line(node *yaml.Node) int { return r.before + node.Line }

func (r *reader) problem(node *yaml.Node, format string, args ...any) {
	r.found = append(r.found, problem{r.line(node), fmt.Sprintf(format, args...)})
}

// expected says what should stand there in place of what does.
func (r *reader) expected(v value, what string) {
	if v.path != "" {
		what = v.path + ": expected " + what
	} else {
		what = "expected " + what
	}
	r.problem(v.node, "%s, found %s", what, called(v.node))
}

// maxProblems are told; who has more has sent another file by mistake.
const maxProblems = 10

func (r *reader) err() error {
	if len(r.found) == 0 {
		return nil
	}
	slices.SortStableFunc(r.found, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var lines []string
	for _, p := range r.found[:min(len(r.found), maxProblems)] {
		lines = append(lines, fmt.Sprintf("line %d: %s", p.line, p.text))
	}
	if more := len(r.found) - maxProblems; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "; "))
}

// field is a key that a map may have.
type field struct {
	key  string
	read func(value)
}

// fields reads a map with these keys and no others. Without content it has none.
func (r *reader) fields(v value, fields ...field) {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	known := strings.Join(keys, ", ")
	r.entries(v, "a map with the keys "+known, func(key *yaml.Node, below value) {
		i := slices.Index(keys, key.Value)
		if i < 0 {
			r.problem(key, "unknown key %s: expected %s", quoted(below.path), known)
			return
		}
		if !empty(below.node) {
			fields[i].read(below)
		}
	})
}

// entries reads a map with any keys, each at most once.
func (r *reader) entries(v value, what string, each func(key *yaml.Node, below value)) {
	v.node = resolved(v.node)
	if empty(v.node) {
		return
	}
	if v.node.Kind != yaml.MappingNode {
		r.expected(v, what)
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := resolved(v.node.Content[i])
		if key.Kind != yaml.ScalarNode {
			r.expected(value{key, v.path}, "text as a key")
			continue
		}
		below := v.below(key.Value, resolved(v.node.Content[i+1]))
		if line, twice := first[key.Value]; twice {
			r.problem(key, "key %s stands in line %d already", quoted(below.path), line)
			continue
		}
		first[key.Value] = r.line(key)
		each(key, below)
	}
}

// list reads a list. Without content it has no items.
func (r *reader) list(v value, what string, each func(value)) {
	if empty(v.node) {
		return
	}
	if v.node.Kind != yaml.SequenceNode {
		r.expected(v, what)
		return
	}
	for i, item := range v.node.Content {
		each(value{resolved(item), fmt.Sprintf("%s[%d]", v.path, i)})
	}
}

// text reads text. A number or a boolean is none: whoever means it as text has to
// say so.
func (r *reader) text(v value, what string) string {
	if v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!str" && v.node.Value != "" {
		return v.node.Value
	}
	r.expected(v, what)
	return ""
}

// resolved follows an alias to what it stands for.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func empty(node *yaml.Node) bool {
	return node == nil || node.Kind == 0 || (node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null")
}

// called is what an error calls a part of the file.
func called(node *yaml.Node) string {
	switch {
	case empty(node):
		return "nothing"
	case node.Kind == yaml.MappingNode:
		return "a map"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.ShortTag() != "!!str":
		return node.Value + " without quotes"
	default:
		return quoted(node.Value)
	}
}

// maxQuoted bounds what an error repeats of the file.
const maxQuoted = 60

func quoted(text string) string {
	if runes := []rune(text); len(runes) > maxQuoted {
		text = string(runes[:maxQuoted]) + "..."
	}
	return strconv.Quote(text)
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// notYAML writes an error of the YAML parser, which counts from zero where its
// scanner counts from one, and the end of the file for a line.
func (r *reader) notYAML(raw []byte, err error) error {
	text := err.Error()
	match := yamlError.FindStringSubmatch(text)
	if match == nil || match[1] == "" {
		return fmt.Errorf("line %d: not YAML: %s", r.before+1, strings.TrimPrefix(text, "yaml: "))
	}
	line, err := strconv.Atoi(match[1])
	if err != nil {
		return err
	}
	text = strings.TrimPrefix(text, match[0])
	if strings.HasPrefix(text, "did not find expected") {
		line++
	}
	line = min(line, 1+bytes.Count(bytes.TrimRight(raw, "\n"), []byte("\n")))
	return fmt.Errorf("line %d: not YAML: %s", r.before+line, text)
}
