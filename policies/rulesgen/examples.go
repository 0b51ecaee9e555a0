package main

import (
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// examples are a rule's messages by name, filled in, without what every answer has
// around them.
type examples map[string]string

// asChecked ends the heading of a message that the check says with its cure.
const asChecked = ", as check says it"

// readExamples takes a golden file of package policies apart. A message without an
// example is an error: the page would keep something back.
func readExamples(rule *policy.Rule, golden string) (examples, error) {
	said := examples{}
	for section := range strings.SplitSeq("\n"+golden, "\n=== ") {
		heading, text, _ := strings.Cut(section, "\n")
		name, checked := strings.CutSuffix(heading, asChecked)
		if checked {
			said[name] = strings.TrimSpace(text)
			continue
		}
		if name, _, _ = strings.Cut(heading, " ("); name != "" {
			said[name] = problem(text)
		}
	}
	for name := range rule.Messages {
		if said[name] == "" {
			return nil, fmt.Errorf("message %s has no example", name)
		}
	}
	return said, nil
}

// problem leaves out of a denial its verdict, the problem's number and margin, and
// where to read more: whoever reads the page is there.
func problem(denial string) string {
	_, body, found := strings.Cut(denial, "\n\n1. ")
	if !found {
		return denial
	}
	body, _, _ = strings.Cut(body, "\n\n")
	return strings.ReplaceAll(strings.TrimSpace(body), "\n   ", "\n")
}
