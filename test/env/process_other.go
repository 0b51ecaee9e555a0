//go:build unix && !linux

package env

import (
	"os/exec"
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
