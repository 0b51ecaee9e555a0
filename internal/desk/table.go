package desk

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Escape sequences of a terminal.
const (
	bold, red, green, yellow, blue, plain = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[0m"
)

// cell is one field of a table, and its color.
type cell struct{ text, style string }

// styles are the words of which the color says something.
func styled(text string) cell {
	styles := map[string]string{
		"blue": blue, "green": green,
		"Pass": green, "Succeeded": green, "Fail": red, "Failed": red, "NoData": yellow, "open": yellow,
		"Aborted": red, "RolledBack": red, "Superseded": yellow,
	}
	return cell{text, styles[text]}
}

func (c cell) paint(colored bool) string {
	if !colored || c.style == "" {
		return c.text
	}
	return c.style + c.text + plain
}

// table lays rows out in columns. The first row is the heading.
func table(rows [][]string, colored bool) []string {
	var widths []int
	for _, row := range rows {
		for i, text := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(text))
		}
	}
	var lines []string
	for _, row := range rows {
		line := "  "
		for i, text := range row {
			line += styled(text).paint(colored)
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-uniseg.StringWidth(text)+3)
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// wrapped breaks a text into lines at its spaces. What is longer than a line stays whole.
func wrapped(text, indent string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && uniseg.StringWidth(indent+line+" "+word) > width {
			lines, line = append(lines, indent+line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		lines = append(lines, indent+line)
	}
	return lines
}
