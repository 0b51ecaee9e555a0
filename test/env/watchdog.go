package env

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// watchdogScript kills the processes whose ids it has read once there is nothing
// more to read, which is when the process at the other end of the pipe is gone.
const watchdogScript = `pids=; while read -r pid; do pids="$pids $pid"; done; kill -9 $pids`

// watchdog kills processes when this one ends, however it does. It is for those
// that somebody else starts, without endWithParent.
type watchdog struct {
	cmd  *exec.Cmd
	pids io.Writer
}

func startWatchdog() (*watchdog, error) {
	cmd := exec.Command("sh", "-c", watchdogScript)
	// A Ctrl-C in the terminal is not meant for it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pids, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, pids: pids}, nil
}

func (w *watchdog) watch(pid int) error {
	if _, err := fmt.Fprintln(w.pids, pid); err != nil {
		return fmt.Errorf("the watchdog is gone: %w", err)
	}
	return nil
}

// end ends the watchdog and spares the processes: it is killed before Wait closes
// the pipe.
func (w *watchdog) end() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
}
