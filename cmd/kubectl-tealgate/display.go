package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tealgate/tealgate/internal/desk"
)

// Control sequences: the second screen of a terminal, on which nothing of the first is
// lost; the cursor; lines that end at the edge; back to the first line; the rest empty.
const (
	screenOpen  = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	screenClose = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	screenHome  = "\x1b[H"
	restOfLine  = "\x1b[K"
	restBelow   = "\x1b[J"
)

// display shows views one after the other: on a terminal in place, elsewhere as a line for
// each change.
type display struct {
	out io.Writer
	// file is the terminal, nil elsewhere.
	file    *os.File
	colored bool
	// last is the last line, frame the last screen.
	last  string
	frame []string
}

func newDisplay(out io.Writer) *display {
	d := &display{out: out, colored: colorful(out)}
	if terminal(out) {
		d.file, _ = out.(*os.File)
	}
	return d
}

func (d *display) draw(view *desk.View) {
	if d.file == nil {
		// A line that says less than the last one is no news.
		if line := view.Line(); d.last == "" || !strings.HasPrefix(d.last, line) {
			d.last = line
			fmt.Fprintf(d.out, "%s %s\n", view.Now.Format("15:04:05"), line)
		}
		return
	}
	opening := screenHome
	if d.frame == nil {
		opening = screenOpen + screenHome
	}
	d.frame = view.Screen(d.colored)
	shown := d.frame
	if _, height, err := term.GetSize(int(d.file.Fd())); err == nil && height > 1 && len(shown) > height-1 {
		shown = shown[:height-1]
	}
	fmt.Fprint(d.out, opening+strings.Join(shown, restOfLine+"\n")+restOfLine+restBelow)
}

// end leaves the last view behind on the first screen.
func (d *display) end() {
	if d.frame != nil {
		fmt.Fprint(d.out, screenClose+strings.Join(d.frame, "\n")+"\n\n")
	}
}
