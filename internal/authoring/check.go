package authoring

import (
	"context"
	"errors"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
	"github.com/tealgate/tealgate/internal/settings"
)

// Report is what was found.
type Report struct {
	// Rules are those of the files, in the order of their ids; Replaced are the ids of
	// those that take the place of a built-in one. Both are empty where there are problems.
	Rules    []*policy.Rule
	Replaced []string
	// Problems would keep the files from being loaded, Doubts would not.
	Problems, Doubts policy.Problems
}

// Check says whether a cluster would load the files, apart from what their tests say. An
// error says that the check itself could not go on.
func Check(ctx context.Context, files *Files) (*Report, error) {
	base, err := rulebook.Embedded()
	if err != nil {
		return nil, err
	}
	report := &Report{Doubts: files.Doubts}
	checked, err := rulebook.Check(ctx, base, files.Sources)
	if err != nil {
		if report.Problems, err = files.problems(err); err != nil {
			return nil, err
		}
	} else {
		report.Rules, report.Replaced = checked.Own, checked.Replaced
		for _, source := range checked.Untested {
			report.Doubts = append(report.Doubts, policy.Problem{File: source, Kind: policy.NoTests})
		}
	}
	if files.Settings != nil {
		var rules []*policy.Rule
		if checked != nil {
			rules = checked.Engine.Rules()
		}
		_, err := rulebook.ReadSettings(*files.Settings, rules)
		problems, err := files.problems(err)
		if err != nil {
			return nil, err
		}
		report.Problems = append(report.Problems, problems...)
	}
	return report, nil
}

// Load makes an engine of the files, if a cluster would load them, and of their
// settings; defaults without any. The error may be policy.Problems.
func Load(ctx context.Context, files *Files) (*policy.Engine, *settings.Settings, error) {
	if len(files.Unreadable) > 0 {
		return nil, nil, errors.Join(files.Unreadable...)
	}
	base, err := rulebook.Embedded()
	if err != nil {
		return nil, nil, err
	}
	built, err := rulebook.Build(ctx, base, files.Sources)
	if err != nil {
		return nil, nil, files.located(err)
	}
	chosen := settings.Default()
	if files.Settings != nil {
		if chosen, err = rulebook.ReadSettings(*files.Settings, built.Engine.Rules()); err != nil {
			return nil, nil, files.located(err)
		}
	}
	return built.Engine, chosen, nil
}

// located moves the problems of an error to where a person finds them.
func (f *Files) located(err error) error {
	problems, err := f.problems(err)
	if err != nil || len(problems) == 0 {
		return err
	}
	return problems
}

// problems takes those of an error, and returns any other error.
func (f *Files) problems(err error) (policy.Problems, error) {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return nil, err
	}
	found := make(policy.Problems, len(problems))
	for i, problem := range problems {
		found[i] = f.Locate(problem)
	}
	return found, nil
}

// TestReport is what came of tests.
type TestReport struct {
	Report

	Tests    []policy.TestResult
	Coverage []policy.Coverage
}

// Test runs the tests of the files and says what they reach of their rules. Settings
// are not looked at. An error says that the tests could not run.
func Test(ctx context.Context, files *Files, options policy.TestOptions) (*TestReport, error) {
	base, err := rulebook.Embedded()
	if err != nil {
		return nil, err
	}
	report := &TestReport{}
	tests, coverage, err := rulebook.Test(ctx, base, files.Sources, options)
	if err != nil {
		report.Problems, err = files.problems(err)
		return report, err
	}
	for _, test := range tests {
		report.Tests = append(report.Tests, files.locateTest(test))
	}
	for _, file := range coverage {
		for i, span := range file.Missed {
			first := files.Locate(policy.Problem{File: file.File, Line: span.First})
			file.Missed[i] = policy.Span{First: first.Line, Last: span.Last - span.First + first.Line}
		}
		file.File = files.Locate(policy.Problem{File: file.File}).File
		report.Coverage = append(report.Coverage, file)
	}
	return report, nil
}

func (f *Files) locateTest(test policy.TestResult) policy.TestResult {
	failures := make([]policy.TestFailure, len(test.Failures))
	for i, failure := range test.Failures {
		failure.Line = f.Locate(policy.Problem{File: test.File, Line: failure.Line}).Line
		failures[i] = failure
	}
	test.Failures = failures
	at := f.Locate(policy.Problem{File: test.File, Line: test.Line})
	test.File, test.Line = at.File, at.Line
	return test
}

// Failed counts the tests that did not hold.
func (r *TestReport) Failed() int {
	count := 0
	for _, test := range r.Tests {
		if test.Failed() {
			count++
		}
	}
	return count
}

// Covered is the share of the lines that tests have reached, in percent; 100 where
// there are none.
func (r *TestReport) Covered() float64 {
	covered, all := 0, 0
	for _, file := range r.Coverage {
		covered += file.Covered
		all += file.Covered + file.Uncovered
	}
	if all == 0 {
		return 100
	}
	return 100 * float64(covered) / float64(all)
}
