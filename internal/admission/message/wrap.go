package message

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// width is where prose is broken: 78 columns less the two that kubectl's own
// "> " and CI logs' margins tend to take. A Chinese character counts two.
const width = 76

// Wrap breaks prose into lines of at most width columns. first and rest are
// what precedes the first line and the others. Words are never broken, unless
// at a place where Chinese text may be.
func Wrap(first, rest, prose string) []string {
	var lines []string
	line, used := first, uniseg.StringWidth(first)
	empty := true
	for _, word := range breakable(prose) {
		bare := strings.TrimRight(word, " ")
		if !empty && used+uniseg.StringWidth(bare) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = rest, uniseg.StringWidth(rest)
		}
		line += word
		used += uniseg.StringWidth(word)
		empty = false
	}
	return append(lines, strings.TrimRight(line, " "))
}

// breakable cuts prose where a line may end: after spaces, and between Chinese
// characters as UAX #14 allows. Hyphens and slashes hold ids, paths and
// commands together.
func breakable(prose string) []string {
	var words []string
	word, state := "", -1
	for rest := prose; rest != ""; {
		var segment string
		segment, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		word += segment
		if strings.HasSuffix(segment, " ") || rest == "" || wideBoundary(segment, rest) {
			words = append(words, word)
			word = ""
		}
	}
	return words
}

func wideBoundary(before, after string) bool {
	runes := []rune(before)
	return wide(runes[len(runes)-1]) || wide([]rune(after)[0])
}

func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || (r >= 0x3000 && r <= 0x303f) || (r >= 0xff00 && r <= 0xffef)
}

// join makes one line of prose that its author wrapped. No space goes between
// Chinese characters.
func join(paragraph string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(paragraph, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if out.Len() > 0 {
			before := []rune(out.String())
			if !wide(before[len(before)-1]) && !wide([]rune(line)[0]) {
				out.WriteByte(' ')
			}
		}
		out.WriteString(line)
	}
	return out.String()
}
