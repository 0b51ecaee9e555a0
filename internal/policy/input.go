package policy

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/tealgate/tealgate/internal/facts"
)

// Input is one question to the rules: may this object be as it is, given what
// it was before and what is around it?
type Input struct {
	// Operation is CREATE, UPDATE or DELETE.
	Operation string
	// Kind is Deployment, Service, Scale, or Job for one that says it migrates; of a Job
	// rules know the facts, and no fields.
	Kind      string
	Namespace string
	Name      string
	// User is the name of the requesting user; empty offline.
	User string
	// Object and Old are the raw JSON of the object under review and of what is
	// stored. They stay raw so that fields which this binary does not know are
	// seen by rules. Object is empty on DELETE, Old on CREATE.
	Object []byte
	Old    []byte
	Facts  facts.Facts
	// Unadvised leaves out the rules that only advise.
	Unadvised bool
}

// askedKey is where the entrypoint finds the packages of the rules that are asked. It
// is nothing for rules and is not offered to their authors.
const askedKey = "asked"

// kinds are the ones that rules know. Of any other kind no rule says anything,
// which must not be taken for consent.
var kinds = []string{"Deployment", "Service", "Scale", "Job"}

// check refuses questions to which the rules' silence would be no answer.
func (in Input) check(object, old ast.Value) error {
	if !slices.Contains(kinds, in.Kind) {
		return fmt.Errorf("kind %q is not one that rules know", in.Kind)
	}
	needsObject, needsOld := false, false
	switch in.Operation {
	case "CREATE":
		needsObject = true
	case "UPDATE":
		needsObject, needsOld = true, true
	case "DELETE":
		needsOld = true
	default:
		return fmt.Errorf("operation %q is not CREATE, UPDATE or DELETE", in.Operation)
	}
	if err := present("object", object, needsObject); err != nil {
		return err
	}
	return present("old object", old, needsOld)
}

func present(what string, value ast.Value, needed bool) error {
	switch value.(type) {
	case ast.Object:
		return nil
	case ast.Null:
		if needed {
			return fmt.Errorf("%s is missing", what)
		}
		return nil
	default:
		return fmt.Errorf("%s is not a JSON object", what)
	}
}

// value converts the input into OPA's own representation, once for all rules.
func (in Input) value(r *reader, settings, asked *ast.Term) (ast.Value, error) {
	object, err := r.read(in.Object)
	if err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	old, err := r.read(in.Old)
	if err != nil {
		return nil, fmt.Errorf("old object: %w", err)
	}
	if err := in.check(object, old); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(in.Facts)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	around, err := r.read(raw)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	item := func(key string, value ast.Value) [2]*ast.Term {
		return ast.Item(ast.StringTerm(key), ast.NewTerm(value))
	}
	return ast.NewObject(
		item("operation", ast.String(in.Operation)),
		item("kind", ast.String(in.Kind)),
		item("namespace", ast.String(in.Namespace)),
		item("name", ast.String(in.Name)),
		item("user", ast.String(in.User)),
		item("object", object),
		item("old", old),
		item("facts", around),
		[2]*ast.Term{ast.StringTerm("settings"), settings},
		[2]*ast.Term{ast.StringTerm(askedKey), asked},
	), nil
}
