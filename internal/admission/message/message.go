// Package message writes the sentences that a person reads at admission: one
// layout for every denial and warning, in English and Chinese. What the
// sentences say comes from the rules' annotations; how they stand on the screen
// is decided here. It is pure.
package message

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

func (o Object) String() string { return o.Kind + " " + o.Namespace + "/" + o.Name }

// Denial writes the whole answer: the verdict line, each problem with its cure,
// and where to read more. An error means that a sentence has a hole.
func Denial(language policy.Language, object Object, violations []policy.Violation) (string, error) {
	texts := make([]policy.Text, len(violations))
	for i, violation := range violations {
		text, err := violation.Message.Fill(language, violation.With)
		if err != nil {
			return "", fmt.Errorf("rule %s: %w", violation.Rule.ID, err)
		}
		texts[i] = text
	}
	full := min(len(violations), MaxProblems)
	for ; full > 1; full-- {
		if answer := layout(language, object, violations, texts, full); len(answer) <= MaxBytes {
			return answer, nil
		}
	}
	return cut(layout(language, object, violations, texts, full)), nil
}

func layout(language policy.Language, object Object, violations []policy.Violation, texts []policy.Text, full int) string {
	words := phrases[language]
	lines := wrap("", "  ", fmt.Sprintf(words.verdict(len(violations)), len(violations), object, strings.Join(ids(violations), ", ")))
	var more []policy.Violation
	for i, violation := range violations[:full] {
		lines = append(lines, "")
		lines = append(lines, problem(fmt.Sprintf("%d. ", i+1), violation.Rule.ID+words.colon, texts[i].Body)...)
		if after := texts[i].After; after != "" && !saidLater(texts[i+1:full], after) {
			lines = append(lines, wrap("   ", "   ", join(after))...)
		}
		if violation.Message.More {
			more = append(more, violation)
		}
	}
	if rest := violations[full:]; len(rest) > 0 {
		lines = append(lines, "")
		lines = append(lines, wrap("", "  ", fmt.Sprintf(words.rest, len(rest), strings.Join(ids(rest), ", ")))...)
	}
	if len(more) > 0 {
		lines = append(lines, "", words.more+strings.Join(ids(more), " "))
	}
	return strings.Join(lines, "\n")
}

// problem lays out one body: prose is wrapped, indented blocks stay as they are.
func problem(number, id, body string) []string {
	const margin = "   "
	var lines []string
	for i, paragraph := range strings.Split(body, "\n\n") {
		switch {
		case i == 0:
			lines = wrap(number+id+space(id), margin, join(paragraph))
		case strings.HasPrefix(paragraph, " "):
			for line := range strings.SplitSeq(paragraph, "\n") {
				lines = append(lines, strings.TrimRight(margin+line, " "))
			}
		default:
			lines = append(lines, wrap(margin, margin, join(paragraph))...)
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

func saidLater(texts []policy.Text, after string) bool {
	return slices.ContainsFunc(texts, func(t policy.Text) bool { return t.After == after })
}

// ids lists the rules once each, in order.
func ids(violations []policy.Violation) []string {
	var list []string
	for _, violation := range violations {
		if !slices.Contains(list, violation.Rule.ID) {
			list = append(list, violation.Rule.ID)
		}
	}
	return list
}

// cut is the last resort for one problem that alone is over the limit.
func cut(answer string) string {
	if len(answer) <= MaxBytes {
		return answer
	}
	answer = answer[:MaxBytes-4]
	for !utf8.ValidString(answer) {
		answer = answer[:len(answer)-1]
	}
	if i := strings.LastIndexByte(answer, '\n'); i > 0 {
		answer = answer[:i]
	}
	return answer + "\n..."
}
