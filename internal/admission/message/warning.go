package message

import (
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// Finding is a violation that warns.
type Finding struct {
	policy.Violation

	Why Why
}

// Warnings writes at most MaxWarnings lines. Where there are more findings, the
// last line counts and names the rest.
func Warnings(language policy.Language, object Object, findings []Finding) ([]string, error) {
	shown := len(findings)
	if shown > MaxWarnings {
		shown = MaxWarnings - 1
	}
	var lines []string
	for _, finding := range findings[:shown] {
		line, err := warning(language, object, finding)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	if rest := findings[shown:]; len(rest) > 0 {
		violations := make([]policy.Violation, len(rest))
		for i, finding := range rest {
			violations[i] = finding.Violation
		}
		words := phrases[language]
		line := fmt.Sprintf(words.verdict(2), len(rest), object, strings.Join(ids(violations), ", "))
		lines = append(lines, OneLine(line, ""))
	}
	return lines, nil
}

// warning is the observation without the cure: a warning with a newline vanishes.
func warning(language policy.Language, object Object, finding Finding) (string, error) {
	text, err := finding.Message.Fill(language, finding.With)
	if err != nil {
		return "", fmt.Errorf("rule %s: %w", finding.Rule.ID, err)
	}
	words := phrases[language]
	id := finding.Rule.ID + words.colon
	observed, _, _ := strings.Cut(text.Body, "\n\n")
	line := fmt.Sprintf("%s: %s%s%s", object, id, space(id), join(observed))
	return OneLine(line, words.why[finding.Why]), nil
}

// OneLine shortens text to what one warning may hold and keeps its end.
func OneLine(text, end string) string {
	if end != "" {
		end = " " + end
	}
	text = strings.ReplaceAll(text, "\n", " ")
	room := MaxWarningRunes - len([]rune(end))
	if runes := []rune(text); len(runes) > room {
		text = string(runes[:room-3]) + "..."
	}
	return text + end
}

// Undecided says that tealgate itself failed, as a denial.
func Undecided(language policy.Language, reason error) string {
	return fmt.Sprintf(phrases[language].undecided, oneReason(reason))
}

// UndecidedAllowed says the same as a warning, where failing must not deny.
func UndecidedAllowed(language policy.Language, reason error) string {
	return OneLine(fmt.Sprintf(phrases[language].undecidedAllowed, oneReason(reason)), "")
}

func oneReason(reason error) string {
	text := strings.ReplaceAll(strings.ReplaceAll(reason.Error(), "\n", " "), `"`, "'")
	return strings.TrimRight(OneLine(text, ""), ".")
}
