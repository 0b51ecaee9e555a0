package rulebook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

// embeddedPrefix is put before the names of embedded files: no ConfigMap can have it
// in its name.
const embeddedPrefix = "tealgate:"

// testTimeout bounds one test of a source. A test takes milliseconds; the rest is for
// machines that are busy.
const testTimeout = 5 * time.Second

// Embedded are the rules that are part of the program, parsed, without their tests.
func Embedded() ([]*policy.Module, error) {
	files, err := policies.Modules()
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for file, text := range files {
		named[embeddedPrefix+file] = text
	}
	return policy.ParseAll(named)
}

// Built is a set of rules that has been tried.
type Built struct {
	Engine *policy.Engine
	// Tests are the results of the sources' own tests. All passed.
	Tests []policy.TestResult
	// Untested are the names of the sources that have no test.
	Untested []string
}

// Build puts sources upon the embedded rules and tries them: it compiles, runs the
// sources' own tests and asks the rules about a few plain objects. What the sources
// have wrong themselves is policy.Problems. It ends soon after ctx does, except for
// the compiler, which MaxBytes bounds.
func Build(ctx context.Context, base []*policy.Module, sources []Source) (*Built, error) {
	c, engine, err := compile(ctx, base, sources)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return &Built{Engine: engine}, nil
	}
	results, err := policy.Test(ctx, c.tested(), policy.TestOptions{Timeout: testTimeout})
	if err != nil {
		return nil, err
	}
	var problems policy.Problems
	for _, result := range results {
		problems = append(problems, result.Problems()...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if err := rehearse(ctx, engine); err != nil {
		return nil, err
	}
	return &Built{Engine: engine, Tests: results, Untested: untested(sources, results)}, nil
}

// compile puts sources upon the embedded rules, and runs nothing.
func compile(ctx context.Context, base []*policy.Module, sources []Source) (*composed, *policy.Engine, error) {
	c, err := compose(base, sources)
	if err != nil {
		return nil, nil, err
	}
	engine, err := policy.Compile(ctx, c.asked())
	if err != nil {
		return nil, nil, err
	}
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("policies: %w", context.Cause(ctx))
	}
	if err := c.documented(engine); err != nil {
		return nil, nil, err
	}
	return c, engine, nil
}

// documented refuses rules of sources without annotations. They would deny with a
// sentence that helps nobody.
func (c *composed) documented(engine *policy.Engine) error {
	var problems policy.Problems
	for _, rule := range engine.Rules() {
		if module := c.own[rule.Package]; module != nil && rule.Undocumented {
			problems = append(problems, *problem(module, policy.BadAnnotations, "",
				"annotations: there are none; a rule needs title, description and custom with id, action and messages"))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

func untested(sources []Source, results []policy.TestResult) []string {
	var names []string
	for _, source := range sources {
		if !slices.ContainsFunc(results, func(r policy.TestResult) bool { return source.has(r.File) }) {
			names = append(names, source.Name)
		}
	}
	return names
}
