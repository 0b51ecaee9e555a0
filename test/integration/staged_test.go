package integration

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/tealgate/tealgate/test/corpus"
)

// staged is an entry with its objects, read as kubectl reads them.
type staged struct {
	corpus.Entry

	objects []*unstructured.Unstructured
}

// readObjects uses none of tealgate's own code.
func readObjects(t *testing.T, entry corpus.Entry) []*unstructured.Unstructured {
	t.Helper()
	files := []string{entry.Path}
	if info, err := os.Stat(entry.Path); err == nil && info.IsDir() {
		files, err = filepath.Glob(filepath.Join(entry.Path, "*"))
		require.NoError(t, err)
	}
	var objects []*unstructured.Unstructured
	var add func(object *unstructured.Unstructured)
	add = func(object *unstructured.Unstructured) {
		if object.IsList() {
			require.NoError(t, object.EachListItem(func(item runtime.Object) error {
				add(item.(*unstructured.Unstructured))
				return nil
			}))
			return
		}
		if object.GetNamespace() == "" {
			object.SetNamespace(entry.Namespace())
		}
		objects = append(objects, object)
	}
	for _, file := range files {
		content, err := os.Open(file)
		require.NoError(t, err)
		decoder := yaml.NewYAMLOrJSONDecoder(content, 4096)
		for {
			object := &unstructured.Unstructured{}
			err := decoder.Decode(&object.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			if len(object.Object) > 0 {
				add(object)
			}
		}
		require.NoError(t, content.Close())
	}
	return objects
}

func isKind(object *unstructured.Unstructured, kinds ...string) bool {
	return slices.Contains(kinds, object.GetKind())
}

func (e *staged) of(kinds ...string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, object := range e.objects {
		if isKind(object, kinds...) {
			found = append(found, object)
		}
	}
	return found
}

// judged are the objects that tealgate has something to say about.
func (e *staged) judged() []*unstructured.Unstructured { return e.of("Service", "Deployment") }

func (e *staged) namespaces() []string {
	var names []string
	for _, object := range e.objects {
		if name := object.GetNamespace(); !isKind(object, "Namespace") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// namedConfigMaps are those that a pod template refers to, wherever it does.
func namedConfigMaps(value any) []string {
	var names []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			names = append(names, namedConfigMaps(item)...)
		}
	case map[string]any:
		for key, item := range value {
			reference, _ := item.(map[string]any)
			if name, ok := reference["name"].(string); ok && strings.HasPrefix(key, "configMap") {
				names = append(names, name)
			}
			names = append(names, namedConfigMaps(item)...)
		}
	}
	return names
}
