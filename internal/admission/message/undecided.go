package message

import (
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// Open says what it means to the user that an entry failed without denying.
type Open int

// What a failure means.
const (
	// NotEnforced: nobody is denied anything in this namespace.
	NotEnforced Open = iota
	// NotAdded: what tealgate adds to objects is not added; the rules still judge.
	NotAdded
	// NoWayBack: what a switch leaves was not recorded.
	NoWayBack
	// NotRecorded: the change was let through by break-glass.
	NotRecorded
	// NotCounted: only what would be said is missing.
	NotCounted
	// NotTried: policies or settings are stored without having been tried.
	NotTried
)

// Undecided says that tealgate itself failed, as a denial.
func Undecided(language policy.Language, reason error) string {
	words := phrases[language]
	return fmt.Sprintf(words.undecided, short(reason)) + "\n\n" + words.undecidedDenied
}

// UndecidedAllowed says the same as a warning, where failing must not deny.
func UndecidedAllowed(language policy.Language, reason error, open Open) string {
	words := phrases[language]
	return OneLine(fmt.Sprintf(words.undecided, short(reason)), words.undecidedOpen[open])
}

// UndecidedBehind says that tealgate failed about the Deployments behind a Service,
// and only there.
func UndecidedBehind(language policy.Language, service Object, reason error) string {
	words := phrases[language]
	return OneLine(fmt.Sprintf(words.undecidedBehind, service, short(reason)), words.undecidedBehindOpen)
}

// UnknownMode says that the namespace's mode is a word that nobody knows.
func UnknownMode(language policy.Language, namespace, mode string) string {
	if mode == "" {
		mode = "''"
	}
	return OneLine(fmt.Sprintf(phrases[language].unknownMode, namespace, mode), "")
}

// maxReason leaves room for what is said around a reason in one warning.
const maxReason = 140

// short is a reason as a part of a sentence.
func short(reason error) string {
	text := strings.TrimRight(OneLine(reason.Error(), ""), ". ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason-2]) + ".."
	}
	return text
}
