package env

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a program may take to end when asked to. Nothing of
	// a cluster is used after Stop, so an impolite end loses nothing.
	stopTimeout = 5 * time.Second

	// tailLines is how much of a log goes into an error.
	tailLines = 25
)

// process is one program of the cluster.
type process struct {
	name    string
	pid     int
	logPath string
	// cmd has nothing but its Process if envtest has started the program.
	cmd *exec.Cmd

	// done is closed when the program has ended and been waited for. It is nil if
	// envtest waits for it.
	done chan struct{}
	// err is how it ended; only read it after done.
	err error
}

// startProcess runs a program in dir, with a log there and with HOME there too,
// so that it finds no configuration of the person at the machine.
func startProcess(dir, path string, args ...string) (*process, error) {
	name := filepath.Base(path)
	p := &process{
		name:    name,
		logPath: filepath.Join(dir, name+".log"),
		cmd:     exec.Command(path, args...),
		done:    make(chan struct{}),
	}
	log, err := os.Create(p.logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()

	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), "HOME="+dir, "KUBECONFIG=")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	endWithParent(p.cmd)

	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends. This
		// goroutine keeps its thread for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.pid = p.cmd.Process.Pid
	return p, nil
}

// ended reports whether the program has ended.
func (p *process) ended() bool {
	return p.cmd.Process.Signal(syscall.Signal(0)) != nil
}

// stop returns when the program has ended, and an error if it had done so before.
func (p *process) stop() error {
	if p.ended() {
		return p.endedByItself()
	}
	// An error means that it has just ended, which done says as well.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)

	patience := time.NewTimer(stopTimeout)
	defer patience.Stop()
	select {
	case <-p.done:
	case <-patience.C:
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return nil
}

// endedByItself is the error for a program that should still run.
func (p *process) endedByItself() error {
	if p.done == nil {
		return fmt.Errorf("%s ended by itself\n%s", p.name, p.tail())
	}
	<-p.done
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended by itself: %s\n%s", p.name, how, p.tail())
}

// says adds the last lines of the log to err.
func (p *process) says(err error) error {
	return fmt.Errorf("%w; %s says:\n%s", err, p.name, p.tail())
}

// tail returns the last lines of the log, indented.
func (p *process) tail() string {
	content, err := os.ReadFile(p.logPath)
	if err != nil {
		return "\t" + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return "\t" + strings.Join(lines, "\n\t")
}
