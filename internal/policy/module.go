package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Module is one parsed file. Immutable and safe for concurrent use.
type Module struct {
	// File is the name that problems are reported with.
	File string
	// Package is the path of its package without data.
	Package []string
	// Line is where the package is named.
	Line int

	parsed *ast.Module
}

// Parse reads one file. The error is Problems.
func Parse(file, source string) (*Module, error) {
	parsed, err := ast.ParseModuleWithOpts(file, source, ast.ParserOptions{ProcessAnnotation: true})
	if err != nil {
		return nil, problemsOf(err)
	}
	module := &Module{File: file, Line: parsed.Package.Location.Row, parsed: parsed}
	for _, term := range parsed.Package.Path[1:] {
		// The parser admits nothing but names and quoted names.
		name, _ := term.Value.(ast.String)
		module.Package = append(module.Package, string(name))
	}
	return module, nil
}

// ParseAll reads modules, file name to source, in the order of their names.
func ParseAll(sources map[string]string) ([]*Module, error) {
	modules := make([]*Module, 0, len(sources))
	var problems Problems
	for _, file := range slices.Sorted(maps.Keys(sources)) {
		module, err := Parse(file, sources[file])
		if found, ok := err.(Problems); ok { //nolint:errorlint // Parse returns nothing else, unwrapped
			problems = append(problems, found...)
			continue
		}
		modules = append(modules, module)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return modules, nil
}

// PackageName is the package as Rego writes it.
func (m *Module) PackageName() string {
	return strings.TrimPrefix(m.parsed.Package.Path.String(), "data.")
}

// Rule is the last element of the package of a rule, and empty where the module is
// not part of one.
func (m *Module) Rule() string {
	if len(m.Package) != len(rulesPackage) || !m.parsed.Package.Path.HasPrefix(rulesPackage) {
		return ""
	}
	return m.Package[len(m.Package)-1]
}

// Below says whether the package is the given one or below it.
func (m *Module) Below(path ...string) bool {
	return len(m.Package) >= len(path) && slices.Equal(m.Package[:len(path)], path)
}

// DefinesViolation says whether the module has something named violation, as a rule has.
func (m *Module) DefinesViolation() bool {
	return slices.ContainsFunc(m.parsed.Rules, namedViolation)
}

// Tests says whether the module has a rule that runs as a test.
func (m *Module) Tests() bool {
	return slices.ContainsFunc(m.parsed.Rules, func(rule *ast.Rule) bool {
		return slices.ContainsFunc(rule.Head.Ref(), func(term *ast.Term) bool {
			switch name := term.Value.(type) {
			case ast.Var:
				return strings.HasPrefix(string(name), testPrefix)
			case ast.String:
				return strings.HasPrefix(string(name), testPrefix)
			default:
				return false
			}
		})
	})
}

func syntax(modules []*Module) map[string]*ast.Module {
	trees := make(map[string]*ast.Module, len(modules))
	for _, module := range modules {
		trees[module.File] = module.parsed
	}
	return trees
}
