package offline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

var compiled = sync.OnceValues(func() (*policy.Engine, error) {
	modules, err := policies.Modules()
	if err != nil {
		return nil, err
	}
	return policy.New(context.Background(), modules)
})

func engine(tb testing.TB) *policy.Engine {
	tb.Helper()
	rules, err := compiled()
	require.NoError(tb, err)
	return rules
}

// folder writes files and returns where.
func folder(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(tb, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

// read reads and returns "KIND NAMESPACE/NAME FILE:LINE" of what was read, and the
// errors, without the name of dir.
func read(t *testing.T, dir string, sources Sources) (objects, unreadable []string) {
	t.Helper()
	manifests, err := Read(t.Context(), sources)
	require.NoError(t, err)
	short := func(text string) string {
		return filepath.ToSlash(strings.ReplaceAll(text, dir+string(filepath.Separator), ""))
	}
	for _, o := range manifests.Objects {
		objects = append(objects, short(o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName()+" "+o.Position().String()))
	}
	for _, u := range manifests.Unreadable {
		unreadable = append(unreadable, short(u.Error()))
	}
	return objects, unreadable
}

func check(tb testing.TB, sources Sources, language policy.Language) *Result {
	tb.Helper()
	manifests, err := Read(tb.Context(), sources)
	require.NoError(tb, err)
	result, err := Check(tb.Context(), manifests, Options{Edition: admission.Edition{Rules: engine(tb), Settings: settings.Default()}, Language: language})
	require.NoError(tb, err)
	return result
}
