package report

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	File      string        `xml:"file,attr"`
	Line      int           `xml:"line,attr,omitempty"`
	Failure   *junitProblem `xml:"failure"`
	Error     *junitProblem `xml:"error"`
	Out       string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes a test case of each object: it fails when the object would be
// denied. Warnings, advice and notes are its output.
func writeJUnit(out io.Writer, result *offline.Result) error {
	suite := junitSuite{
		Name: "kubectl tealgate check", Tests: len(result.Checked) + len(result.Unreadable),
		Failures: result.Denied(), Errors: len(result.Unreadable),
	}
	for _, checked := range result.Checked {
		test := junitCase{
			Name: checked.Kind + " " + checked.Namespace + "/" + checked.Name, ClassName: slashed(checked.Position.File),
			File: slashed(checked.Position.File), Line: checked.Position.Line,
			Out: strings.Join(slices.Concat(checked.Warnings, checked.Advice, checked.Notes()), "\n"),
		}
		if checked.Denied() {
			test.Failure = &junitProblem{Message: strings.Join(denying(checked), ", "), Type: "denied", Text: checked.Denial}
		}
		suite.Cases = append(suite.Cases, test)
	}
	for _, unread := range result.Unreadable {
		file := slashed(unread.Position.File)
		suite.Cases = append(suite.Cases, junitCase{
			Name: unread.Position.String(), ClassName: file, File: file, Line: unread.Position.Line,
			Error: &junitProblem{Message: "could not be read", Type: "unreadable", Text: unread.Err.Error()},
		})
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}

// denying are the rules for which an object would be denied, each once.
func denying(checked offline.Checked) []string {
	var ids []string
	for _, found := range checked.Findings {
		if found.Action == policy.Deny && !slices.Contains(ids, found.Rule.ID) {
			ids = append(ids, found.Rule.ID)
		}
	}
	return ids
}
