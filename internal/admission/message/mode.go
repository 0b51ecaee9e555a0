package message

import (
	"fmt"

	"github.com/tealgate/tealgate/internal/policy"
)

// Count is how many Deployments of a namespace enforce would deny. Judged is less
// than Of where there was no time for all of them.
type Count struct{ Denied, Judged, Of int }

// ModeSet says it to who sets the namespace's mode.
func ModeSet(language policy.Language, namespace string, count Count) string {
	words := phrases[language]
	text := fmt.Sprintf(words.modeSet, namespace, count.Denied, count.Of)
	if count.Judged < count.Of {
		text = fmt.Sprintf(words.modeSetPartly, namespace, count.Denied, count.Of, count.Judged)
	}
	return OneLine(text, words.more+"kubectl tealgate audit -n "+namespace)
}
