package message

import (
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// Report is a denial without the limits that an answer of the API server has, for
// a terminal or a file.
func Report(language policy.Language, object Object, violations []policy.Violation) (string, error) {
	texts, err := fill(language, violations)
	if err != nil {
		return "", err
	}
	problems, rest := layout(language, object, violations, texts, len(violations))
	return problems + rest, nil
}

// Sentence is one finding by itself, for reports that list findings.
type Sentence struct {
	// Observed is what was seen and what would follow, in one line.
	Observed string
	// Full is that with the cure, laid out as in a denial.
	Full string
	// Fix is the cure as YAML and FixAt the field below which it goes; both are
	// empty where there is nothing to paste.
	Fix, FixAt string
}

// Say writes the sentence of one finding.
func Say(language policy.Language, violation policy.Violation) (Sentence, error) {
	texts, err := fill(language, []policy.Violation{violation})
	if err != nil {
		return Sentence{}, err
	}
	text := texts[0]
	observed, _, _ := strings.Cut(text.Body, "\n\n")
	lines := problem("", violation.Rule.ID+phrases[language].colon, text.Body)
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "   ")
	}
	if text.After != "" {
		lines = append(lines, Wrap("", "", join(text.After))...)
	}
	return Sentence{
		Observed: strings.ReplaceAll(plain(join(observed)), "\n", " "),
		Full:     plain(strings.Join(lines, "\n")), Fix: text.Fix, FixAt: text.FixAt,
	}, nil
}
