package offline

import (
	"errors"
	"fmt"
	"strings"

	nodes "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Object is one object as it stands in a file.
type Object struct {
	*unstructured.Unstructured

	document *document
	// item is the path of an element of a List in its document.
	item string
	// anchor is where the object stands if that is not in document.
	anchor *Position
}

// Position is where the object begins.
func (o *Object) Position() Position { return o.Field("") }

// Field is where a field stands, or what is nearest to a field that is not there.
func (o *Object) Field(path string) Position {
	if o.anchor != nil {
		return *o.anchor
	}
	line := o.line(path)
	if source := o.document.source; source != "" {
		return Position{source, line - o.document.sourceLine()}
	}
	return Position{o.document.file, line}
}

// Input is where the object was read when that is not its Position, as with what
// Helm renders.
func (o *Object) Input() (Position, bool) {
	if o.anchor != nil || o.document.source == "" {
		return Position{}, false
	}
	return Position{o.document.file, o.line("")}, true
}

func (o *Object) line(path string) int {
	if path == "" && o.item == "" {
		return o.document.first()
	}
	node := o.node()
	if node == nil {
		return o.document.first()
	}
	if found := find(node, path); found != node {
		return o.document.before + found.Line
	}
	if o.item == "" {
		return o.document.first()
	}
	return o.document.before + node.Line
}

func (o *Object) node() *nodes.Node {
	root := o.document.node()
	if root == nil || o.item == "" {
		return root
	}
	return find(root, o.item)
}

// objects takes a document apart. A List may hold Lists.
func (d *document) objects() ([]*Object, error) {
	value, err := d.value()
	if err != nil || value == nil {
		return nil, err
	}
	var found []*Object
	err = d.collect(value, "", "", &found)
	return found, err
}

// maxNesting bounds Lists in Lists.
const maxNesting = 10

// collect adds what value holds. Items of typed Lists may leave their kind out.
func (d *document) collect(value any, item, assumed string, found *[]*Object) error {
	at := &Object{document: d, item: item}
	fail := func(err error) error { return &readError{at.Position(), err} }
	content, ok := value.(map[string]any)
	if !ok {
		return fail(errors.New("not a Kubernetes object"))
	}
	at.Unstructured = &unstructured.Unstructured{Object: content}
	if at.GetKind() == "" && assumed != "" {
		version, kind, _ := strings.Cut(assumed, " ")
		at.SetAPIVersion(version)
		at.SetKind(kind)
	}
	items, isList := content["items"].([]any)
	if kind, ok := strings.CutSuffix(at.GetKind(), "List"); ok && isList {
		if strings.Count(item, "[") >= maxNesting {
			return fail(errors.New("lists nested too deeply"))
		}
		if kind != "" {
			assumed = at.GetAPIVersion() + " " + kind
		}
		for i, element := range items {
			if err := d.collect(element, fmt.Sprintf("%s.items[%d]", item, i), assumed, found); err != nil {
				return err
			}
		}
		return nil
	}
	if at.GetAPIVersion() == "" || at.GetKind() == "" {
		return fail(errors.New("not a Kubernetes object: apiVersion or kind is missing"))
	}
	dropNulls(content)
	*found = append(*found, at)
	return nil
}

// dropNulls takes a key without a value for one that is not there, as the API server
// does before the webhooks see an object.
func dropNulls(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if inner == nil {
				delete(value, key)
				continue
			}
			dropNulls(inner)
		}
	case []any:
		for _, inner := range value {
			dropNulls(inner)
		}
	}
}

// sourceLine is the line of Helm's comment, from which what it renders is counted.
func (d *document) sourceLine() int {
	before, _, _ := strings.Cut(string(d.text), "# Source: ")
	return d.before + strings.Count(before, "\n") + 1
}
