//go:build unix && !linux

package env

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endWithParent cannot do here what it does on Linux: a test binary that is
// killed leaves its cluster behind. A group of its own keeps a Ctrl-C in the
// terminal from the child: the end is Stop's to order.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// endGroupOnCancel ends the command and what it has started in turn.
func endGroupOnCancel(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 15 * time.Second
}

// childWithArg returns the id of a child of this process that has been started with
// the argument, 0 if there is none.
func childWithArg(arg string) (int, error) {
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(os.Getpid()), "-f", "--", regexp.QuoteMeta(arg)).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return 0, nil // pgrep says that it found none.
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}
