package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"
)

// unread is the list that rules never see of an object: the API server's own
// bookkeeping, often the larger half. The schema does not have it either.
const unread = "managedFields"

// reader turns JSON into OPA's own representation. Texts that come again, as
// nearly all keys do and what an old object has in common with the new one, become
// one term. It is for one question, and not safe for concurrent use.
type reader struct {
	parser *fastjson.Parser
	texts  map[string]*ast.Term
	// terms are handed out one by one: one allocation for many.
	terms []ast.Term
	// items are the members of the objects that are being read, the innermost last.
	items [][2]*ast.Term
}

func newReader(parser *fastjson.Parser) *reader {
	return &reader{parser: parser, texts: make(map[string]*ast.Term, 128)}
}

// read refuses what is not JSON, and what is nested deeper than fastjson.MaxDepth.
// Null members of objects are left out: for Kubernetes null is absent, but in Rego
// it is a value, and not x.y is false for it.
func (r *reader) read(raw []byte) (ast.Value, error) {
	if len(raw) == 0 {
		return ast.Null{}, nil
	}
	parsed, err := r.parser.ParseBytes(raw)
	if err != nil {
		return nil, unreadable(err)
	}
	// The parser takes more for JSON than JSON is.
	if err := fastjson.ValidateBytes(raw); err != nil {
		return nil, unreadable(err)
	}
	return r.term(parsed).Value, nil
}

func unreadable(err error) error {
	if strings.Contains(err.Error(), "too big depth") {
		return fmt.Errorf("nested deeper than %d levels", fastjson.MaxDepth)
	}
	return errors.New("not JSON")
}

func (r *reader) term(value *fastjson.Value) *ast.Term {
	switch value.Type() {
	case fastjson.TypeObject:
		return r.newTerm(r.object(value.GetObject()))
	case fastjson.TypeArray:
		elements := value.GetArray()
		terms := make([]*ast.Term, len(elements))
		for i, element := range elements {
			terms[i] = r.term(element)
		}
		return r.newTerm(ast.NewArray(terms...))
	case fastjson.TypeString:
		return r.text(value.GetStringBytes())
	case fastjson.TypeNumber:
		if number, err := value.Int(); err == nil {
			return ast.InternedTerm(number)
		}
		return r.newTerm(ast.Number(json.Number(value.String())))
	case fastjson.TypeTrue:
		return ast.InternedTerm(true)
	case fastjson.TypeFalse:
		return ast.InternedTerm(false)
	default: // fastjson.TypeNull
		return ast.InternedNullTerm
	}
}

// object lets the last of two members of one name count; ast.NewObject would have both.
func (r *reader) object(object *fastjson.Object) ast.Value {
	start := len(r.items)
	var places map[*ast.Term]int
	if object.Len() > fewMembers {
		places = make(map[*ast.Term]int, object.Len())
	}
	object.Visit(func(key []byte, value *fastjson.Value) {
		item := [2]*ast.Term{r.text(key), ast.InternedNullTerm}
		if value.Type() != fastjson.TypeArray || string(key) != unread {
			item[1] = r.term(value)
		}
		at := place(r.items[start:], places, item[0])
		if start+at == len(r.items) {
			r.items = append(r.items, item)
		}
		r.items[start+at] = item
	})
	present := slices.DeleteFunc(r.items[start:], func(item [2]*ast.Term) bool { return item[1] == ast.InternedNullTerm })
	read := ast.NewObject(present...)
	r.items = r.items[:start]
	return read
}

// fewMembers are looked through faster than a map is made.
const fewMembers = 16

// place is where among items a key stands, or where it will. The places of many are
// remembered: all keys of an object may be different, or all the same.
func place(items [][2]*ast.Term, places map[*ast.Term]int, key *ast.Term) int {
	if places == nil {
		for i := range items {
			if items[i][0] == key {
				return i
			}
		}
		return len(items)
	}
	at, known := places[key]
	if !known {
		at = len(items)
		places[key] = at
	}
	return at
}

// text copies what the parser will use again.
func (r *reader) text(raw []byte) *ast.Term {
	if term, ok := r.texts[string(raw)]; ok {
		return term
	}
	text := string(raw)
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // as encoding/json does it
	}
	term := r.newTerm(ast.String(text))
	r.texts[text] = term
	return term
}

func (r *reader) newTerm(value ast.Value) *ast.Term {
	if len(r.terms) == cap(r.terms) {
		r.terms = make([]ast.Term, 0, 64)
	}
	r.terms = append(r.terms, ast.Term{Value: value})
	return &r.terms[len(r.terms)-1]
}
