package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// Exempted is a violation that an exemption of the object covers.
type Exempted struct {
	policy.Violation

	By exemption.Exemption
}

var exemptPhrases = map[policy.Language]struct{ exempt, ended, comma, colon string }{
	policy.English: {
		exempt: "%[1]s is exempt until %[2]s (%[3]s)",
		ended:  "the exemption from %[1]s (%[3]s) ended on %[2]s",
		comma:  ", ", colon: ": ",
	},
	policy.Chinese: {
		exempt: "%[1]s 豁免至 %[2]s（%[3]s）",
		ended:  "对 %[1]s 的豁免（%[3]s）已于 %[2]s 到期",
		comma:  "，", colon: "：",
	},
}

// Exempt says in one line what became of exemptions: first of those that ended while
// the problem stayed, then of those that cover one. It is empty without any.
func Exempt(language policy.Language, object Object, ended, covering []exemption.Exemption) string {
	words := exemptPhrases[language]
	var parts []string
	say := func(phrase string, list []exemption.Exemption) {
		for _, e := range list {
			part := fmt.Sprintf(phrase, e.Rule, e.Until.Format(exemption.Day), e.Reason)
			if !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	say(words.ended, ended)
	say(words.exempt, covering)
	if len(parts) == 0 {
		return ""
	}
	return OneLine(object.String()+words.colon+strings.Join(parts, words.comma), "")
}
