package rulebook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// ruleName is what the last element of a rule's package may be. Underscores become
// the hyphens of its id, so nothing else may.
var ruleName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

const testSuffix = "_test"

// composed is the embedded rules and the sources put together, before anything is
// compiled.
type composed struct {
	// rules are what sources ask, tests what they have beside it; embedded is what is
	// left of the embedded rules.
	rules, tests, embedded []*policy.Module
	// own are the modules of the sources that are rules, by the name of the rule.
	own map[string]*policy.Module
}

// compose decides which module is what. A rule of a source takes the place of all
// modules of the embedded rule of that package.
func compose(base []*policy.Module, sources []Source) (*composed, error) {
	if err := fits(sources); err != nil {
		return nil, err
	}
	c := &composed{own: map[string]*policy.Module{}}
	owners := owners{}
	var problems policy.Problems
	for _, source := range sources {
		problems = append(problems, source.problems...)
		modules, err := policy.ParseAll(source.Files)
		if found, ok := err.(policy.Problems); ok { //nolint:errorlint // ParseAll returns nothing else, unwrapped
			problems = append(problems, found...)
			continue
		}
		for _, module := range modules {
			if !isTest(module) && module.Rule() != "" {
				c.own[module.Rule()] = module
			}
		}
		for _, module := range modules {
			if problem := owners.take(source, module); problem != nil {
				problems = append(problems, *problem)
			} else if problem := placed(source, modules, module); problem != nil {
				problems = append(problems, *problem)
			}
			if isTest(module) {
				c.tests = append(c.tests, module)
			} else {
				c.rules = append(c.rules, module)
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for _, module := range base {
		if c.own[module.Rule()] == nil {
			c.embedded = append(c.embedded, module)
		}
	}
	return c, nil
}

// asked are the modules of all rules.
func (c *composed) asked() []*policy.Module { return slices.Concat(c.rules, c.embedded) }

// tested are the modules that the tests of the sources run with. An embedded one that
// none of them looks at only costs time.
func (c *composed) tested() []*policy.Module {
	own := slices.Concat(c.rules, c.tests)
	return append(own, policy.Reach(own, c.embedded)...)
}

func fits(sources []Source) error {
	bytes, files := 0, 0
	for _, source := range sources {
		files += len(source.Files)
		for _, text := range source.Files {
			bytes += len(text)
		}
		if bytes > MaxBytes || files > MaxFiles {
			return tooLarge(slices.Min(slices.Collect(maps.Keys(source.Files))))
		}
	}
	return nil
}

// isTest: by the name of the file or of the package, as OPA's own tools have it.
func isTest(module *policy.Module) bool {
	return strings.HasSuffix(module.File, testSuffix+extension) || strings.HasSuffix(last(module.Package), testSuffix)
}

func last(path []string) string { return path[len(path)-1] }

// owners are the sources of packages. A package has one: two that add to the same
// would depend on each other without knowing.
type owners map[string]Source

func (o owners) take(source Source, module *policy.Module) *policy.Problem {
	name := module.PackageName()
	owner, taken := o[name]
	if !taken {
		o[name] = source
		return nil
	}
	if owner.Name == source.Name {
		return nil
	}
	twice := problem(module, policy.Twice, name, "package %s is in %s and in %s", name, owner.Name, source.Name)
	twice.Between = [2]string{owner.Name, source.Name}
	return twice
}

// placed says what is wrong with the package of a module.
func placed(source Source, modules []*policy.Module, module *policy.Module) *policy.Problem {
	name, rule := module.PackageName(), module.Rule()
	switch {
	case !module.Below("tealgate") && !isTest(module) && module.DefinesViolation():
		return problem(module, policy.NeverAsked, name, "a rule is asked only in a package tealgate.rules.NAME, not in %s", name)
	case !module.Below("tealgate"):
		return nil
	case rule == "" || !ruleName.MatchString(rule):
		return problem(module, policy.NotYours, name,
			"package %s is tealgate's: a rule is in a package tealgate.rules.NAME (letters, digits, _), its test in tealgate.rules.NAME_test, anything else in a package of your own", name)
	case !isTest(module):
		return nil
	case module.DefinesViolation() && !module.Tests():
		return problem(module, policy.LikeATest, name, "what ends in _test is a test and is never asked: give the rule another name")
	case !strings.HasSuffix(rule, testSuffix) && !slices.ContainsFunc(modules, func(m *policy.Module) bool {
		return !isTest(m) && m.PackageName() == name
	}):
		return problem(module, policy.NoTestPackage, name, "a test in package %s would change a rule that is not in %s: name the package %s_test", name, source.Name, name)
	default:
		return nil
	}
}

func problem(module *policy.Module, kind policy.ProblemKind, subject, format string, args ...any) *policy.Problem {
	return &policy.Problem{
		File: module.File, Line: module.Line, Column: 1, Kind: kind, Subject: subject, Detail: fmt.Sprintf(format, args...),
	}
}
