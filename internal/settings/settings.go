// Package settings reads what a platform team changes without writing Rego: one
// ConfigMap, strictly. Whatever is not understood is an error with its line, so
// that a misspelled key never passes for a setting.
package settings

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
)

// Where the settings are: the ConfigMap in tealgate's namespace, and its key.
const (
	ConfigMapName = "tealgate-settings"
	Key           = "settings.yaml"
)

// Settings are those of one cluster. Immutable once read; the zero value is no
// valid one, see Default.
type Settings struct {
	// DocsURL is where the platform team explains rules; {rule} in it stands for
	// the rule's id. Empty without one.
	DocsURL string
	// Rules are the actions that are set for all namespaces.
	Rules []RuleAction
	// Namespaces are the actions that are set for one namespace. They count before Rules.
	Namespaces map[string][]RuleAction
	// Unmanaged is what tealgate leaves alone.
	Unmanaged []Unmanaged
	// Prometheus are the addresses of the servers that signals of releases are measured
	// with, by name.
	Prometheus map[string]string
	// Notifications are whom to tell of releases.
	Notifications []Notification
	// Freeze stops every release in the cluster. A rollback goes on.
	Freeze bool
	// Rego is what rules find at input.settings.
	Rego policy.Settings
}

// RuleAction sets the action of a rule.
type RuleAction struct {
	Rule   string
	Action policy.Action
	// Line is where it stands.
	Line int
}

// Unmanaged is a group of workloads that are not the platform's own, such as a
// chart of redis.
type Unmanaged struct {
	Namespace string
	// Selector matches labels of the pods: a Deployment's pod template, and what a
	// Service selects. Never the labels of the object itself, which would let a
	// Service into live pods by a label on itself.
	Selector labels.Selector
}

// Default are the settings of a cluster where nobody set any.
func Default() *Settings { return &Settings{Rego: policy.DefaultSettings()} }

// Action returns what is set for a rule in a namespace, and nothing where the
// rule's own action counts.
func (s *Settings) Action(namespace, rule string) policy.Action {
	for _, list := range [][]RuleAction{s.Namespaces[namespace], s.Rules} {
		for _, set := range list {
			if set.Rule == rule {
				return set.Action
			}
		}
	}
	return ""
}

// Tuning is what the engine needs of the settings.
func (s *Settings) Tuning() policy.Tuning {
	return policy.Tuning{Action: s.Action, Docs: s.Docs, Settings: s.Rego}
}

// IsUnmanaged says whether pods with these labels, or a Service that selects
// them, are left alone in a namespace. Pods of a color never are: they may get
// the traffic of a Service that is guarded, whatever else they are called.
func (s *Settings) IsUnmanaged(namespace string, pods map[string]string) bool {
	if _, colored := pods[v1alpha1.LabelColor]; colored {
		return false
	}
	return slices.ContainsFunc(s.Unmanaged, func(u Unmanaged) bool {
		return u.Namespace == namespace && u.Selector.Matches(labels.Set(pods))
	})
}

// Docs returns the page about a rule, empty where there is none.
func (s *Settings) Docs(rule string) string {
	return strings.ReplaceAll(s.DocsURL, "{rule}", url.PathEscape(rule))
}

// Check says which rules are named that do not exist. A set of rules that was
// read apart from the settings may have lost one.
func (s *Settings) Check(rules []*policy.Rule) error {
	known := map[string]bool{}
	for _, rule := range rules {
		known[rule.ID] = true
	}
	lists := [][]RuleAction{s.Rules}
	for _, list := range s.Namespaces {
		lists = append(lists, list)
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b RuleAction) int { return a.Line - b.Line })
	for _, set := range all {
		if !known[set.Rule] {
			return fmt.Errorf("line %d: there is no rule %q", set.Line, set.Rule)
		}
	}
	return nil
}
