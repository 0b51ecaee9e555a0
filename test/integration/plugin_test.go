package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// buildPlugin puts kubectl-tealgate beside tealgate, where pluginPath finds it.
func buildPlugin(t *testing.T) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-o",
		filepath.Join(filepath.Dir(binary), "kubectl-tealgate"), "github.com/tealgate/tealgate/cmd/kubectl-tealgate")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
}

// pluginPath is the PATH in which kubectl finds what buildPlugin built.
func (w *world) pluginPath() string {
	return "PATH=" + strings.Join([]string{
		filepath.Dir(w.cluster.Binary("kubectl")), filepath.Dir(binary), os.Getenv("PATH"),
	}, string(os.PathListSeparator))
}
