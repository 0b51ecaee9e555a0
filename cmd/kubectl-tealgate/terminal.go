package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal says whether out is one that can do more than write lines.
func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}

// colorful says whether out is a terminal whose user has nothing against colors
// (https://no-color.org).
func colorful(out io.Writer) bool { return os.Getenv("NO_COLOR") == "" && terminal(out) }
