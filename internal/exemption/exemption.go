// Package exemption reads the annotation tealgate.dev/exempt: which rules an object
// is exempt from, why and until when. It is pure. What an exemption is worth depends
// on a time that callers bring, on rules that this package does not know, and on who
// wrote it, which admission looked at when it came.
package exemption

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of one annotation.
const (
	// Max is how many exemptions count; those behind them do not.
	Max = 10
	// MaxReason bounds a reason, in characters.
	MaxReason = 200
)

// Day is the form of a day.
const Day = time.DateOnly

// Problem says what is wrong with the form of an exemption, which then exempts
// nothing. The zero value is no problem.
type Problem string

// The problems.
const (
	// NoColon stands behind the rule.
	NoColon Problem = "colon"
	// NoReason is given.
	NoReason Problem = "reason"
	// LongReason has more than MaxReason characters.
	LongReason Problem = "long"
	// NoDay of the calendar stands at the end.
	NoDay Problem = "day"
	// TwoDays are named: a semicolon is missing between two exemptions.
	TwoDays Problem = "days"
	// TooMany stands for all that are behind the first Max.
	TooMany Problem = "many"
)

// Exemption is one element of the annotation. With a Problem, the parts are those
// that could be made out.
type Exemption struct {
	// Text is how it stands there, on one line.
	Text string
	// Rule is what stands in the place of a rule's id. Whether there is such a rule
	// is not known here.
	Rule   string
	Reason string
	// Until is the last day, its beginning in UTC; zero without one.
	Until   time.Time
	Problem Problem
}

var (
	ending = regexp.MustCompile(`^(?:(.*) )?until(?: (\S*))?$`)
	endsIn = regexp.MustCompile(`\buntil \d{4}-\d{2}-\d{2}\b`)
)

// Parse reads the value of the annotation: RULE: REASON until DAY, with a semicolon
// or a line break between two. It returns at most Max and one for the rest.
func Parse(annotation string) []Exemption {
	var list []Exemption
	for element := range strings.FieldsFuncSeq(annotation, func(r rune) bool { return r == ';' || r == '\n' }) {
		text := strings.Join(strings.Fields(element), " ")
		switch {
		case text == "":
		case len(list) == Max:
			return append(list, Exemption{Text: text, Problem: TooMany})
		default:
			list = append(list, parse(text))
		}
	}
	return list
}

func parse(text string) Exemption {
	e := Exemption{Text: text}
	rule, rest, colon := strings.Cut(text, ":")
	if !colon {
		rule, rest, _ = strings.Cut(text, " ")
	}
	e.Rule, e.Reason = strings.TrimSpace(rule), strings.TrimSpace(rest)
	if parts := ending.FindStringSubmatch(e.Reason); parts != nil {
		e.Reason = parts[1]
		if day, err := time.Parse(Day, parts[2]); err == nil {
			e.Until = day
		}
	}
	switch {
	case !colon:
		e.Problem = NoColon
	case e.Reason == "":
		e.Problem = NoReason
	case utf8.RuneCountInString(e.Reason) > MaxReason:
		e.Problem = LongReason
	case endsIn.MatchString(e.Reason):
		e.Problem = TwoDays
	case e.Until.IsZero():
		e.Problem = NoDay
	}
	return e
}

// Ended says that the last day is over, everywhere where UTC says so.
func (e Exemption) Ended(now time.Time) bool { return !now.Before(e.Until.AddDate(0, 0, 1)) }

// Within says whether e asks for no more than one of the others grants: the same rule
// for the same reason, at most as long.
func (e Exemption) Within(others []Exemption) bool {
	return slices.ContainsFunc(others, func(other Exemption) bool {
		return e.Rule == other.Rule && e.Reason == other.Reason && e.Problem == other.Problem && !e.Until.After(other.Until)
	})
}

// For returns the exemption from a rule that lasts longest, ended or not, and false
// where the list has none that can be read.
func For(rule string, list []Exemption) (Exemption, bool) {
	var longest Exemption
	found := false
	for _, e := range list {
		if e.Rule == rule && e.Problem == "" && (!found || e.Until.After(longest.Until)) {
			longest, found = e, true
		}
	}
	return longest, found
}
