package env_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tealgate/tealgate/test/env"
)

// doomedDir is set in the process that TestNothingOutlivesTheProcess kills.
const doomedDir = "TEALGATE_TEST_DOOMED_DIR"

// TestNothingOutlivesTheProcess runs a cluster in a process of its own, kills that
// without warning, and looks for what is left.
func TestNothingOutlivesTheProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDoomed$")
	cmd.Env = append(os.Environ(), doomedDir+"="+t.TempDir())
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	var pids []int
	for lines := bufio.NewScanner(stdout); len(pids) == 0 && lines.Scan(); {
		if list, ok := strings.CutPrefix(lines.Text(), "pids:"); ok {
			for field := range strings.FieldsSeq(list) {
				pid, err := strconv.Atoi(field)
				require.NoError(t, err)
				pids = append(pids, pid)
			}
		}
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Len(t, pids, 5, "the cluster did not start")

	for _, pid := range pids {
		err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, soon, true,
			func(context.Context) (bool, error) { return !alive(pid), nil })
		assert.NoError(t, err, "pid %d lives on", pid)
	}
}

// TestDoomed is the process to be killed; by itself it is skipped.
func TestDoomed(t *testing.T) {
	dir := os.Getenv(doomedDir)
	if dir == "" {
		t.Skip("only runs inside TestNothingOutlivesTheProcess")
	}
	cluster, err := env.Start(t.Context(), env.Options{Dir: dir})
	require.NoError(t, err)

	var pids strings.Builder
	for _, pid := range cluster.PIDs() {
		fmt.Fprintf(&pids, " %d", pid)
	}
	fmt.Println("pids:" + pids.String())
	<-t.Context().Done()
}

// alive is false for a zombie too: where nobody reaps orphans, that is all that
// is left of a killed program.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
