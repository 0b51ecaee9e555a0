package policy

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxShown bounds a value in a reason, in characters.
const maxShown = 120

// failed names a test, or a case of one.
type failed struct {
	file string
	line int
	name string
}

// watcher notes, of one test after the other, the expression of its body that was
// reached last and did not hold. It keeps nothing else: a trace of everything may
// be larger than memory. Not for tests that run side by side.
type watcher struct {
	reasons map[failed]TestFailure

	test  failed
	query uint64
	// index of the expression in the body that is noted, per test or case.
	index map[failed]int
}

func (*watcher) Enabled() bool { return true }

func (*watcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (w *watcher) TraceEvent(event topdown.Event) {
	switch node := event.Node.(type) {
	case *ast.Rule:
		if event.Op == topdown.EnterOp && strings.HasPrefix(node.Head.Ref()[0].String(), testPrefix) {
			w.test, w.query, w.index = failed{file: node.Location.File, line: node.Location.Row}, event.QueryID, map[failed]int{}
		}
	case *ast.Expr:
		switch {
		case event.QueryID != w.query:
		case event.Op == topdown.TestCaseOp:
			w.test.name = caseName(event.Plug(node.Operand(0)))
		case event.Op == topdown.FailOp && node.Location != nil && node.Index >= w.index[w.test]:
			w.index[w.test] = node.Index
			w.reasons[w.test] = TestFailure{Line: node.Location.Row, Reason: reason(event, node)}
		}
	}
}

// caseName joins the names of a case as the tester does.
func caseName(names *ast.Term) string {
	var words []string
	if list, ok := names.Value.(*ast.Array); ok {
		list.Foreach(func(name *ast.Term) {
			if text, ok := name.Value.(ast.String); ok {
				words = append(words, string(text))
				return
			}
			words = append(words, name.String())
		})
	}
	return strings.Join(words, "/")
}

// reason is an expression as its author wrote it. A comparison has its values too.
func reason(event topdown.Event, expr *ast.Expr) string {
	text := strings.Join(strings.Fields(string(expr.Location.Text)), " ")
	if !expr.IsCall() || len(expr.Operands()) != 2 || expr.Negated {
		return shown(text)
	}
	sign, compares := map[string]string{
		"eq": "==", "equal": "==", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=",
	}[expr.Operator().String()]
	left, right := value(event, expr.Operand(0)), value(event, expr.Operand(1))
	if !compares || left == nil || right == nil {
		return shown(text)
	}
	return fmt.Sprintf("%s, here %s %s %s", shown(text), shown(left.String()), sign, shown(right.String()))
}

// value is what a term was when the event came; nil where that is not known.
func value(event topdown.Event, term *ast.Term) ast.Value {
	plugged := event.Plug(term).Value
	if ref, ok := plugged.(ast.Ref); ok && len(ref) > 0 {
		found, err := ref[0].Value.Find(ref[1:])
		if err != nil {
			return nil
		}
		plugged = found
	}
	if !plugged.IsGround() {
		return nil
	}
	switch plugged.(type) {
	case ast.Var, ast.Ref:
		return nil
	default:
		return plugged
	}
}

func shown(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-3]) + "..."
	}
	return text
}
