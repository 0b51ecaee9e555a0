// Package policy asks the rules. It turns an Input into violations and is the
// only package that knows OPA.
//
// It never allows by accident: a rule that is missing from the result, a result
// that is not there, an error inside a built-in function and an expired deadline
// are errors, and the caller decides what an error means in its mode.
package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
	"github.com/valyala/fastjson"
)

// entrypoint is the document that unions all rules: rule package -> violations.
const entrypoint = "data.tealgate.main.verdict"

// Violation is one thing that a rule found.
type Violation struct {
	Rule    *Rule
	Message *Message
	// Action is what the finding does where nothing caps it: the message's own, or
	// the one that is set for its rule and namespace. Never Off.
	Action Action
	// Field is the path of the offending field in the object, as in
	// metav1.StatusCause.
	Field string
	// Subject tells two findings of one rule apart, independent of order:
	// "container web". Together with rule and message it is the identity that
	// decides whether an update added the violation. Of several with one identity as many
	// are old as the stored object has.
	Subject string
	// Docs is the platform team's page about the rule; empty where there is none.
	Docs string
	// With are the values of the message.
	With map[string]any
}

// Identity is equal for the same problem in the old and in the new object.
func (v Violation) Identity() string {
	return v.Rule.ID + "\x00" + v.Message.Name + "\x00" + v.Subject
}

// Engine answers questions with one fixed set of rules. It is immutable and
// safe for concurrent use.
type Engine struct {
	query    rego.PreparedEvalQuery
	rules    map[string]*Rule
	settings *ast.Term
	tuning   Tuning
	// patterns keeps compiled regular expressions and globs. OPA's own cache, for the
	// whole process, holds a hundred, fewer than the embedded rules have.
	patterns cache.InterQueryValueCache
	parsers  *fastjson.ParserPool
}

// maxPatterns bounds what rules that make patterns of their input could let grow.
const maxPatterns = 1000

// New compiles modules, file name to Rego source.
func New(ctx context.Context, sources map[string]string) (*Engine, error) {
	modules, err := ParseAll(sources)
	if err != nil {
		return nil, err
	}
	return Compile(ctx, modules)
}

// Compile makes an engine of modules without tests. It refuses what could fail
// open later: a module that does not compile in strict mode against the input's
// schema, a part of data that nothing defines, a rule package that defines no set
// named violation, annotations with unknown keys, built-in functions that reach
// outside. What the modules themselves have wrong is Problems.
func Compile(ctx context.Context, modules []*Module) (*Engine, error) {
	rules, err := rulesOf(modules)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, errors.New("no rules")
	}
	compiler, err := compile(modules)
	if err != nil {
		return nil, err
	}
	if len(compiler.GetRulesExact(ast.MustParseRef(entrypoint))) == 0 {
		return nil, fmt.Errorf("%s is not defined", entrypoint)
	}
	query, err := rego.New(rego.Query(entrypoint), rego.Compiler(compiler)).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	limit := maxPatterns
	patterns := cache.NewInterQueryValueCache(ctx, &cache.Config{
		InterQueryBuiltinValueCache: cache.InterQueryBuiltinValueCacheConfig{MaxNumEntries: &limit},
	})
	engine := &Engine{query: query, rules: rules, patterns: patterns, parsers: &fastjson.ParserPool{}}
	return engine.Tuned(Tuning{Settings: DefaultSettings()})
}

// Rules returns all rules in the order of their ids.
func (e *Engine) Rules() []*Rule {
	return slices.SortedFunc(maps.Values(e.rules), func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// Rule returns the rule of that id, and false where there is none.
func (e *Engine) Rule(id string) (*Rule, bool) {
	rule, ok := e.rules[strings.ReplaceAll(id, "-", "_")]
	if !ok || rule.ID != id {
		return nil, false
	}
	return rule, true
}

// Evaluate returns what the rules find, in a stable order. Any doubt is an
// error, never an empty result. It ends soon after ctx does.
func (e *Engine) Evaluate(ctx context.Context, in Input) ([]Violation, error) {
	asked := e.asked(in)
	value, err := e.read(in, asked)
	if err != nil {
		return nil, err
	}
	var broken []topdown.Error
	results, err := e.query.Eval(ctx, rego.EvalParsedInput(value), rego.EvalBuiltinErrorList(&broken),
		rego.EvalInterQueryBuiltinValueCache(e.patterns))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("rules: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if len(broken) > 0 {
		return nil, fmt.Errorf("rules: %w", &broken[0])
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("rules: %s is undefined", entrypoint)
	}
	verdict, ok := results[0].Expressions[0].Value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("rules: %s is not an object", entrypoint)
	}
	return e.violations(in.Namespace, asked, verdict)
}

// asked are the rules whose findings mean something: not those that are switched off.
func (e *Engine) asked(in Input) []*Rule {
	asked := make([]*Rule, 0, len(e.rules))
	for _, rule := range e.rules {
		strongest := e.strongest(in.Namespace, rule)
		if strongest != Off && (strongest != Advise || !in.Unadvised) {
			asked = append(asked, rule)
		}
	}
	return asked
}

func (e *Engine) read(in Input, asked []*Rule) (ast.Value, error) {
	packages := make([]*ast.Term, len(asked))
	for i, rule := range asked {
		packages[i] = ast.StringTerm(rule.Package)
	}
	parser := e.parsers.Get()
	defer e.parsers.Put(parser)
	return in.value(newReader(parser), e.settings, ast.ArrayTerm(packages...))
}

func (e *Engine) violations(namespace string, asked []*Rule, verdict map[string]any) ([]Violation, error) {
	var found []Violation
	for _, rule := range asked {
		set, ok := verdict[rule.Package].([]any)
		if !ok {
			return nil, fmt.Errorf("rule %s: its result is undefined", rule.ID)
		}
		for _, item := range set {
			violation, err := rule.violation(item)
			if err != nil {
				return nil, fmt.Errorf("rule %s: %w", rule.ID, err)
			}
			if violation = e.tune(namespace, violation); violation.Action != Off {
				found = append(found, violation)
			}
		}
	}
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message.Name, b.Message.Name))
	})
	return found, nil
}

// violation reads one element of a rule's set. A name of a message that the
// annotations do not have still denies, unless its rule is one that is not even asked at
// admission: the sentence is then our own.
func (r *Rule) violation(item any) (Violation, error) {
	fields, ok := item.(map[string]any)
	if !ok {
		return Violation{}, fmt.Errorf("violation %v is not an object", item)
	}
	text := func(key string) string {
		value, _ := fields[key].(string)
		return value
	}
	with, _ := fields["with"].(map[string]any)
	message, ok := r.Messages[text("message")]
	if !ok {
		message = speechless
		with = map[string]any{"rule": r.ID, "message": text("message")}
	}
	action := message.Action
	if !ok && r.Action == Advise {
		action = Advise
	}
	return Violation{Rule: r, Message: message, Action: action, Field: text("field"), Subject: text("subject"), With: with}, nil
}
