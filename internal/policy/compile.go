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

func parseModules(modules map[string]string) (map[string]*ast.Module, error) {
	parsed := map[string]*ast.Module{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		module, err := ast.ParseModuleWithOpts(name, modules[name], ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			return nil, err
		}
		parsed[name] = module
	}
	return parsed, nil
}

// compile checks in strict mode and against the schema of the whole input, so
// that a misspelled input.x fails here and not as an undefined value later.
func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, Schema())
	compiler := ast.NewCompiler().
		WithStrict(true).
		WithCapabilities(capabilities()).
		WithSchemas(schemas)
	compiler.Compile(modules)
	if compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
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
func rulesOf(modules map[string]*ast.Module) (map[string]*Rule, error) {
	rules := map[string]*Rule{}
	defined := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		module := modules[file]
		name, ok := rulePackage(module)
		if !ok {
			if err := outside(file, module); err != nil {
				return nil, err
			}
			continue
		}
		if rules[name] == nil {
			rules[name] = undocumented(name)
		}
		annotations := packageAnnotations(module)
		if annotations != nil {
			rule, err := newRule(name, annotations.Title, annotations.Description, annotations.Custom)
			if err != nil {
				return nil, fmt.Errorf("%s: annotations: %w", file, err)
			}
			if !rules[name].Undocumented {
				return nil, fmt.Errorf("%s: package %s has annotations in another file already", file, module.Package.Path)
			}
			rules[name] = rule
		}
		defined[name] = defined[name] || definesViolation(module)
	}
	for name := range rules {
		if !defined[name] {
			return nil, fmt.Errorf("package tealgate.rules.%s defines no set named violation", name)
		}
	}
	return rules, nil
}

func rulePackage(module *ast.Module) (string, bool) {
	path := module.Package.Path
	if len(path) != len(rulesPackage)+1 || !path.HasPrefix(rulesPackage) {
		return "", false
	}
	name, ok := path[len(path)-1].Value.(ast.String)
	return string(name), ok
}

// outside refuses what looks like a rule and would never be asked: a set named
// violation in a package that is not directly below tealgate.rules.
func outside(file string, module *ast.Module) error {
	if module.Package.Path.HasPrefix(rulesPackage) || slices.ContainsFunc(module.Rules, namedViolation) {
		return fmt.Errorf("%s: a rule is asked only in a package tealgate.rules.NAME, not in %s", file, module.Package.Path)
	}
	return nil
}

// packageAnnotations looks only for package scope: annotations of document
// scope say nothing about the rule.
func packageAnnotations(module *ast.Module) *ast.Annotations {
	for _, annotations := range module.Annotations {
		if annotations.Scope == "package" {
			return annotations
		}
	}
	return nil
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
	return &Rule{ID: id, Package: pkg, Action: Deny, Concern: ConcernTraffic, Title: same, Description: same, Undocumented: true}
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
