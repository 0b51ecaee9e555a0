package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// buildPlugin puts kubectl-tealgate beside tealgate, where pluginPath finds it.
func buildPlugin(t *testing.T) {
	t.Helper()
	require.NoError(t, pluginBuilt())
}

var pluginBuilt = sync.OnceValue(func() error {
	build := exec.Command("go", "build", "-race", "-o",
		filepath.Join(filepath.Dir(binary), "kubectl-tealgate"), "github.com/tealgate/tealgate/cmd/kubectl-tealgate")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build kubectl-tealgate: %w\n%s", err, output)
	}
	return nil
})

// pluginPath is the PATH in which kubectl finds what buildPlugin built.
func (w *world) pluginPath() string {
	return "PATH=" + strings.Join([]string{
		filepath.Dir(w.cluster.Binary("kubectl")), filepath.Dir(binary), os.Getenv("PATH"),
	}, string(os.PathListSeparator))
}
