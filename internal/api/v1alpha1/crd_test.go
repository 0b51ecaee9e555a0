package v1alpha1_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestCRDsFitIntoAnAnnotation holds them to what a client-side kubectl apply can store: it
// writes the whole object into an annotation, and all annotations together have 256 KiB.
func TestCRDsFitIntoAnAnnotation(t *testing.T) {
	files, err := filepath.Glob("../../../manifests/crd/tealgate.dev_*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var object map[string]any
			require.NoError(t, yaml.Unmarshal(content, &object))
			applied, err := json.Marshal(object)
			require.NoError(t, err)
			assert.Less(t, len(applied), 128<<10, "half of it is left for what is still to come")
		})
	}
}
