package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(out io.Writer) progress {
	if !terminal(out) {
		return progress{}
	}
	return progress{progressbar.NewOptions(1,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("auditing"), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
	)}
}

// update shows how far it is. A bar that cannot be drawn stops nothing.
func (p progress) update(done, total int) {
	if p.bar == nil || done >= total {
		return // the last step ends the bar, and there may be a next
	}
	if p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	_ = p.bar.Set(done)
}

// end takes the bar away.
func (p progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
