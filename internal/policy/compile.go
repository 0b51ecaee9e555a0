package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// rulesPackage is where each rule has a package of its own.
var rulesPackage = ast.MustParseRef("data.tealgate.rules")

// speechless denies in the place of a message that a rule's author forgot.
var speechless = &Message{
	Name: "speechless", Action: Deny,
	body: mustBody(
		"{{.rule}} denies this and has no sentence for it (message {{.message}}). Tell the owner of that rule: its annotations are incomplete.",
		"{{.rule}} 拒绝了这次修改，但没有为它写说明（message {{.message}}）。请告知该规则的维护者：注解不完整。"),
}

// compile checks in strict mode and against the schema of the whole input, so
// that a misspelled input.x fails here and not as an undefined value later.
func compile(modules []*Module) (*ast.Compiler, error) {
	compiler := strict()
	compiler.Compile(syntax(modules))
	if compiler.Failed() {
		return nil, problemsOf(compiler.Errors)
	}
	if problems := undefined(compiler); len(problems) > 0 {
		return nil, problems
	}
	return compiler, nil
}

func strict() *ast.Compiler {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, Schema())
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).WithSchemas(schemas)
}

// capabilities leaves out every built-in function that reaches outside or
// answers differently each time: http.send, net.*, opa.runtime, time, rand.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.Builtins = slices.DeleteFunc(all.Builtins, func(b *ast.Builtin) bool { return b.IsNondeterministic() })
	// Set in code: an empty list vanishes when marshalled and then means any host.
	all.AllowNet = []string{}
	return all
}

// rulesOf finds the rule packages and what their annotations say. A package
// without annotations is kept: it must not stop denying because of that.
func rulesOf(modules []*Module) (map[string]*Rule, error) {
	rules := map[string]*Rule{}
	defined := map[string]*Module{}
	var problems Problems
	for _, module := range modules {
		name := module.Rule()
		if name == "" {
			problems = append(problems, outside(module)...)
			continue
		}
		if rules[name] == nil {
			rules[name] = undocumented(name)
			defined[name] = module
		}
		if definesViolation(module.parsed) {
			defined[name] = nil
		}
		rule, problem := documented(module)
		switch {
		case problem != nil:
			problems = append(problems, *problem)
		case rule != nil && !rules[name].Undocumented:
			problems = append(problems, at(module.parsed.Package.Location, BadAnnotations, "",
				"package %s has annotations in another file already", module.PackageName()))
		case rule != nil:
			rules[name] = rule
		}
	}
	for name, module := range defined {
		if module != nil {
			problems = append(problems, at(module.parsed.Package.Location, NoViolation, module.PackageName(),
				"package tealgate.rules.%s defines no set named violation", name))
		}
	}
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	return rules, nil
}

// outside refuses what looks like a rule and would never be asked: a set named
// violation in a package that is not directly below tealgate.rules.
func outside(module *Module) Problems {
	if !module.parsed.Package.Path.HasPrefix(rulesPackage) && !module.DefinesViolation() {
		return nil
	}
	return Problems{at(module.parsed.Package.Location, NeverAsked, module.PackageName(),
		"a rule is asked only in a package tealgate.rules.NAME, not in %s", module.PackageName())}
}

// documented reads the annotations of package scope: those of document scope say
// nothing about the rule. It returns nil where there are none.
func documented(module *Module) (*Rule, *Problem) {
	for _, annotations := range module.parsed.Annotations {
		if annotations.Scope != "package" {
			continue
		}
		rule, err := newRule(module.Rule(), annotations.Title, annotations.Description, annotations.Custom)
		if err != nil {
			problem := at(annotations.Location, BadAnnotations, "", "annotations: %s", err)
			return nil, &problem
		}
		return rule, nil
	}
	return nil, nil
}

func definesViolation(module *ast.Module) bool {
	return slices.ContainsFunc(module.Rules, func(rule *ast.Rule) bool {
		return namedViolation(rule) && len(rule.Head.Ref()) == 1 && rule.Head.RuleKind() == ast.MultiValue
	})
}

func namedViolation(rule *ast.Rule) bool {
	ref := rule.Head.Ref()
	return len(ref) > 0 && ref[0].Value.Compare(ast.Var("violation")) == 0
}

func undocumented(pkg string) *Rule {
	id := strings.ReplaceAll(pkg, "_", "-")
	same := map[Language]string{English: id}
	return &Rule{
		ID: id, Package: pkg, Action: Deny, Concern: ConcernTraffic, Title: same, Description: same,
		Exemptable: true, Undocumented: true,
	}
}

// Complete says what the annotations of the rules lack: a rule without any, a
// message or a title without one of the languages. The rules that are part of
// the program must be complete or it does not start.
func (e *Engine) Complete() error {
	var missing []error
	for _, rule := range e.Rules() {
		if rule.Undocumented {
			missing = append(missing, fmt.Errorf("rule %s: no annotations", rule.ID))
			continue
		}
		for _, language := range Languages() {
			if rule.Title[language] == "" || rule.Description[language] == "" {
				missing = append(missing, fmt.Errorf("rule %s: title or description: no %s", rule.ID, language))
			}
			for _, name := range slices.Sorted(maps.Keys(rule.Messages)) {
				message := rule.Messages[name]
				if message.body[language] == nil || len(message.after) > 0 && message.after[language] == nil {
					missing = append(missing, fmt.Errorf("rule %s: message %s: no %s", rule.ID, name, language))
				}
			}
		}
	}
	return errors.Join(missing...)
}
