package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// step is one change, and what has to be seen before the next.
type step struct {
	title string
	// done says that there is nothing to change, and nothing to wait for.
	done func(*state) bool
	// do changes it. Called again after an interruption, it finishes.
	do func(context.Context, *state) error
	// waiting says in words what is missing yet, for who waits and for who gives up;
	// done is asked first.
	waiting func(*state) string
}

// Options say how to go. Timeout is required.
type Options struct {
	// Timeout bounds each wait.
	Timeout time.Duration
	// Drain is how long pods that no Service selects any more go on, for connections and
	// for load balancers that are slow to follow.
	Drain time.Duration
	// Steps bounds how many are done; zero is all.
	Steps int
	// BreakGlass is the reason to write where tealgate would not let an application go.
	BreakGlass string
	// Now is the clock; nil is the real one.
	Now func() time.Time
	Out io.Writer
}

// ErrStopped says that Options.Steps were done and more is to do.
var ErrStopped = errors.New("stopped as asked; run it again to go on")

// pollInterval is how often what is awaited is looked at.
const pollInterval = 500 * time.Millisecond

// run does what is not done. Each step is judged by what is there when its turn comes.
func (a App) run(ctx context.Context, steps []step, options Options) error {
	performed := 0
	for i, s := range steps {
		head := fmt.Sprintf("%d/%d %s", i+1, len(steps), s.title)
		now, err := a.read(ctx)
		if err != nil {
			return err
		}
		if s.done(now) {
			fmt.Fprintf(options.Out, "%s: done before\n", head)
			continue
		}
		if options.Steps > 0 && performed == options.Steps {
			return ErrStopped
		}
		if err := s.do(ctx, now); err != nil {
			return fmt.Errorf("%s: %w\nNothing after this step was done. Run it again to go on", head, err)
		}
		if err := a.await(ctx, s, options.Timeout); err != nil {
			return fmt.Errorf("%s: %w\nNothing after this step was done, and the traffic stays where it is. Run it again to go on", head, err)
		}
		fmt.Fprintf(options.Out, "%s: done\n", head)
		performed++
	}
	return nil
}

func (a App) await(ctx context.Context, s step, timeout time.Duration) error {
	missing := ""
	err := wait.PollUntilContextTimeout(ctx, pollInterval, timeout, true, func(ctx context.Context) (bool, error) {
		now, err := a.read(ctx)
		if err != nil {
			return false, err
		}
		if s.done(now) {
			return true, nil
		}
		missing = "it is not there yet"
		if s.waiting != nil {
			missing = s.waiting(now)
		}
		return false, nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if wait.Interrupted(err) {
		return fmt.Errorf("not within %s: %s", timeout, missing)
	}
	return err
}

// list prints the steps without doing any.
func list(out io.Writer, steps []step, now *state) {
	for i, s := range steps {
		end := ""
		if s.done(now) {
			end = " (done)"
		}
		fmt.Fprintf(out, "%d. %s%s\n", i+1, s.title, end)
	}
}
