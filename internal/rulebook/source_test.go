package rulebook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

func TestFromConfigMap(t *testing.T) {
	got := rulebook.FromConfigMap(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "tealgate-system", Name: "acme"},
		Data:       map[string]string{"owner.rego": "a", "README.md": "b"},
		BinaryData: map[string][]byte{"other.rego": []byte("c"), "logo.png": {1}},
	})
	assert.Equal(t, "ConfigMap tealgate-system/acme", got.Name)
	assert.Equal(t, map[string]string{"acme/owner.rego": "a", "acme/other.rego": "c"}, got.Files)
}

// TestReadDir reads a folder as Kubernetes mounts a ConfigMap: the files are links
// through ..data, which is a link to the folder of one version.
func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("..2027_01_31/owner.rego", "mounted")
	require.NoError(t, os.Symlink("..2027_01_31", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink("..data/owner.rego", filepath.Join(dir, "owner.rego")))
	write("below/other.rego", "below")
	write("below/README.md", "no Rego")
	write(".git/hidden.rego", "hidden")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.rego"), 0o755))
	require.NoError(t, os.Symlink("below", filepath.Join(dir, "loop.rego")))

	got, err := rulebook.ReadDir(dir)
	require.NoError(t, err)
	assert.Equal(t, rulebook.Source{Name: "folder " + dir, Files: map[string]string{
		filepath.Join(dir, "owner.rego"): "mounted", filepath.Join(dir, "below/other.rego"): "below",
	}}, got)

	write("large.rego", strings.Repeat("x", rulebook.MaxBytes))
	_, err = rulebook.ReadDir(dir)
	var problems policy.Problems
	require.ErrorAs(t, err, &problems)
	assert.EqualError(t, err, filepath.Join(dir, "large.rego")+": policies hold more than 512 KiB or 500 files")

	_, err = rulebook.ReadDir(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NotErrorAs(t, err, &problems)
}
