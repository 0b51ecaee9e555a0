package facts

import (
	"time"

	"github.com/tealgate/tealgate/internal/exemption"
)

const (
	// maxExemptionRunes bounds what rules see of a text that is no exemption.
	maxExemptionRunes = 300
	// proposedDays is how far ahead a proposed day lies.
	proposedDays = 90
)

// Exemptions are the facts about the exemptions of an object, given those of the
// stored one. Rule tells of an id whether there is such a rule, and whether it
// allows exemptions. Pure.
func Exemptions(list, stored []exemption.Exemption, now time.Time, rule func(id string) (known, exemptable bool)) []Exemption {
	found := make([]Exemption, 0, len(list))
	for _, e := range list {
		fact := Exemption{
			Text: e.Text, Rule: e.Rule, Reason: e.Reason, Problem: string(e.Problem), Added: !e.Within(stored),
			Day: now.UTC().AddDate(0, 0, proposedDays).Format(exemption.Day),
		}
		if runes := []rune(e.Text); len(runes) > maxExemptionRunes {
			fact.Text = string(runes[:maxExemptionRunes])
		}
		if !e.Until.IsZero() {
			fact.Until, fact.Ended = e.Until.Format(exemption.Day), e.Ended(now)
		}
		fact.Known, fact.Exemptable = rule(e.Rule)
		found = append(found, fact)
	}
	return found
}
