package env

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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

// childWithArg returns the id of a child of this process that has been started with
// the argument, 0 if there is none.
func childWithArg(arg string) (int, error) {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // The thread has ended. Its children have got another one.
		}
		for child := range strings.FieldsSeq(string(children)) {
			line, err := os.ReadFile(filepath.Join("/proc", child, "cmdline"))
			if err == nil && bytes.Contains(line, []byte("\x00"+arg+"\x00")) {
				return strconv.Atoi(child)
			}
		}
	}
	return 0, nil
}
