package report

import (
	"encoding/json"
	"io"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
)

// What follows is documented in docs/policy-commands.md and only grows. Lists are
// never null.

type jsonPolicies struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Rules      []jsonRule    `json:"rules"`
	Problems   []jsonProblem `json:"problems"`
	Doubts     []jsonProblem `json:"doubts"`
}

type jsonRule struct {
	ID       string        `json:"id"`
	Action   policy.Action `json:"action"`
	Replaces bool          `json:"replaces"`
}

type jsonProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

type jsonTests struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Summary    jsonTestSum    `json:"summary"`
	Problems   []jsonProblem  `json:"problems"`
	Tests      []jsonTest     `json:"tests"`
	Coverage   []jsonCoverage `json:"coverage"`
}

type jsonTestSum struct {
	Passed   int     `json:"passed"`
	Failed   int     `json:"failed"`
	Skipped  int     `json:"skipped"`
	Coverage float64 `json:"coverage"`
}

type jsonTest struct {
	Package      string        `json:"package"`
	Name         string        `json:"name"`
	File         string        `json:"file"`
	Line         int           `json:"line"`
	Result       string        `json:"result"`
	Milliseconds float64       `json:"milliseconds"`
	Failures     []jsonFailure `json:"failures"`
	Output       string        `json:"output,omitempty"`
}

type jsonFailure struct {
	Case   string `json:"case"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

type jsonCoverage struct {
	File      string   `json:"file"`
	Covered   int      `json:"covered"`
	Uncovered int      `json:"uncovered"`
	Missed    [][2]int `json:"missed"`
}

// WritePoliciesJSON writes for machines what WritePolicies does.
func WritePoliciesJSON(out io.Writer, report *authoring.Report, language policy.Language) error {
	written := jsonPolicies{
		APIVersion: "policy.tealgate.dev/v1", Kind: "PolicyReport", Rules: []jsonRule{},
		Problems: jsonProblems(report.Problems, language), Doubts: jsonProblems(report.Doubts, language),
	}
	replaced := map[string]bool{}
	for _, id := range report.Replaced {
		replaced[id] = true
	}
	for _, rule := range report.Rules {
		written.Rules = append(written.Rules, jsonRule{rule.ID, rule.Action, replaced[rule.ID]})
	}
	return encode(out, written)
}

func jsonProblems(problems policy.Problems, language policy.Language) []jsonProblem {
	written := make([]jsonProblem, 0, len(problems))
	for _, problem := range problems {
		at := problem
		problem.File = ""
		written = append(written, jsonProblem{slashed(at.File), at.Line, at.Column, string(at.Kind), message.PolicyProblem(language, problem)})
	}
	return written
}

// WriteTestsJSON writes for machines what WriteTests does, and the tests that passed.
func WriteTestsJSON(out io.Writer, report *authoring.TestReport, language policy.Language) error {
	written := jsonTests{
		APIVersion: "policy.tealgate.dev/v1", Kind: "TestReport", Problems: jsonProblems(report.Problems, language),
		Summary: jsonTestSum{Failed: report.Failed(), Coverage: report.Covered()},
		Tests:   make([]jsonTest, 0, len(report.Tests)), Coverage: make([]jsonCoverage, 0, len(report.Coverage)),
	}
	for _, test := range report.Tests {
		result := "pass"
		switch {
		case test.Failed():
			result = "fail"
		case test.Skipped:
			result = "skip"
			written.Summary.Skipped++
		default:
			written.Summary.Passed++
		}
		failures := make([]jsonFailure, 0, len(test.Failures))
		for _, failure := range test.Failures {
			failures = append(failures, jsonFailure(failure))
		}
		written.Tests = append(written.Tests, jsonTest{
			test.Package, test.Name, slashed(test.File), test.Line, result, float64(test.Duration.Microseconds()) / 1000, failures, test.Output,
		})
	}
	for _, file := range report.Coverage {
		missed := make([][2]int, 0, len(file.Missed))
		for _, span := range file.Missed {
			missed = append(missed, [2]int{span.First, span.Last})
		}
		written.Coverage = append(written.Coverage, jsonCoverage{slashed(file.File), file.Covered, file.Uncovered, missed})
	}
	return encode(out, written)
}

func encode(out io.Writer, report any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}
