package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

const (
	// stageVariable tells a process which part of the way it is to go.
	stageVariable = "TEALGATE_NODE_STAGE"

	stageInit   = "init"
	stageInside = "inside"
)

// Main runs the program in namespaces of its own: it executes itself, and what run
// returns there is the exit code. prepare is called before, outside, where there is a
// network; what it puts into the folder is found inside in Folder. Nothing but a call of
// Main should come before it.
func Main(prepare func(ctx context.Context, folder string) error, run func() int) int {
	var code int
	var err error
	switch os.Getenv(stageVariable) {
	case stageInside:
		return run()
	case stageInit:
		code, err = initialize(os.Getenv(dirVariable))
	default:
		code, err = outside(prepare)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Folder is where prepare has put its files.
func Folder() string { return filepath.Join(os.Getenv(dirVariable), "prepared") }

// outside checks the machine, tidies up after a run that was killed, runs the rest in
// namespaces, and holds that nothing is left.
func outside(prepare func(ctx context.Context, folder string) error) (code int, err error) {
	if err := checkMachine(needed, loaded); err != nil {
		return 1, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	before, err := look()
	if err != nil {
		return 1, err
	}
	r, err := newRun()
	if err != nil {
		return 1, err
	}
	defer func() {
		err = errors.Join(err, r.remove())
		if left := before.left(); err == nil && len(left) > 0 {
			err = fmt.Errorf("the node left behind: %q", left)
		}
	}()
	if err := prepare(ctx, filepath.Join(r.dir, "prepared")); err != nil {
		return 1, err
	}
	return r.enter(ctx)
}

// enter executes this program again and returns its exit code. The first process of its
// process namespace ends with this one, and all others with the first.
func (r *run) enter(ctx context.Context) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), stageVariable+"="+stageInit, dirVariable+"="+r.dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Setpgid:    true, // Ctrl-C is meant for this process, which then ends that one.
		Pdeathsig:  syscall.SIGKILL,
	}
	// The signal comes when the thread that has started the child ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 1, context.Cause(ctx)
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	case err != nil:
		return 1, fmt.Errorf("enter the namespaces: %w", err)
	}
	return 0, nil
}
