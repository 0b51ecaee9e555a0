package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Measures of the screen in columns: as wide as the terminal, within reason.
const (
	narrowest = 60
	widest    = 110
	// roomy is from where on there is room for a margin beside tealgate's answers.
	roomy = 86
)

// budget is how long the story may take; more is only noted.
const budget = 90 * time.Second

// Styles, as ANSI sequences. Without colors they are left out.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "1;32"
	yellow  = "33"
	blue    = "1;34"
	cyan    = "36"
	heading = "1;7"
)

// screen writes for a person.
type screen struct {
	out    io.Writer
	colors bool
	width  int
	margin string
	start  time.Time
	// interrupted: something was written behind the announcement of a part.
	interrupted bool
}

// newScreen uses colors on a terminal only, and never against NO_COLOR.
func newScreen(out *os.File) *screen {
	fd := int(out.Fd())
	s := &screen{out: out, width: widest, margin: "    ", start: time.Now()}
	s.colors = term.IsTerminal(fd) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if columns, _, err := term.GetSize(fd); err == nil && columns > 0 {
		s.width = min(max(columns, narrowest), widest)
	}
	if s.width < roomy {
		s.margin = ""
	}
	return s
}

func (s *screen) print(text string) { fmt.Fprintln(s.out, text) }

func (s *screen) paint(style, text string) string {
	if !s.colors || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (s *screen) opening() {
	s.print("\n" + s.paint(bold, "tealgate: blue-green releases, safe for plain Deployments and Services") + "\n")
	for _, line := range fold("The API server and tealgate are real and run on this machine; only nodes and pods are played. "+
		"lee develops, tom tests, mia decides, ann is the platform team.", s.width) {
		s.print(strings.TrimLeft(line, " "))
	}
	s.print("")
}

// begin announces a part of the set-up; the result says how long it took.
func (s *screen) begin(what string) func() {
	begin := time.Now()
	announce := func() { fmt.Fprintf(s.out, "%s%-56s", s.margin, what+" ...") }
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

// heading begins an act.
func (s *screen) heading(act string) {
	text := " " + act + " "
	if !s.colors {
		text = strings.ToUpper(act)
	}
	s.print("\n\n" + s.paint(heading, text))
}

func (s *screen) title(number, of int, title string) {
	s.print("\n\n" + s.paint(dim, fmt.Sprintf("%d/%d  ", number, of)) + s.paint(bold, title))
}

// say is a sentence of the teller, or a stage direction.
func (s *screen) say(text string, direction bool) {
	s.print("")
	if direction {
		text = "(" + text + ")"
	}
	for _, line := range fold(text, s.width-len(s.margin)) {
		s.print(s.margin + s.paint(yellow, strings.TrimLeft(line, " ")))
	}
}

// command shows a prompt and what is typed there.
func (s *screen) command(who, command string) {
	s.print("")
	prompt := who + "$ "
	for i, line := range fold(command, s.width-len(s.margin)-len(prompt)) {
		if i > 0 {
			prompt = strings.Repeat(" ", len(prompt))
		}
		s.print(s.margin + s.paint(dim, prompt) + s.paint(cyan, line))
	}
}

// lead is the number and the rule that begin each problem of an answer.
var lead = regexp.MustCompile(`^\d+\. [a-z-]+[:：]`)

// theColors are the two words that the story is about.
var theColors = regexp.MustCompile(`\b(blue|green)\b`)

// colored shows the names of the colors in their color.
func (s *screen) colored(text string) string {
	return theColors.ReplaceAllStringFunc(text, func(word string) string {
		if word == "blue" {
			return s.paint(blue, word)
		}
		return s.paint(green, word)
	})
}

// answer shows what the command said, errors and warnings first as kubectl does.
func (s *screen) answer(a answer) {
	for line := range strings.Lines(a.stderr) {
		s.line(strings.TrimRight(line, "\n"))
	}
	for line := range strings.Lines(a.stdout) {
		s.line(strings.TrimRight(line, "\n"))
	}
}

// line is one of an answer, in the colors of what it says.
func (s *screen) line(line string) {
	for i, part := range fold(line, s.width-len(s.margin)) {
		switch {
		case strings.HasPrefix(line, "Error"), strings.HasPrefix(line, "error:"):
			part = s.paint(red, part)
		case i == 0 && strings.HasPrefix(part, "Warning:"):
			part = s.paint(yellow, "Warning:") + strings.TrimPrefix(part, "Warning:")
		case i == 0 && lead.MatchString(part):
			rule := lead.FindString(part)
			part = s.paint(bold, rule) + s.colored(strings.TrimPrefix(part, rule))
		default:
			part = s.colored(part)
		}
		s.print(strings.TrimRight(s.margin+part, " "))
	}
}

// lines takes an answer while it comes, and tells heard of each line.
func (s *screen) lines(heard func(string)) io.Writer { return &lines{screen: s, heard: heard} }

type lines struct {
	*screen
	heard func(string)
	rest  string
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest += string(text)
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return len(text), nil
		}
		l.line(line)
		l.heard(line)
		l.rest = rest
	}
}

func (s *screen) shown(what string) {
	s.print("\n" + s.margin + s.paint(green, "✓ "+what))
}

// failure says what was expected, below the command and its answer.
func (s *screen) failure(act act, got answer, unmet []string) {
	if act.offstage {
		s.command(act.as, act.run)
	}
	if act.offstage || act.live {
		s.answer(got)
	}
	s.print("\n" + s.margin + s.paint(red, "✗ This is not the expected answer. Expected was:"))
	for _, line := range unmet {
		s.print(s.margin + "  - " + line)
	}
	if act.within > 0 {
		s.print(s.margin + fmt.Sprintf("  The command was repeated for %s.", act.within))
	}
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
