package policy

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/cover"
)

// Coverage is what tests have reached of one file.
type Coverage struct {
	File string
	// Covered and Uncovered count lines that do something.
	Covered, Uncovered int
	// Missed are the lines that no test has reached, in order.
	Missed []Span
}

// Span is some lines of a file.
type Span struct{ First, Last int }

// TestCovered is Test, and says what the tests have reached of the files that want
// chooses, in the order of modules.
func TestCovered(ctx context.Context, modules []*Module, options TestOptions, want func(*Module) bool) ([]TestResult, []Coverage, error) {
	tracer := cover.New()
	results, err := test(ctx, modules, options, tracer)
	if err != nil {
		return nil, nil, err
	}
	report := tracer.Report(syntax(modules))
	var found []Coverage
	for _, module := range modules {
		if file := report.Files[module.File]; file != nil && want(module) {
			found = append(found, Coverage{
				File: module.File, Covered: file.CoveredLines, Uncovered: file.NotCoveredLines, Missed: missed(file.NotCovered),
			})
		}
	}
	return results, found, nil
}

// missed joins what touches: OPA counts each expression by itself.
func missed(ranges []cover.Range) []Span {
	spans := make([]Span, 0, len(ranges))
	for _, r := range ranges {
		spans = append(spans, Span{r.Start.Row, r.End.Row})
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.First - b.First })
	var joined []Span
	for _, span := range spans {
		if last := len(joined) - 1; last >= 0 && span.First <= joined[last].Last+1 {
			joined[last].Last = max(joined[last].Last, span.Last)
			continue
		}
		joined = append(joined, span)
	}
	return joined
}
