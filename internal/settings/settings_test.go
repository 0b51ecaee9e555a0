package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

func parsed(t *testing.T, text string) *Settings {
	t.Helper()
	settings, err := Parse([]byte(text))
	require.NoError(t, err)
	return settings
}

func TestAction(t *testing.T) {
	settings := parsed(t, `
rules: {pinned-image: deny, replicas: off}
namespaces:
  shop: {rules: {pinned-image: advise}}
  empty: {}
`)
	for name, test := range map[string]struct {
		reason, namespace, rule string
		want                    policy.Action
	}{
		"Everywhere":       {"what is set for all namespaces", "other", "pinned-image", policy.Deny},
		"Namespace":        {"a namespace counts first, in both directions", "shop", "pinned-image", policy.Advise},
		"NamespaceHasNone": {"a namespace that is silent about a rule leaves it as it is set", "shop", "replicas", policy.Off},
		"EmptyNamespace":   {"the same", "empty", "replicas", policy.Off},
		"NotSet":           {"the rule's own action counts", "shop", "readiness-probe", ""},
		"NoNamespace":      {"as everywhere", "", "replicas", policy.Off},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, settings.Action(test.namespace, test.rule), test.reason)
			assert.Equal(t, test.want, settings.Tuning().Action(test.namespace, test.rule))
			assert.Empty(t, Default().Action(test.namespace, test.rule))
		})
	}
}

// Which labels these are is the caller's affair: those of the pods, see package admission.
func TestIsUnmanaged(t *testing.T) {
	settings := parsed(t, `
unmanaged:
- {namespace: cache, selector: 'app=redis'}
- {namespace: cache, selector: {app: valkey, tier: cache}}
- {namespace: ingress, selector: 'app in (nginx, haproxy), tier'}
`)
	for name, test := range map[string]struct {
		reason, namespace string
		pods              map[string]string
		want              bool
	}{
		"Matches":        {"it is listed", "cache", map[string]string{"app": "redis", "x": "y"}, true},
		"OtherNamespace": {"the same chart elsewhere is somebody's own", "shop", map[string]string{"app": "redis"}, false},
		"OtherValue":     {"another application", "cache", map[string]string{"app": "redis-exporter"}, false},
		"SecondEntry":    {"each entry counts by itself", "cache", map[string]string{"app": "valkey", "tier": "cache"}, true},
		"PartOfSelector": {"all labels of an entry count", "cache", map[string]string{"app": "valkey"}, false},
		"Set":            {"as kubectl -l takes it", "ingress", map[string]string{"app": "haproxy", "tier": ""}, true},
		"SetWithoutKey":  {"a key that has to be there", "ingress", map[string]string{"app": "haproxy"}, false},
		"Colored": {
			"it can get live traffic under any name", "cache", map[string]string{"app": "redis", "tealgate.dev/color": "blue"}, false,
		},
		"NoLabels": {"a Service without a selector is not listed", "cache", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, settings.IsUnmanaged(test.namespace, test.pods), test.reason)
			assert.False(t, Default().IsUnmanaged(test.namespace, test.pods))
		})
	}
}

func TestDocs(t *testing.T) {
	for name, test := range map[string]struct{ url, want string }{
		"None":    {"", ""},
		"Path":    {"https://wiki.example/tealgate/{rule}", "https://wiki.example/tealgate/pinned-image"},
		"Anchor":  {"https://wiki.example/tealgate#{rule}", "https://wiki.example/tealgate#pinned-image"},
		"Twice":   {"https://{rule}.example/{rule}", "https://pinned-image.example/pinned-image"},
		"OnePage": {"https://wiki.example/tealgate", "https://wiki.example/tealgate"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, (&Settings{DocsURL: test.url}).Docs("pinned-image"))
		})
	}
}

func TestCheck(t *testing.T) {
	rules := []*policy.Rule{{ID: "pinned-image"}, {ID: "replicas"}}
	for name, test := range map[string]struct{ text, want string }{
		"Known":          {"rules: {pinned-image: off}\nnamespaces: {shop: {rules: {replicas: warn}}}\n", ""},
		"Nothing":        {"", ""},
		"Unknown":        {"rules:\n  pinned-image: off\n  pinned-images: off\n", `line 3: there is no rule "pinned-images"`},
		"UnknownBelow":   {"namespaces:\n  shop:\n    rules: {resource: off}\n", `line 3: there is no rule "resource"`},
		"FirstByItsLine": {"namespaces:\n  b: {rules: {x: off}}\n  a: {rules: {y: off}}\nrules: {z: off}\n", `line 2: there is no rule "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := parsed(t, test.text).Check(rules)
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.want)
		})
	}
}
