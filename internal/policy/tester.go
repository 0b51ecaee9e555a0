package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// testPrefix begins the name of a rule that is a test.
const testPrefix = tester.TestPrefix

// maxExplained bounds the failed tests that are run again to say what did not hold.
const maxExplained = 20

// TestOptions say how tests run.
type TestOptions struct {
	// Timeout bounds each test; a second by default.
	Timeout time.Duration
	// Print keeps what tests print. Without it print does nothing.
	Print bool
	// Run is a regular expression that chooses tests by package and name; empty for all.
	Run string
}

// TestResult is what came of one test_ rule.
type TestResult struct {
	// Package and Name of the test, as Rego writes them.
	Package, Name string
	File          string
	Line          int
	// Skipped is a rule named todo_test_.
	Skipped bool
	// Failures say what did not hold: of a table test one for each case, in the
	// order of their names. Empty for a test that passed.
	Failures []TestFailure
	// Output is what the test printed.
	Output   string
	Duration time.Duration
}

// Failed says that the test ran and did not hold.
func (r TestResult) Failed() bool { return len(r.Failures) > 0 }

// TestFailure is what did not hold.
type TestFailure struct {
	// Case is the name of a case of a table test; empty otherwise.
	Case string
	// Line is where it did not hold; the test's own where that is not known.
	Line int
	// Reason is the expression with the values that it had, or the error.
	Reason string
}

// Problems are the failures.
func (r TestResult) Problems() Problems {
	problems := make(Problems, 0, len(r.Failures))
	for _, failure := range r.Failures {
		name := r.Name
		if failure.Case != "" {
			name += "/" + failure.Case
		}
		problems = append(problems, Problem{
			File: r.File, Line: failure.Line, Kind: TestFailed, Subject: name, Detail: failure.Reason,
		})
	}
	return problems
}

// Test compiles modules with their tests, as strictly as Compile does, and runs
// every test_ rule. What keeps them from compiling is Problems. Results are in the
// order of files and lines. Tests that ctx left no time for are an error, never
// taken for passed.
func Test(ctx context.Context, modules []*Module, options TestOptions) ([]TestResult, error) {
	return test(ctx, modules, options, nil)
}

// CompileTests says what keeps modules with their tests from compiling.
func CompileTests(modules []*Module) error {
	compiler := strict()
	if compiler.Compile(syntax(modules)); compiler.Failed() {
		return problemsOf(compiler.Errors)
	}
	return nil
}

// test runs the tests under the eyes of tracer, if there is one.
func test(ctx context.Context, modules []*Module, options TestOptions, tracer *cover.Cover) ([]TestResult, error) {
	options.Timeout = cmp.Or(options.Timeout, time.Second)
	compiler := strict().WithEnablePrintStatements(options.Print)
	runner := tester.NewRunner().SetCompiler(compiler).SetModules(syntax(modules)).Filter(options.Run).
		SetTimeout(options.Timeout).CapturePrintOutput(options.Print).RaiseBuiltinErrors(true)
	if tracer != nil {
		// Once is enough: why a line was not reached is not asked.
		runner = runner.SetCoverageRuns(nil).SetCoverageQueryTracer(tracer)
	}
	found, err := run(ctx, runner)
	if err != nil {
		return nil, problemsOf(err)
	}
	reasons, err := explain(ctx, compiler, found, options.Timeout)
	if err != nil {
		return nil, err
	}
	results := make([]TestResult, 0, len(found))
	for _, result := range found {
		results = append(results, TestResult{
			Package: strings.TrimPrefix(result.Package, "data."), Name: result.Name,
			File: result.Location.File, Line: result.Location.Row,
			Skipped: result.Skip, Failures: failures(result, reasons, options.Timeout),
			Output: string(result.Output), Duration: result.Duration,
		})
	}
	slices.SortFunc(results, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	return results, nil
}

// run collects all results. The runner leaves tests out, without a word, once ctx
// has ended.
func run(ctx context.Context, runner *tester.Runner) ([]*tester.Result, error) {
	store := inmem.New()
	var results []*tester.Result
	err := storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		found, err := runner.SetStore(store).RunTests(ctx, txn)
		if err != nil {
			return err
		}
		for result := range found {
			results = append(results, result)
		}
		return nil
	})
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("tests: %w", context.Cause(ctx))
	}
	return results, err
}

// explain runs the tests that failed once more, watched, and returns what did not
// hold in them.
func explain(ctx context.Context, compiler *ast.Compiler, results []*tester.Result, timeout time.Duration) (map[failed]TestFailure, error) {
	var tests []ast.Ref
	for _, result := range results {
		if !result.Fail || result.Error != nil || len(tests) == maxExplained {
			continue
		}
		// A test of a name that occurs twice has got another, which is none in Rego.
		if ref, err := ast.ParseRef(result.Package + "." + result.Name); err == nil {
			tests = append(tests, ref)
		}
	}
	if len(tests) == 0 {
		return nil, nil
	}
	watcher := &watcher{reasons: map[failed]TestFailure{}}
	runner := tester.NewRunner().SetCompiler(compiler).SetPrefixMatchers(tests...).SetParallel(1).
		SetCoverageQueryTracer(watcher).SetTimeout(timeout)
	_, err := run(ctx, runner)
	return watcher.reasons, err
}

// failures are none for a test that passed.
func failures(result *tester.Result, reasons map[failed]TestFailure, timeout time.Duration) []TestFailure {
	test := failed{file: result.Location.File, line: result.Location.Row}
	reason := func(name string) TestFailure {
		key := test
		key.name = name
		failure, known := reasons[key]
		if !known {
			failure = TestFailure{Line: test.line, Reason: "it is not true"}
		}
		failure.Case = name
		return failure
	}
	switch {
	case topdown.IsCancel(result.Error):
		return []TestFailure{{Line: test.line, Reason: fmt.Sprintf("no result within %s", timeout)}}
	case result.Error != nil:
		failure := TestFailure{Line: test.line, Reason: result.Error.Error()}
		if broken := (*topdown.Error)(nil); errors.As(result.Error, &broken) {
			failure.Reason = broken.Message
			if broken.Location != nil && broken.Location.File == test.file {
				failure.Line = broken.Location.Row
			}
		}
		return []TestFailure{failure}
	case !result.Fail:
		return nil
	case len(result.SubResults) == 0:
		return []TestFailure{reason("")}
	}
	var list []TestFailure
	for names, sub := range result.SubResults.Iter {
		if sub.Fail && len(sub.SubResults) == 0 {
			list = append(list, reason(strings.Join(names, "/")))
		}
	}
	return list
}
