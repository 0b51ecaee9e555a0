package rulebook

import (
	"context"
	"slices"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// Checked is a set of rules that compiles.
type Checked struct {
	Engine *policy.Engine
	// Own are the rules of the sources, in the order of their ids. Replaced are the ids
	// of those among them that take the place of an embedded one.
	Own      []*policy.Rule
	Replaced []string
	// Untested are the names of the sources that have no test.
	Untested []string
}

// Check is Build for somebody who is still writing: the tests have to compile, and do
// not run.
func Check(ctx context.Context, base []*policy.Module, sources []Source) (*Checked, error) {
	c, engine, err := compile(ctx, base, sources)
	if err != nil {
		return nil, err
	}
	if err := policy.CompileTests(c.tested()); err != nil {
		return nil, err
	}
	checked := &Checked{Engine: engine}
	for _, source := range sources {
		if !slices.ContainsFunc(slices.Concat(c.rules, c.tests), func(m *policy.Module) bool { return source.has(m.File) && m.Tests() }) {
			checked.Untested = append(checked.Untested, source.Name)
		}
	}
	for _, rule := range engine.Rules() {
		if c.own[rule.Package] == nil {
			continue
		}
		checked.Own = append(checked.Own, rule)
		if slices.ContainsFunc(base, func(m *policy.Module) bool { return m.Rule() == rule.Package }) {
			checked.Replaced = append(checked.Replaced, rule.ID)
		}
	}
	return checked, rehearse(ctx, engine)
}

// Test runs the tests of sources, whether they pass or not, and says what they have
// reached of the sources' rules. What keeps the sources from compiling is
// policy.Problems.
func Test(ctx context.Context, base []*policy.Module, sources []Source, options policy.TestOptions) ([]policy.TestResult, []policy.Coverage, error) {
	c, _, err := compile(ctx, base, sources)
	if err != nil {
		return nil, nil, err
	}
	if options.Timeout == 0 {
		options.Timeout = testTimeout
	}
	return policy.TestCovered(ctx, c.tested(), options, func(module *policy.Module) bool {
		return !isTest(module) && slices.ContainsFunc(sources, func(source Source) bool { return source.has(module.File) })
	})
}

// ReadSettings reads a file of settings for use with these rules. The error is
// policy.Problems. Without rules their names are not looked at.
func ReadSettings(source Source, rules []*policy.Rule) (*settings.Settings, error) {
	chosen, err := readSettings(source)
	if err != nil || rules == nil {
		return chosen, err
	}
	if err := chosen.Check(rules); err != nil {
		return nil, settingsProblems(source, err)
	}
	return chosen, nil
}
