package env

import (
	"os/exec"
	"syscall"
	"time"
)

// endWithParent makes the kernel kill the child when this process ends, however
// it does. A group of its own keeps a Ctrl-C in the terminal from it: the end is
// Stop's to order.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// endGroupOnCancel ends the command and what it has started in turn.
func endGroupOnCancel(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 15 * time.Second
}
