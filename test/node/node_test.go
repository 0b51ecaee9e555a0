//go:build e2e && linux

package node

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
)

// playVariable makes this program play a run instead of the tests.
const playVariable = "TEALGATE_NODE_PLAY"

func TestMain(m *testing.M) {
	nothing := func(context.Context, string) error { return nil }
	switch os.Getenv(playVariable) {
	case "stay":
		os.Exit(Main(nothing, stay))
	case "end":
		os.Exit(Main(nothing, func() int { return 0 }))
	case "fail":
		os.Exit(Main(nothing, func() int { return 7 }))
	}
	if err := checkMachine(needed, loaded); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// stay leaves all behind that can be, and does not end.
func stay() int {
	orphan := exec.Command("sh", "-c", "sleep 1000 >/dev/null 2>&1 & mount -t tmpfs none /mnt && iptables -t nat -N KUBE-LEFT && ip netns add tealgate-left")
	if output, err := orphan.CombinedOutput(); err != nil {
		fmt.Printf("%s: %v\n", output, err)
		return 1
	}
	fmt.Println("staying")
	select {}
}

// TestKilled kills a run without warning. Nothing of it is left, but for what the next
// removes.
func TestKilled(t *testing.T) {
	before, err := look()
	require.NoError(t, err)
	run := play(t, "stay")
	stdout, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "staying\n", line)
	processes := descendants(t, run.Process.Pid)
	require.GreaterOrEqual(t, len(processes), 3, "the first of the namespace, the run, and its orphan")
	require.Greater(t, len(remains(t, run.Process.Pid)), 1, "a folder and cgroups")

	require.NoError(t, run.Process.Kill())
	_ = run.Wait()
	for _, pid := range processes {
		err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 5*time.Second, true,
			func(context.Context) (bool, error) { return syscall.Kill(pid, 0) != nil, nil })
		assert.NoError(t, err, "process %d lives on", pid)
	}
	assert.Empty(t, before.left())
	assert.NoFileExists(t, "/run/netns/tealgate-left")

	output, err := play(t, "end").Output()
	require.NoError(t, err, string(output))
	assert.Empty(t, remains(t, run.Process.Pid))
	assert.Empty(t, before.left())
}

// TestExitCode: what run returns is what the whole returns.
func TestExitCode(t *testing.T) {
	var exit *exec.ExitError
	require.ErrorAs(t, play(t, "fail").Run(), &exit)
	assert.Equal(t, 7, exit.ExitCode())
}

// TestLeft: what the node makes is told, and what others make meanwhile is not.
func TestLeft(t *testing.T) {
	before, err := look()
	require.NoError(t, err)
	require.Empty(t, before.left())
	for _, link := range [][]string{
		{bridge, "type", "bridge"},
		{"tealgate-veth", "master", bridge, "type", "veth", "peer", "name", "tealgate-peer"},
		{"somebody-else", "type", "bridge"},
	} {
		_, err := command("ip", append([]string{"link", "add"}, link...)...)
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = command("ip", "link", "delete", link[0]) })
	}
	assert.Equal(t, []string{
		"interface /sys/class/net/" + bridge,
		"interface /sys/class/net/" + bridge + "/brif/tealgate-veth",
	}, before.left())
}

// TestMissing: what is missing is told, and who has it. The folders of the administrator
// are looked into as well, so that only a program that nobody has is missing for sure.
func TestMissing(t *testing.T) {
	err := checkMachine(append(needed, program{"no-such-program", "no-such-package"}), append(loaded, module{"no_such_module", "/proc/no-such-file"}))
	assert.ErrorContains(t, err, `"no-such-program": executable file not found`)
	assert.ErrorContains(t, err, "make e2e installs it on Debian: no-such-package")
	assert.ErrorContains(t, err, "the kernel module no_such_module is not loaded, which modprobe no_such_module does")
}

func play(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), playVariable+"="+what)
	cmd.Stderr = os.Stderr
	return cmd
}

// descendants are the processes that a process has started, and those that they have.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	var found []int
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	for _, list := range lists {
		content, err := os.ReadFile(list)
		require.NoError(t, err)
		for field := range strings.FieldsSeq(string(content)) {
			child, err := strconv.Atoi(field)
			require.NoError(t, err)
			found = append(append(found, child), descendants(t, child)...)
		}
	}
	return found
}

// remains are the folder and the cgroups of the run of a process.
func remains(t *testing.T, pid int) []string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+strconv.Itoa(pid))) // The only error is a bad pattern.
	hierarchies, err := cgroupMounts()
	require.NoError(t, err)
	for _, hierarchy := range hierarchies {
		cgroups, _ := filepath.Glob(filepath.Join(hierarchy, prefix+strconv.Itoa(pid)))
		found = append(found, cgroups...)
	}
	return found
}
