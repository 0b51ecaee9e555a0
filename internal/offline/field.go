package offline

import (
	"strconv"
	"strings"

	nodes "go.yaml.in/yaml/v3"
)

// find follows a path as findings name it (spec.containers[0].env, or
// metadata.labels[a.b/c], or metadata.labels.a.b/c) as far as the object goes. It
// returns the node that carries the line: a key, or the element of a list. What is
// missing is said of what it is missing from.
func find(root *nodes.Node, path string) *nodes.Node {
	at, value := root, root
	for value != nil && path != "" {
		key, next, rest := step(value, path)
		if key == nil {
			break
		}
		at, value, path = key, next, rest
	}
	return at
}

// step goes one element down; a nil key says that there is nothing.
func step(value *nodes.Node, path string) (key, next *nodes.Node, rest string) {
	if value.Kind == nodes.AliasNode {
		value = value.Alias
	}
	path = strings.TrimPrefix(path, ".")
	switch value.Kind {
	case nodes.SequenceNode:
		index, rest, ok := bracket(path)
		i, err := strconv.Atoi(index)
		if !ok || err != nil || i < 0 || i >= len(value.Content) {
			return nil, nil, ""
		}
		return value.Content[i], value.Content[i], rest
	case nodes.MappingNode:
		if name, rest, ok := bracket(path); ok {
			key, next := entry(value, name)
			return key, next, rest
		}
		return longest(value, path)
	default:
		return nil, nil, ""
	}
}

func bracket(path string) (inside, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, "[")
	if !ok {
		return "", "", false
	}
	return strings.Cut(path, "]")
}

func entry(mapping *nodes.Node, name string) (key, value *nodes.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// longest takes the longest key with which path begins: keys of labels have dots.
func longest(mapping *nodes.Node, path string) (key, value *nodes.Node, rest string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		name := mapping.Content[i].Value
		after, found := strings.CutPrefix(path, name)
		if !found || (after != "" && after[0] != '.' && after[0] != '[') {
			continue
		}
		if key == nil || len(name) > len(key.Value) {
			key, value, rest = mapping.Content[i], mapping.Content[i+1], after
		}
	}
	return key, value, rest
}
