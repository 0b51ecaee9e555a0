package offline

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	nodes "go.yaml.in/yaml/v3"
)

// errEdit says that a place in a file is written in a way that edit does not dare
// to change.
var errEdit = errors.New("not changed: it is written in a way that only a person can edit")

// maxEdited bounds the items of a List that are edited, because each edit reads the
// whole document again. Nobody writes longer ones by hand.
const maxEdited = 50

// set writes one value, a string or an int64, into the object at item, in the text
// itself, so that every other byte stays as it is: comments, order, quotes and empty
// lines. path leads through mappings; its last element is the key. What comes out is
// read again, and if it is not the same with that one value set, nothing is changed.
func (d *document) set(item string, path []string, value any) error {
	if number(strings.TrimSuffix(strings.TrimPrefix(item, ".items["), "]")) >= maxEdited {
		return errEdit
	}
	wanted, err := d.value()
	if err != nil {
		return err
	}
	if !assign(wanted, item, path, value) {
		return errEdit
	}
	root := d.node()
	if item != "" && root != nil {
		root = find(root, item)
	}
	text, err := d.edited(root, path, value)
	if err != nil {
		return err
	}
	changed := &document{file: d.file, before: d.before, text: text}
	got, err := changed.value()
	if err != nil || !reflect.DeepEqual(got, wanted) {
		return errEdit
	}
	d.replace(text)
	return nil
}

// assign does to the value what edited does to the text.
func assign(value any, item string, path []string, leaf any) bool {
	for item != "" {
		index, rest, ok := strings.Cut(strings.TrimPrefix(item, ".items["), "]")
		content, isMap := value.(map[string]any)
		if !ok || !isMap {
			return false
		}
		items, _ := content["items"].([]any)
		i := number(index)
		if i < 0 || i >= len(items) {
			return false
		}
		value, item = items[i], rest
	}
	for _, key := range path[:len(path)-1] {
		content, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if content[key] == nil {
			content[key] = map[string]any{}
		}
		value = content[key]
	}
	content, ok := value.(map[string]any)
	if ok {
		content[path[len(path)-1]] = leaf
	}
	return ok
}

func (d *document) edited(at *nodes.Node, path []string, value any) ([]byte, error) {
	if at == nil {
		return nil, errEdit
	}
	var key *nodes.Node
	for len(path) > 0 && at.Kind == nodes.MappingNode {
		k, next := entry(at, path[0])
		if k == nil {
			break
		}
		key, at, path = k, next, path[1:]
	}
	quoted := func(text string) string { return scalar(text, d.isJSON()) }
	written := fmt.Sprint(value)
	if text, ok := value.(string); ok {
		written = quoted(text)
	}
	switch {
	case len(path) == 0 && at.Kind == nodes.ScalarNode:
		return d.replaced(at, written)
	case len(path) == 0:
		return nil, errEdit
	case at.Kind == nodes.MappingNode && at.Style&nodes.FlowStyle != 0:
		text := flow(path, written, quoted)
		if len(at.Content) > 0 {
			text += ", "
		}
		return d.inserted(at.Line, at.Column+1, text)
	case at.Kind == nodes.MappingNode:
		line := after(at)
		if line == 0 {
			return nil, errEdit
		}
		return d.inserted(line+1, 1, d.block(path, written, at.Content[0].Column-1, quoted))
	case at.Tag == "!!null" && at.Value == "" && key != nil:
		return d.inserted(key.Line+1, 1, d.block(path, written, key.Column+1, quoted))
	default:
		return nil, errEdit
	}
}

func (d *document) isJSON() bool { return bytes.HasPrefix(bytes.TrimSpace(d.text), []byte("{")) }

// after is a line of a block mapping behind which another entry can stand: that of
// its last entry with a plain value.
func after(mapping *nodes.Node) int {
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if value.Kind == nodes.ScalarNode && value.Line == key.Line && value.Style&(nodes.LiteralStyle|nodes.FoldedStyle) == 0 {
			return key.Line
		}
	}
	return mapping.Content[0].Line - 1
}

// block writes the rest of a path as lines, flow in one. The value is as it is to stand.
func (d *document) block(path []string, value string, indent int, quoted func(string) string) string {
	end := "\n"
	if bytes.Contains(d.text, []byte("\r\n")) {
		end = "\r\n"
	}
	var b strings.Builder
	for i, key := range path {
		b.WriteString(strings.Repeat(" ", indent+2*i) + quoted(key) + ":")
		if i == len(path)-1 {
			b.WriteString(" " + value)
		}
		b.WriteString(end)
	}
	return b.String()
}

func flow(path []string, value string, quoted func(string) string) string {
	var b strings.Builder
	for i, key := range path {
		if i > 0 {
			b.WriteString("{")
		}
		b.WriteString(quoted(key) + ": ")
	}
	return b.String() + value + strings.Repeat("}", len(path)-1)
}

// scalar writes a label's key or value so that YAML reads it as a string.
func scalar(text string, always bool) string {
	if always {
		return `"` + text + `"`
	}
	var read any
	if err := nodes.Unmarshal([]byte(text), &read); err == nil && read == any(text) && !slices.Contains(spelled, strings.ToLower(text)) {
		return text
	}
	return "'" + text + "'"
}

// spelled are the words that YAML 1.1, which Kubernetes reads, takes for booleans.
var spelled = []string{"y", "n", "yes", "no", "on", "off"}

// inserted puts text at a line and column, both counted from one.
func (d *document) inserted(line, column int, text string) ([]byte, error) {
	at, ok := d.offset(line, column)
	if !ok {
		return nil, errEdit
	}
	if before := d.text[:at]; column == 1 && len(before) > 0 && before[len(before)-1] != '\n' {
		text = "\n" + strings.TrimRight(text, "\r\n") // the file ends without a line break
	}
	return slices.Concat(d.text[:at], []byte(text), d.text[at:]), nil
}

// replaced writes another value over a scalar that is one word, quoted or not.
func (d *document) replaced(old *nodes.Node, text string) ([]byte, error) {
	at, ok := d.offset(old.Line, old.Column)
	if !ok {
		return nil, errEdit
	}
	for _, written := range []string{old.Value, `"` + old.Value + `"`, "'" + old.Value + "'"} {
		if written != "" && bytes.HasPrefix(d.text[at:], []byte(written)) {
			return slices.Concat(d.text[:at], []byte(text), d.text[at+len(written):]), nil
		}
	}
	return nil, errEdit
}

// offset turns a line and a column, counted in characters, into bytes.
func (d *document) offset(line, column int) (int, bool) {
	at := 0
	for range line - 1 {
		i := bytes.IndexByte(d.text[at:], '\n')
		if i < 0 {
			return len(d.text), column == 1
		}
		at += i + 1
	}
	for i := range string(d.text[at:]) {
		if column--; column == 0 {
			return at + i, true
		}
	}
	return len(d.text), column == 1
}
