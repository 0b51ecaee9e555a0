package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Measures of the screen in columns.
const (
	width  = 100
	margin = "    "
)

// budget is how long the story may take; more is only noted.
const budget = 60 * time.Second

// Styles, as ANSI sequences. Without colors they are left out.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// screen writes for a person.
type screen struct {
	out    io.Writer
	colors bool
	start  time.Time
	// interrupted: something was written behind the announcement of a part.
	interrupted bool
}

// newScreen uses colors on a terminal only, and never against NO_COLOR.
func newScreen(out *os.File) *screen {
	colors := term.IsTerminal(int(out.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &screen{out: out, colors: colors, start: time.Now()}
}

func (s *screen) print(text string) { fmt.Fprintln(s.out, text) }

func (s *screen) paint(style, text string) string {
	if !s.colors || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (s *screen) opening() {
	s.print("\n" + s.paint(bold, "tealgate: a blue-green release, safe for plain Deployments and Services"))
	s.print(s.paint(dim, "The API server and tealgate are real and run on this machine; only nodes and pods are played.") + "\n")
}

// begin announces a part of the set-up; the result says how long it took.
func (s *screen) begin(what string) func() {
	begin := time.Now()
	announce := func() { fmt.Fprintf(s.out, "%s%-56s", margin, what+" ...") }
	announce()
	s.interrupted = false
	return func() {
		if s.interrupted {
			announce()
		}
		s.print(s.paint(dim, fmt.Sprintf("%6.1f s", time.Since(begin).Seconds())))
	}
}

// aside is where a part of the set-up tells what takes so long: below its line.
func (s *screen) aside() io.Writer { return aside{s} }

type aside struct{ *screen }

func (a aside) Write(text []byte) (int, error) {
	if !a.interrupted {
		a.interrupted = true
		a.print("")
	}
	return a.out.Write(text)
}

func (s *screen) title(number int, title string) {
	s.print("\n\n" + s.paint(bold, fmt.Sprintf("%2d  %s", number, title)))
}

// say is a sentence of the teller, or a stage direction.
func (s *screen) say(text string, direction bool) {
	s.print("")
	if direction {
		text = "(" + text + ")"
	}
	for _, line := range fold(text, width-len(margin)) {
		s.print(margin + s.paint(dim, line))
	}
}

func (s *screen) command(command string) {
	s.print("")
	for i, line := range fold(command, width-len(margin)-2) {
		prompt := "$ "
		if i > 0 {
			prompt = "  "
		}
		s.print(margin + s.paint(cyan, prompt+line))
	}
}

// answer shows what the command said, errors and warnings first as kubectl does.
func (s *screen) answer(a answer) {
	for line := range strings.Lines(a.stderr) {
		line = strings.TrimRight(line, "\n")
		for i, part := range fold(line, width-len(margin)) {
			switch {
			case strings.HasPrefix(line, "Error"):
				part = s.paint(red, part)
			case i == 0 && strings.HasPrefix(part, "Warning:"):
				part = s.paint(yellow, "Warning:") + strings.TrimPrefix(part, "Warning:")
			}
			s.print(strings.TrimRight(margin+part, " "))
		}
	}
	for line := range strings.Lines(a.stdout) {
		for _, part := range fold(strings.TrimRight(line, "\n"), width-len(margin)) {
			s.print(strings.TrimRight(margin+part, " "))
		}
	}
}

func (s *screen) shown(what string) {
	s.print("\n" + margin + s.paint(green, "✓ "+what))
}

// failure says what was expected, below the command and its answer.
func (s *screen) failure(act act, got answer, unmet []string) {
	if act.offstage {
		s.command(act.run)
		s.answer(got)
	}
	s.print("\n" + margin + s.paint(red, "✗ This is not the expected answer. Expected was:"))
	for _, line := range unmet {
		s.print(margin + "  - " + line)
	}
	if act.within > 0 {
		s.print(margin + fmt.Sprintf("  The command was repeated for %s.", act.within))
	}
}

// summary has one line a step. Unless all is well, the last step of those that
// took time is the one that failed.
func (s *screen) summary(story []step, took []time.Duration, well bool) {
	s.print("\n\n" + s.paint(bold, "What you have seen") + "\n")
	for i, step := range story {
		mark, after := s.paint(green, "✓"), ""
		switch {
		case i >= len(took):
			mark, after = "-", "not reached"
		case i == len(took)-1 && !well:
			mark, after = s.paint(red, "✗"), "failed"
		default:
			after = fmt.Sprintf("%.1f s", took[i].Seconds())
		}
		s.print(fmt.Sprintf("%s%s %-82s%12s", margin, mark, step.shown, after))
	}
	if well {
		total := time.Duration(0)
		for _, one := range took {
			total += one
		}
		s.print(fmt.Sprintf("\n%s%d steps in %.0f s, every answer as expected; %.0f s with the start of the cluster.\n",
			margin, len(story), total.Seconds(), time.Since(s.start).Seconds()))
		if total > budget {
			s.print(fmt.Sprintf("%sNote: the steps took longer than the %s that they should.\n", margin, budget))
		}
	} else {
		s.print(fmt.Sprintf("\n%sStopped at step %d of %d: its answer is not the expected one, see above.\n",
			margin, len(took), len(story)))
	}
}

func (s *screen) invitation(kubeconfig, path string) {
	s.print(s.paint(bold, "The cluster stays up until Ctrl-C.") + " In another terminal, in this folder:\n")
	s.print(margin + s.paint(cyan, "export KUBECONFIG="+kubeconfig))
	s.print(margin + s.paint(cyan, "export PATH="+path+":$PATH"))
	s.print("\nTwo things to try:\n")
	s.print(margin + s.paint(cyan, "kubectl create deployment hello --image=hello:latest") + s.paint(dim, "   # refused: three problems, three cures"))
	s.print(margin + s.paint(cyan, "kubectl edit deployment shop-blue") + s.paint(dim, "                      # take out the readinessProbe"))
}

// fold breaks a line at spaces so that no part is wider than columns. What
// continues is indented. Text without spaces stays whole.
func fold(line string, columns int) []string {
	if uniseg.StringWidth(line) <= columns {
		return []string{line}
	}
	const indent = "  "
	var parts []string
	part := ""
	for word := range strings.SplitAfterSeq(line, " ") {
		if strings.TrimSpace(part) != "" && uniseg.StringWidth(part+strings.TrimRight(word, " ")) > columns {
			parts = append(parts, strings.TrimRight(part, " "))
			part = indent
		}
		part += word
	}
	return append(parts, strings.TrimRight(part, " "))
}
