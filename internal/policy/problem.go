package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// ProblemKind says what sort of thing keeps modules from being loaded. It chooses
// the sentence for a person.
type ProblemKind string

// The kinds that this package finds.
const (
	// NotRego: it does not parse, or not compile; Detail has the compiler's words.
	NotRego ProblemKind = "rego"
	// Forbidden: Subject is a built-in function that rules may not call.
	Forbidden ProblemKind = "forbidden"
	// Unknown: Subject is a part of data that nothing defines.
	Unknown ProblemKind = "unknown"
	// BadAnnotations: Detail says what the rule's annotations lack or have too much.
	BadAnnotations ProblemKind = "annotations"
	// NoViolation: Subject is the package of a rule that defines no set named violation.
	NoViolation ProblemKind = "no-violation"
	// NeverAsked: Subject is a package that defines one, and is none of a rule.
	NeverAsked ProblemKind = "never-asked"
	// TestFailed: Subject is the test, Detail what did not hold.
	TestFailed ProblemKind = "test"
)

// The kinds that internal/rulebook finds when it puts sources together.
const (
	// TooLarge: the sources hold more than they may.
	TooLarge ProblemKind = "too-large"
	// NotYours: Subject is a package that belongs to tealgate.
	NotYours ProblemKind = "package"
	// Twice: Subject is a package that is in two sources, Between.
	Twice ProblemKind = "twice"
	// NoTestPackage: Subject is the package of a rule of somebody else, and a test
	// stands in it.
	NoTestPackage ProblemKind = "test-package"
	// LikeATest: Subject is a package that looks like a rule and is named like a test.
	LikeATest ProblemKind = "like-a-test"
	// Fails: the rules have an error when they are asked about a plain object; Subject
	// is the operation and the kind.
	Fails ProblemKind = "fails"
	// BadSettings: Detail says what and where.
	BadSettings ProblemKind = "settings"
	// NotRead: the source could not be read.
	NotRead ProblemKind = "not-read"
	// TooSlow: compiling and testing took longer than they may.
	TooSlow ProblemKind = "too-slow"
)

// The kinds of what is no more than a doubt about a ConfigMap.
const (
	// NoTests: its rules have no test.
	NoTests ProblemKind = "no-tests"
	// NoFiles: it has the label and no key that ends in .rego.
	NoFiles ProblemKind = "no-files"
	// BadLabel: Subject is a value of the label that means nothing.
	BadLabel ProblemKind = "label"
	// Elsewhere: Subject is its namespace, and not tealgate's.
	Elsewhere ProblemKind = "elsewhere"
)

// Problem is one thing that keeps modules from being loaded.
type Problem struct {
	// File is the module's, as its caller named it; Line and Column are 0 where none
	// is to blame.
	File         string
	Line, Column int
	Kind         ProblemKind
	// Subject is the name that the sentence needs; Between are the two sources that
	// cannot both have it, or the two limits that are passed.
	Subject string
	Between [2]string
	// Detail is the whole reason, in English, for logs and where the sentence has
	// no words of its own.
	Detail string
}

// Position is FILE:LINE:COLUMN as far as there is one.
func (p Problem) Position() string {
	switch {
	case p.File == "" || p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

func (p Problem) String() string {
	text := p.Detail
	if p.Kind == TestFailed {
		text = p.Subject + " failed: " + text
	}
	if position := p.Position(); position != "" {
		return position + ": " + text
	}
	return text
}

// Problems is the error for modules that are at fault themselves. Any other error
// of this package is none of their doing. Never empty.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sorted is in the order of files and lines.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p
}

func at(location *ast.Location, kind ProblemKind, subject, format string, args ...any) Problem {
	problem := Problem{Kind: kind, Subject: subject, Detail: fmt.Sprintf(format, args...)}
	if location != nil {
		problem.File, problem.Line, problem.Column = location.File, location.Row, location.Col
	}
	return problem
}

// problemsOf reads the errors of OPA's parser and compiler. Another error is
// returned as it is.
func problemsOf(err error) error {
	var list ast.Errors
	var one *ast.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = ast.Errors{one}
	default:
		return err
	}
	problems := make(Problems, 0, len(list))
	for _, e := range list {
		problem := at(e.Location, NotRego, "", "%s", e.Message+details(e))
		if name, ok := strings.CutPrefix(e.Message, "undefined function "); ok && forbidden(name) {
			problem.Kind, problem.Subject = Forbidden, name
		}
		if !slices.Contains(problems, problem) {
			problems = append(problems, problem)
		}
	}
	return problems.sorted()
}

// ProblemOf says where rules are broken that Evaluate could not ask. It names no
// place where the error has none.
func ProblemOf(err error, kind ProblemKind) Problem {
	problem := Problem{Kind: kind, Detail: err.Error()}
	if broken := (*topdown.Error)(nil); errors.As(err, &broken) {
		problem = at(broken.Location, kind, "", "%s", broken.Message)
	}
	return problem
}

// details adds what else would do, where the compiler knows it.
func details(e *ast.Error) string {
	detail, ok := e.Details.(*ast.RefErrInvalidDetail)
	if !ok || len(detail.OneOf) == 0 {
		return ""
	}
	names := make([]string, 0, len(detail.OneOf))
	for _, value := range detail.OneOf {
		if name := strings.Trim(value.String(), `"`); name != askedKey {
			names = append(names, name)
		}
	}
	return "; there is " + strings.Join(names, ", ")
}

// forbidden says whether OPA has a function that rules may not call.
func forbidden(name string) bool {
	_, exists := ast.BuiltinMap[name]
	return exists && !slices.ContainsFunc(capabilities().Builtins, func(b *ast.Builtin) bool { return b.Name == name })
}
