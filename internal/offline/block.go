package offline

import (
	"bytes"
	"strings"

	nodes "go.yaml.in/yaml/v3"
)

// Block is where the text of a literal block (key: |) begins, and by how many columns
// it is indented. What is on the text's line n, column m, is in the file n-1 lines
// behind that and in column m+indent. It is false for a text that is written in
// another way.
func (o *Object) Block(keys ...string) (begin Position, indent int, ok bool) {
	if o.anchor != nil {
		return Position{}, 0, false
	}
	node := o.node()
	for _, key := range keys {
		if node = resolved(node); node == nil || node.Kind != nodes.MappingNode {
			return Position{}, 0, false
		}
		_, node = entry(node, key)
	}
	if node == nil || node.Kind != nodes.ScalarNode || node.Style&nodes.LiteralStyle == 0 {
		return Position{}, 0, false
	}
	lines := bytes.Split(o.document.text, []byte("\n"))
	for i, text := range strings.Split(node.Value, "\n") {
		if strings.TrimSpace(text) != "" && node.Line+i < len(lines) {
			indent = leading(string(lines[node.Line+i])) - leading(text)
			break
		}
	}
	return Position{o.document.file, o.document.before + node.Line + 1}, indent, true
}

func resolved(node *nodes.Node) *nodes.Node {
	if node != nil && node.Kind == nodes.AliasNode {
		return node.Alias
	}
	return node
}

func leading(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
