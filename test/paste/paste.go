// Package paste does what a developer does with the cure that a denial offers: it
// puts a block of YAML where the sentence says, and changes nothing else. Tests use
// it to hold each cure to what it promises.
package paste

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// ErrShape says that a manifest holds something else than the cure expects: text in
// the place of a list, for example. Nobody can paste into that.
var ErrShape = errors.New("the manifest has another shape than the fix")

// Fix is one block of YAML and where it goes.
type Fix struct {
	// At is a path as sentences name it: spec.template.spec, or
	// spec.template.spec.containers[name=web].env. Empty for the top.
	At    string
	Value any
	// Whole is the field whose value takes the place of the old one: nothing of that
	// stays beside it. Empty for none.
	Whole string
}

// whole is how a sentence says so. Entries of env are replaced in any case.
var whole = regexp.MustCompile(`[Rr]eplace\s+the\s+whole\s+([a-zA-Z]+)`)

// Read parses the block that goes to a place, as the sentence before it says.
func Read(at, sentence, block string) (Fix, error) {
	fix := Fix{At: at}
	if field := whole.FindStringSubmatch(sentence); field != nil {
		fix.Whole = field[1]
	}
	if err := yaml.UnmarshalStrict([]byte(block), &fix.Value); err != nil {
		return Fix{}, fmt.Errorf("not YAML: %w\n%s", err, block)
	}
	return fix, nil
}

// Into returns the manifest with the fix in it. The manifest stays as it is.
func Into(manifest map[string]any, fix Fix) (map[string]any, error) {
	top, err := fix.fromTop()
	if err != nil {
		return nil, err
	}
	merged, err := fix.merge("", manifest, top)
	if err != nil {
		return nil, err
	}
	return merged.(map[string]any), nil
}

// fromTop wraps the value in the path it belongs to.
func (f Fix) fromTop() (map[string]any, error) {
	value := f.Value
	if f.At != "" {
		for _, step := range slices.Backward(split(f.At)) {
			key, selector, selected := strings.Cut(strings.TrimSuffix(step, "]"), "[name=")
			if selected {
				element, ok := value.(map[string]any)
				if !ok {
					return nil, fmt.Errorf("%s: the fix is no map", f.At)
				}
				var name string
				if err := yaml.Unmarshal([]byte(selector), &name); err != nil {
					return nil, fmt.Errorf("%s: %w", f.At, err)
				}
				element["name"] = name
				value = []any{element}
			}
			value = map[string]any{key: value}
		}
	}
	top, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%q: the fix is no map", f.At)
	}
	return top, nil
}

// split cuts a path at its dots, except for those in the name of an element.
func split(path string) []string {
	var steps []string
	depth, start := 0, 0
	for i, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == '.' && depth == 0:
			steps = append(steps, path[start:i])
			start = i + 1
		}
	}
	return append(steps, path[start:])
}

// merge puts a fix over what stands at key. Maps are merged; null is nothing, as
// for the API server.
func (f Fix) merge(key string, into, from any) (any, error) {
	if key != "" && key == f.Whole {
		return from, nil
	}
	switch from := from.(type) {
	case map[string]any:
		target, ok := into.(map[string]any)
		if !ok && into != nil {
			return nil, fmt.Errorf("%w: %s is %v, not a map", ErrShape, key, into)
		}
		merged := maps.Clone(target)
		if merged == nil {
			merged = map[string]any{}
		}
		for name, value := range from {
			var err error
			if merged[name], err = f.merge(name, target[name], value); err != nil {
				return nil, err
			}
		}
		return merged, nil
	case []any:
		target, ok := into.([]any)
		if !ok && into != nil {
			return nil, fmt.Errorf("%w: %s is %v, not a list", ErrShape, key, into)
		}
		return f.mergeList(key, target, from)
	default:
		switch into.(type) {
		case map[string]any, []any:
			return nil, fmt.Errorf("%w: %s is %v", ErrShape, key, into)
		}
		return from, nil
	}
}

// mergeList replaces a list of scalars. Elements that have a name are found by it, mounts
// by where they are, and an environment variable is replaced as a whole, as the sentence
// says; others are added.
func (f Fix) mergeList(key string, target, from []any) (any, error) {
	merged, by := slices.Clone(target), "name"
	if key == "volumeMounts" {
		by = "mountPath"
	}
	for _, element := range from {
		named, ok := element.(map[string]any)
		if !ok {
			return from, nil
		}
		i := slices.IndexFunc(merged, func(present any) bool {
			other, ok := present.(map[string]any)
			if named[by] == nil {
				return reflect.DeepEqual(present, element)
			}
			return ok && other[by] == named[by]
		})
		switch {
		case i < 0:
			merged = append(merged, element)
		case key == "env":
			merged[i] = element
		default:
			value, err := f.merge(key, merged[i], element)
			if err != nil {
				return nil, err
			}
			merged[i] = value
		}
	}
	return merged, nil
}
