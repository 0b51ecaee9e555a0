package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// commandTimeout bounds one run of a command.
	commandTimeout = 45 * time.Second
	// interval is how often a command is repeated until its answer is the expected one.
	interval = 150 * time.Millisecond
)

// errShown is an error that the screen has shown already.
var errShown = errors.New("an answer was not the expected one")

// step is one scene of the story.
type step struct {
	// act is the heading over this scene and those that follow.
	act string
	// title says what happens, shown what the scene has shown, for the summary.
	title, shown string
	acts         []act
}

// act is one command of a step with the answer that it must give.
type act struct {
	// say is a sentence above the command.
	say string
	// as is who types it; without one, nobody who is seen.
	as string
	// run is the command as a person would type it in the repository's root.
	run string
	// offstage hides command and answer: it plays what nobody types.
	offstage bool
	// live shows the answer while it comes. Such a command is not repeated.
	live bool
	// cue is what happens meanwhile.
	cue *cue
	// after is done once the answer is the expected one.
	after func(*stage, context.Context) error
	// mode waits after the command until the namespace is in the mode.
	mode namespaceMode

	// code is the exit code, want and not are what must and must not be in the
	// answer. How the answer is wrapped does not count.
	code int
	want []string
	not  []string
	// within repeats the command until the answer is the expected one; 0 runs it
	// once. Only for commands that may be repeated.
	within time.Duration
}

// cue is a stage direction that a line of a live answer gives, and starts the stopwatch.
type cue struct {
	// line is a part of that line.
	line string
	say  string
	run  string
}

type namespaceMode struct{ namespace, mode string }

// answer is what came of a command.
type answer struct {
	stdout, stderr string
	code           int
}

// play runs the story and sums it up. It ends at the first answer that is not
// the expected one, because what follows rests on it.
func (s *stage) play(ctx context.Context, story []step) error {
	var took []time.Duration
	for i, step := range story {
		begin := time.Now()
		if step.act != "" {
			s.screen.heading(step.act)
		}
		s.screen.title(i+1, len(story), step.title)
		err := s.playStep(ctx, step)
		took = append(took, time.Since(begin))
		if errors.Is(err, errShown) {
			s.screen.summary(story, took, false)
		}
		if err != nil {
			return err
		}
		s.screen.shown(step.shown)
	}
	s.screen.summary(story, took, true)
	return nil
}

func (s *stage) playStep(ctx context.Context, step step) error {
	for _, act := range step.acts {
		if err := s.perform(ctx, act); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) perform(ctx context.Context, act act) error {
	if act.say != "" {
		s.screen.say(act.say, act.offstage)
	}
	if !act.offstage {
		s.screen.command(act.as, act.run)
	}
	got, unmet, err := s.answerOf(ctx, act)
	if err != nil {
		return err
	}
	if !act.offstage && !act.live {
		s.screen.answer(got)
	}
	if len(unmet) > 0 {
		s.screen.failure(act, got, unmet)
		return errShown
	}
	if act.after != nil {
		return act.after(s, ctx)
	}
	if act.mode.namespace != "" {
		return s.tealgate.WaitForMode(ctx, act.mode.namespace, act.mode.mode)
	}
	return nil
}

// answerOf runs the command, again and again if the act has time, and says what
// the last answer lacks.
func (s *stage) answerOf(ctx context.Context, act act) (answer, []string, error) {
	deadline := time.Now().Add(act.within)
	for {
		got, err := s.shell(ctx, act)
		if err != nil {
			return got, nil, err
		}
		unmet := act.unmet(got)
		if len(unmet) == 0 || time.Now().After(deadline) {
			return got, unmet, nil
		}
		select {
		case <-ctx.Done():
			return got, nil, context.Cause(ctx)
		case <-time.After(interval):
		}
	}
}

// unmet says what was expected and is not so.
func (a act) unmet(got answer) []string {
	var list []string
	if got.code != a.code {
		list = append(list, fmt.Sprintf("exit code %d, and it is %d", a.code, got.code))
	}
	text := flat(got.stderr + "\n" + got.stdout)
	for _, want := range a.want {
		if !strings.Contains(text, flat(want)) {
			list = append(list, fmt.Sprintf("%q in the answer, and it is not there", want))
		}
	}
	for _, not := range a.not {
		if strings.Contains(text, flat(not)) {
			list = append(list, fmt.Sprintf("nothing of %q in the answer, and it is there", not))
		}
	}
	return list
}

// flat makes one line of text, so that its line breaks do not matter.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// shell runs a command as a person at the repository's root would. The error is
// only about one that could not be run or took too long.
func (s *stage) shell(ctx context.Context, act act) (answer, error) {
	command := act.run
	ctx, cancel := context.WithTimeoutCause(ctx, commandTimeout, fmt.Errorf("no answer after %s", commandTimeout))
	defer cancel()

	path := []string{s.bin(), filepath.Dir(s.cluster.Binary("kubectl")), os.Getenv("PATH")}

	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(s.cluster.KubectlEnv(s.kubeconfig(act.as)), "PATH="+strings.Join(path, string(os.PathListSeparator)))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var meanwhile errgroup.Group
	if act.live {
		cmd.Stdout = io.MultiWriter(&stdout, s.screen.lines(s.prompter(ctx, act.cue, &meanwhile)))
	}
	// A group of its own, so that all of it ends with ctx.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 2 * time.Second

	err, missed := cmd.Run(), meanwhile.Wait()
	got := answer{stdout: stdout.String(), stderr: stderr.String(), code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return got, fmt.Errorf("%s: %w", command, context.Cause(ctx))
	case missed != nil:
		return got, fmt.Errorf("%s: %w", act.cue.run, missed)
	case err != nil && !errors.As(err, &exit):
		return got, fmt.Errorf("%s: %w", command, err)
	}
	return got, nil
}

// prompter hears each line of a live answer, and does what the cue says once it comes.
func (s *stage) prompter(ctx context.Context, cue *cue, meanwhile *errgroup.Group) func(string) {
	done := cue == nil
	return func(line string) {
		if done || !strings.Contains(line, cue.line) {
			return
		}
		done = true
		s.screen.say(cue.say, true)
		s.screen.print("")
		s.clock = time.Now()
		meanwhile.Go(func() error {
			got, err := s.shell(ctx, act{run: cue.run})
			if err == nil && got.code != 0 {
				err = errors.New(got.stderr)
			}
			return err
		})
	}
}
