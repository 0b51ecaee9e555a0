// Package message writes the sentences that a person reads at admission: one
// layout for every denial and warning, in English and Chinese. What the
// sentences say comes from the rules' annotations; how they stand on the screen
// is decided here. It is pure.
package message

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/tealgate/tealgate/internal/policy"
)

// Limits of an answer.
const (
	// MaxProblems are shown in full, the rest by id.
	MaxProblems = 5
	// MaxBytes bounds a denial.
	MaxBytes = 4096
	// MaxWarnings a request; kubectl shows each as one line.
	MaxWarnings = 3
	// MaxWarningRunes bounds a warning; longer ones may be cut by the API server.
	MaxWarningRunes = 256
)

// Object is what the answer is about.
type Object struct {
	Kind, Namespace, Name string
}

func (o Object) String() string {
	return strings.ReplaceAll(plain(o.Kind+" "+o.Namespace+"/"+o.Name), "\n", " ")
}

// plain is text without what a terminal would obey and without double quotes,
// whatever an object's fields put into it. Line breaks stay.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '"':
			return '\''
		case unicode.IsControl(r):
			return ' '
		default:
			return r
		}
	}, strings.ToValidUTF8(text, "?"))
}

// Denial writes the whole answer: the verdict line, each problem with its cure,
// and where to read more. An error means that a sentence has a hole.
func Denial(language policy.Language, object Object, violations []policy.Violation) (string, error) {
	texts, err := fill(language, violations)
	if err != nil {
		return "", err
	}
	return limited(len(violations), func(full int) (problems, rest string) {
		return layout(language, object, violations, texts, full)
	}), nil
}

// limited shows as many problems in full as fit into an answer.
func limited(count int, layout func(full int) (problems, rest string)) string {
	for full := min(count, MaxProblems); ; full-- {
		problems, rest := layout(full)
		if len(problems)+len(rest) <= MaxBytes || full <= 1 {
			return cut(problems, MaxBytes-len(rest)) + rest
		}
	}
}

func fill(language policy.Language, violations []policy.Violation) ([]policy.Text, error) {
	texts := make([]policy.Text, len(violations))
	for i, violation := range violations {
		text, err := violation.Message.Fill(language, violation.With)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", violation.Rule.ID, err)
		}
		texts[i] = text
	}
	return texts, nil
}

// told is one problem in words.
type told struct {
	id   string
	text policy.Text
}

// layout writes the verdict with as many problems as are shown in full, and apart
// from it what follows: the other problems by id, and where to read more.
func layout(language policy.Language, object Object, violations []policy.Violation, texts []policy.Text, full int) (problems, rest string) {
	words := phrases[language]
	items := make([]told, len(violations))
	var more []policy.Violation
	for i, violation := range violations {
		items[i] = told{violation.Rule.ID, texts[i]}
		if violation.Message.More && i < full {
			more = append(more, violation)
		}
	}
	problems, rest = numbered(words, object, items, full)
	return problems, rest + plain(where(words, more, pages(violations[:full])))
}

// numbered writes the verdict with as many problems as are shown in full, and apart
// from it the others by id.
func numbered(words words, object Object, items []told, full int) (problems, rest string) {
	// The verdict is one line whatever its length: other lines may be cut off or folded.
	lines := []string{fmt.Sprintf(words.verdict(len(items)), len(items), object, strings.Join(names(items), ", "))}
	for i, item := range items[:full] {
		lines = append(lines, "")
		lines = append(lines, problem(fmt.Sprintf("%d. ", i+1), item.id+words.colon, item.text.Body)...)
		if after := item.text.After; after != "" && !saidLater(items[i+1:full], after) {
			lines = append(lines, Wrap("   ", "   ", join(after))...)
		}
	}
	if others := items[full:]; len(others) > 0 {
		sentence := fmt.Sprintf(words.rest, len(others), strings.Join(names(others), ", "))
		rest = "\n\n" + strings.Join(Wrap("", "  ", sentence), "\n")
	}
	return plain(strings.Join(lines, "\n")), plain(rest)
}

// where says where to read more: what explain has more of, and what the platform
// team wrote about any of the problems.
func where(words words, explained []policy.Violation, pages []string) string {
	var lines []string
	if len(explained) > 0 {
		lines = append(lines, words.explain+strings.Join(ids(explained), " "))
	}
	if lines = append(lines, pages...); len(lines) == 0 {
		return ""
	}
	return "\n\n" + words.more + strings.Join(lines, "\n"+strings.Repeat(" ", uniseg.StringWidth(words.more)))
}

// problem lays out one body: prose is wrapped, indented blocks stay as they are.
func problem(number, id, body string) []string {
	const margin = "   "
	var lines []string
	for i, paragraph := range strings.Split(body, "\n\n") {
		switch {
		case i == 0:
			lines = Wrap(number+id+space(id), margin, join(paragraph))
		case strings.HasPrefix(paragraph, " "):
			for line := range strings.SplitSeq(paragraph, "\n") {
				lines = append(lines, strings.TrimRight(margin+line, " "))
			}
		default:
			lines = append(lines, Wrap(margin, margin, join(paragraph))...)
		}
	}
	return lines
}

// space separates an id from its sentence; the Chinese colon brings its own.
func space(id string) string {
	if strings.HasSuffix(id, ":") {
		return " "
	}
	return ""
}

func saidLater(items []told, after string) bool {
	return slices.ContainsFunc(items, func(t told) bool { return t.text.After == after })
}

// ids lists the rules once each, in order.
func ids(violations []policy.Violation) []string {
	items := make([]told, len(violations))
	for i, violation := range violations {
		items[i].id = violation.Rule.ID
	}
	return names(items)
}

// names lists the ids once each, in order.
func names(items []told) []string {
	var list []string
	for _, item := range items {
		if !slices.Contains(list, item.id) {
			list = append(list, item.id)
		}
	}
	return list
}

// pages lists what the platform team wrote about the rules, once each, in order.
func pages(violations []policy.Violation) []string {
	var list []string
	for _, violation := range violations {
		if violation.Docs != "" && !slices.Contains(list, violation.Docs) {
			list = append(list, violation.Docs)
		}
	}
	return list
}

// cut is the last resort for one problem that alone is over the limit.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const dots = "\n..."
	text = text[:limit-len(dots)]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	if i := strings.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text + dots
}
