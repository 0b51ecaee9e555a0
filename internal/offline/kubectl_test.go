package offline

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"
)

// apart are files that are read in another way, and why.
var apart = map[string]string{
	"broken.yaml":     "kubectl stops at the first broken document",
	"tools-list.yaml": "kubectl does not look into a List in a List",
}

// TestReadsAsKubectlDoes holds the reader, which keeps lines, to what kubectl reads in
// the same files: the same objects in the same order, and all of each.
func TestReadsAsKubectlDoes(t *testing.T) {
	for name, folder := range map[string]string{
		"Corpus":   filepath.Join("..", "..", "test", "corpus"),
		"Examples": filepath.Join("..", "..", "docs", "examples"),
		"Check":    filepath.Join("..", "..", "cmd", "kubectl-tealgate", "testdata", "check"),
		"Base":     filepath.Join("..", "..", "manifests"),
	} {
		t.Run(name, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(folder, "*"))
			require.NoError(t, err)
			deeper, err := filepath.Glob(filepath.Join(folder, "*", "*"))
			require.NoError(t, err)
			compared := 0
			for _, file := range append(files, deeper...) {
				if !isManifest(file) || apart[filepath.Base(file)] != "" {
					continue
				}
				want := readByKubectl(t, file)
				read, err := Read(t.Context(), Sources{Files: []string{file}})
				require.NoError(t, err)
				require.Empty(t, read.Unreadable)
				require.Len(t, read.Objects, len(want), file)
				for i, object := range read.Objects {
					assert.Equal(t, want[i], object.Object, file)
				}
				compared += len(want)
			}
			assert.NotZero(t, compared)
		})
	}
}

func readByKubectl(t *testing.T, file string) []map[string]any {
	t.Helper()
	infos, err := resource.NewLocalBuilder().Unstructured().Flatten().
		FilenameParam(false, &resource.FilenameOptions{Filenames: []string{file}}).Do().Infos()
	require.NoError(t, err, file)
	objects := make([]map[string]any, len(infos))
	for i, info := range infos {
		object := info.Object.(*unstructured.Unstructured)
		if object.GetNamespace() == "" {
			object.SetNamespace("default")
		}
		objects[i] = withoutNulls(object.Object).(map[string]any)
	}
	return objects
}

// withoutNulls is a value as the API server stores it: null, which kubectl create
// --dry-run prints, is the same as nothing.
func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(_ string, v any) bool { return v == nil })
		for key := range value {
			value[key] = withoutNulls(value[key])
		}
	case []any:
		for i := range value {
			value[i] = withoutNulls(value[i])
		}
	}
	return value
}
