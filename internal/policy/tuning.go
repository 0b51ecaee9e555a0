package policy

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/valyala/fastjson"
)

// Settings is what rules find at input.settings. Lists are never nil, so that a
// rule which walks them is defined.
type Settings struct {
	// Sidecars are the names of containers that meshes and agents inject into
	// pods and answer for themselves.
	Sidecars []string `json:"sidecars"`
	Patterns Patterns `json:"patterns"`
}

// Patterns change what counts as a literal credential. Names are matched in their
// canonical form, words in capitals: dbPassword is DB_PASSWORD.
type Patterns struct {
	// Add are names and shapes of values beside the built-in ones.
	Add []Pattern `json:"add"`
	// Drop excuses what it matches, whatever else says that it is a credential.
	Drop []Pattern `json:"drop"`
}

// Pattern matches an environment variable or option. Of Name and Value one is
// set, a regular expression of RE2 that is searched for, not anchored; the other
// is empty.
type Pattern struct {
	// Kind is what the sentence calls it: password, token, key, secret or
	// private-key. Empty in Drop.
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// DefaultSettings are those of a cluster where nobody set any.
func DefaultSettings() Settings {
	return Settings{
		Sidecars: []string{"istio-proxy", "linkerd-proxy", "kuma-sidecar", "consul-dataplane", "daprd", "vault-agent"},
		Patterns: Patterns{Add: []Pattern{}, Drop: []Pattern{}},
	}
}

// Tuning is what a platform team changes about rules without writing Rego.
type Tuning struct {
	// Action returns the action that is set for a rule in a namespace; empty
	// leaves the rule's own. It is safe for concurrent use.
	Action func(namespace, rule string) Action
	// Docs returns the address of a page about a rule, empty where there is none.
	Docs func(rule string) string
	// Settings are given to rules.
	Settings Settings
}

// Tuned returns an engine with the same rules, tuned. It compiles nothing.
func (e *Engine) Tuned(tuning Tuning) (*Engine, error) {
	raw, err := json.Marshal(tuning.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	value, err := newReader(&fastjson.Parser{}).read(raw)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	tuned := *e
	tuned.settings, tuned.tuning = ast.NewTerm(value), tuning
	return &tuned, nil
}

// tune gives a violation what the platform team set for its rule.
func (e *Engine) tune(namespace string, violation Violation) Violation {
	if e.tuning.Docs != nil {
		violation.Docs = e.tuning.Docs(violation.Rule.ID)
	}
	violation.Action = violation.Rule.tuned(violation.Action, e.set(namespace, violation.Rule))
	return violation
}

// strongest is the most that a rule's findings can do in a namespace. What a rule
// says that its annotations do not have is a finding like the rule's own.
func (e *Engine) strongest(namespace string, rule *Rule) Action {
	set := e.set(namespace, rule)
	strongest := rule.tuned(rule.Action, set)
	for _, message := range rule.Messages {
		if action := rule.tuned(message.Action, set); weaker(strongest, action) {
			strongest = action
		}
	}
	return strongest
}

// set is empty for what the platform team leaves as it is.
func (e *Engine) set(namespace string, rule *Rule) Action {
	if e.tuning.Action == nil {
		return ""
	}
	return e.tuning.Action(namespace, rule.ID)
}

// tuned lets a message that is weaker than its rule by its own annotations, a mere
// hint, never get stronger than it is.
func (r *Rule) tuned(own, set Action) Action {
	if set != "" && (own == r.Action || weaker(set, own)) {
		return set
	}
	return own
}

// weaker says whether a stands behind b in the order of actions.
func weaker(a, b Action) bool { return slices.Index(actions, a) > slices.Index(actions, b) }
