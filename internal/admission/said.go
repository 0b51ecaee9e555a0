package admission

import (
	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// Said is a verdict in words, for reports. Everything is there: an answer of the API
// server shows the first problems and three warnings.
type Said struct {
	// Denial is the text of the refusal, empty for an object that is admitted.
	Denial string
	// Findings has those that deny first, then those that warn, then advice.
	Findings []Finding
	// Warnings and Advice have a line for each finding of their kind.
	Warnings, Advice []string
	// Exempt are findings that exemptions cover; they are not among Findings.
	Exempt []Excused
	// Exemptions is the line about exemptions that cover something, and about those
	// that do no longer; empty without any.
	Exemptions string
}

// Excused is a finding that an exemption covers.
type Excused struct {
	Finding

	By exemption.Exemption
}

// Finding is one thing that a rule found.
type Finding struct {
	Rule *policy.Rule
	// Action is what happens at admission; Advise means nothing.
	Action policy.Action
	// Field is the path in the object, Subject what tells two findings of a rule apart.
	Field, Subject string
	Sentence       message.Sentence
	// Sure says that the cure needs nobody to look at it.
	Sure bool
}

// Say puts a verdict into words.
func (v Verdict) Say(language policy.Language) (Said, error) {
	said := &Said{Exemptions: exemptLine(language, v.Object, v.Ended, v.Exempt)}
	if len(v.Denied) > 0 {
		var err error
		if said.Denial, err = message.Report(language, v.Object, v.Denied); err != nil {
			return Said{}, err
		}
	}
	for _, violation := range v.Denied {
		if err := said.add(language, policy.Deny, violation); err != nil {
			return Said{}, err
		}
	}
	for _, finding := range v.Warned {
		if err := said.add(language, policy.Warn, finding.Violation); err != nil {
			return Said{}, err
		}
		if err := line(&said.Warnings, language, v.Object, finding); err != nil {
			return Said{}, err
		}
	}
	for _, violation := range v.Advised {
		if err := said.add(language, policy.Advise, violation); err != nil {
			return Said{}, err
		}
		if err := line(&said.Advice, language, v.Object, message.Finding{Violation: violation}); err != nil {
			return Said{}, err
		}
	}
	for _, excused := range v.Exempt {
		finding, err := found(language, excused.Action, excused.Violation)
		if err != nil {
			return Said{}, err
		}
		said.Exempt = append(said.Exempt, Excused{finding, excused.By})
	}
	return *said, nil
}

func (s *Said) add(language policy.Language, action policy.Action, violation policy.Violation) error {
	finding, err := found(language, action, violation)
	s.Findings = append(s.Findings, finding)
	return err
}

func found(language policy.Language, action policy.Action, violation policy.Violation) (Finding, error) {
	sentence, err := message.Say(language, violation)
	return Finding{
		Rule: violation.Rule, Action: action, Field: violation.Field, Subject: violation.Subject,
		Sentence: sentence, Sure: violation.With["sure"] == true,
	}, err
}

func line(to *[]string, language policy.Language, object message.Object, finding message.Finding) error {
	lines, err := message.Warnings(language, object, []message.Finding{finding}, 1)
	*to = append(*to, lines...)
	return err
}
