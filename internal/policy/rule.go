package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Action is what a rule's finding does to a request.
type Action string

// The actions, from strong to weak. Advise is silent at admission.
const (
	Deny   Action = "deny"
	Warn   Action = "warn"
	Advise Action = "advise"
	// Off is for settings: the rule is not asked. No rule has it of its own.
	Off Action = "off"
)

// actions are in the order from strong to weak.
var actions = []Action{Deny, Warn, Advise, Off}

// Actions lists what settings may choose for a rule, from strong to weak.
func Actions() []Action { return slices.Clone(actions) }

// Concern is what a rule protects. Going back to a pod template that ran before
// (kubectl rollout undo) relaxes rules on the workload, never those on traffic.
type Concern string

// The concerns. Workload is what a rule has that names none.
const (
	ConcernWorkload Concern = "workload"
	ConcernTraffic  Concern = "traffic"
)

// neverExempt is the one value of the annotation exempt: no object can be exempt.
const neverExempt = "never"

// Language is a language that messages exist in.
type Language string

// The languages. English is what every message has.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages lists them in the order of the documentation.
func Languages() []Language { return []Language{English, Chinese} }

// Rule is what the annotations of one rule's package say. Immutable.
type Rule struct {
	// ID is the stable name in kebab case that users see.
	ID string
	// Package is the last element of the Rego package: the ID with underscores.
	Package string
	Action  Action
	Concern Concern
	// Title and Description have one text per language.
	Title       map[Language]string
	Description map[Language]string
	// Messages by the name that violations refer to.
	Messages map[string]*Message
	// Exemptable says that an object can be exempt from the rule, by the annotation
	// tealgate.dev/exempt.
	Exemptable bool
	// Undocumented says that the rule's package has no annotations. Its
	// violations deny all the same.
	Undocumented bool
}

// OtherActions are what some of its messages do and the rule does not, from strong
// to weak.
func (r *Rule) OtherActions() []Action {
	var others []Action
	for _, action := range actions {
		for _, message := range r.Messages {
			if message.Action == action && action != r.Action && !slices.Contains(others, action) {
				others = append(others, action)
			}
		}
	}
	return others
}

// metadata is the shape of a rule's custom annotations.
type metadata struct {
	ID       string                     `json:"id"`
	Action   Action                     `json:"action"`
	Concern  Concern                    `json:"concern"`
	Exempt   string                     `json:"exempt"`
	ZH       translation                `json:"zh"`
	Messages map[string]messageMetadata `json:"messages"`
}

// ownAction says whether annotations may name the action.
func ownAction(action Action) bool { return action != Off && slices.Contains(actions, action) }

type translation struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type messageMetadata struct {
	Action Action            `json:"action"`
	More   bool              `json:"more"`
	EN     string            `json:"en"`
	ZH     string            `json:"zh"`
	After  map[string]string `json:"after"`
	Fix    *fixMetadata      `json:"fix"`
}

type fixMetadata struct {
	At   string `json:"at"`
	YAML string `json:"yaml"`
}

// newRule reads the custom annotations of a rule's package. Unknown keys are
// an error: OPA itself ignores a misspelled one.
func newRule(pkg, title, description string, custom map[string]any) (*Rule, error) {
	raw, err := json.Marshal(custom)
	if err != nil {
		return nil, err
	}
	var meta metadata
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&meta); err != nil {
		return nil, err
	}
	if want := strings.ReplaceAll(pkg, "_", "-"); meta.ID != want {
		return nil, fmt.Errorf("custom.id is %q, the package's name asks for %q", meta.ID, want)
	}
	if title == "" || description == "" {
		return nil, errors.New("title or description missing")
	}
	if !ownAction(meta.Action) {
		return nil, fmt.Errorf("custom.action is %q, not deny, warn or advise", meta.Action)
	}
	if !slices.Contains([]Concern{"", ConcernWorkload, ConcernTraffic}, meta.Concern) {
		return nil, fmt.Errorf("custom.concern is %q, not workload or traffic", meta.Concern)
	}
	if meta.Exempt != "" && meta.Exempt != neverExempt {
		return nil, fmt.Errorf("custom.exempt is %q, not never", meta.Exempt)
	}
	if len(meta.Messages) == 0 {
		return nil, errors.New("custom.messages is empty")
	}
	rule := &Rule{
		ID: meta.ID, Package: pkg, Action: meta.Action, Concern: cmp.Or(meta.Concern, ConcernWorkload),
		Title:       map[Language]string{English: title},
		Description: map[Language]string{English: strings.TrimSpace(description)},
		Messages:    map[string]*Message{},
		Exemptable:  meta.Exempt != neverExempt,
	}
	if meta.ZH.Title != "" {
		rule.Title[Chinese] = meta.ZH.Title
		rule.Description[Chinese] = strings.TrimSpace(meta.ZH.Description)
	}
	for name, m := range meta.Messages {
		message, err := newMessage(name, meta.Action, m)
		if err != nil {
			return nil, fmt.Errorf("custom.messages.%s: %w", name, err)
		}
		rule.Messages[name] = message
	}
	return rule, nil
}
