package message

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tealgate/tealgate/internal/policy"
)

// Finding is a violation that warns.
type Finding struct {
	policy.Violation

	Why Why
}

// Warnings writes at most room lines, one at least. Where there are more findings,
// the last line counts and names the rest.
func Warnings(language policy.Language, object Object, findings []Finding, room int) ([]string, error) {
	shown := len(findings)
	if shown > room {
		shown = max(room, 1) - 1
	}
	var lines []string
	for _, finding := range findings[:shown] {
		line, err := warning(language, object.String(), finding)
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
		counted := words.others
		if shown == 0 {
			counted = words.verdict(len(rest))
		}
		line := fmt.Sprintf(counted, len(rest), object, strings.Join(ids(violations), ", "))
		lines = append(lines, OneLine(line, ""))
	}
	return lines, nil
}

// warning is the observation without the cure: a warning with a newline vanishes.
func warning(language policy.Language, about string, finding Finding) (string, error) {
	text, err := finding.Message.Fill(language, finding.With)
	if err != nil {
		return "", fmt.Errorf("rule %s: %w", finding.Rule.ID, err)
	}
	words := phrases[language]
	id := finding.Rule.ID + words.colon
	observed, _, _ := strings.Cut(text.Body, "\n\n")
	line := fmt.Sprintf("%s: %s%s%s", about, id, space(id), join(observed))
	return OneLine(line, fmt.Sprintf(words.why[finding.Why], finding.Rule.ID)), nil
}

// Behind is a violation of an object behind the one under review.
type Behind struct {
	policy.Violation

	Object Object
}

// BehindWarnings writes at most room lines about the Deployments that a Service
// selects. Where there are more findings, the last line counts and names the rest.
func BehindWarnings(language policy.Language, findings []Behind, room int) ([]string, error) {
	if room <= 0 {
		return nil, nil
	}
	shown := len(findings)
	if shown > room {
		shown = room - 1
	}
	words := phrases[language]
	var lines []string
	for _, finding := range findings[:shown] {
		about := fmt.Sprintf(words.behind, finding.Object)
		line, err := warning(language, about, Finding{Violation: finding.Violation, Why: Advice})
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
		counted := words.behindOthers
		if shown == 0 {
			counted = words.behindAll
		}
		lines = append(lines, OneLine(fmt.Sprintf(counted, len(rest), strings.Join(ids(violations), ", ")), ""))
	}
	return lines, nil
}

// OneLine shortens text to what one warning may hold and keeps its end. It drops
// whole sentences where that leaves enough. A warning with a control character,
// a line break above all, would vanish.
func OneLine(text, end string) string {
	text = strings.TrimSpace(strings.ReplaceAll(plain(text), "\n", " "))
	if last, _ := utf8.DecodeLastRuneInString(text); end != "" && !wide(last) {
		end = " " + end
	}
	room := MaxWarningRunes - utf8.RuneCountInString(end)
	if runes := []rune(text); len(runes) > room {
		text = shorten(string(runes[:room]))
	}
	return text + end
}

// shorten ends text, which goes on elsewhere, with a sentence if one ends in its
// second half, and with dots otherwise.
func shorten(text string) string {
	last := max(strings.LastIndex(text, ". ")+len("."), strings.LastIndex(text, "。")+len("。"))
	if last > len(text)/2 {
		return text[:last]
	}
	runes := []rune(text)
	return string(runes[:len(runes)-3]) + "..."
}
