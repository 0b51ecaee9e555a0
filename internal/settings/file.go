package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// ParseFile reads what stands in a repository: the settings themselves, or a
// manifest with the ConfigMap that holds them. Lines are those of the file.
func ParseFile(raw []byte) (*Settings, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	manifest := false
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, new(reader).notYAML(raw, err)
		}
		object := document.Content[0]
		if empty(object) {
			continue
		}
		if member(object, "kind") == nil && !manifest {
			return Parse(raw)
		}
		manifest = true
		if text(member(object, "kind")) == "ConfigMap" && text(member(member(object, "metadata"), "name")) == ConfigMapName {
			return fromConfigMap(object)
		}
	}
	if manifest {
		return nil, fmt.Errorf("these are manifests, and none is the ConfigMap %s", ConfigMapName)
	}
	return Default(), nil
}

func fromConfigMap(object *yaml.Node) (*Settings, error) {
	held := member(member(object, "data"), Key)
	switch {
	case held == nil:
		return nil, fmt.Errorf("line %d: ConfigMap %s has no key %s", object.Line, ConfigMapName, Key)
	case held.Style&yaml.LiteralStyle != 0:
		return parse([]byte(held.Value), held.Line)
	}
	// Written in another way than as a block, the text has lines of its own.
	settings, err := Parse([]byte(held.Value))
	if err != nil {
		return nil, fmt.Errorf("%s in line %d: %w", Key, held.Line, err)
	}
	return settings, nil
}

// member is what a map has under a key, nil without it.
func member(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return resolved(node.Content[i+1])
		}
	}
	return nil
}

func text(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}
