package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/policy"
)

// whole has every key once.
const whole = `# The settings of the shop.
docsURL: https://wiki.example/tealgate/{rule}
rules:
  pinned-image: deny
  replicas: off
namespaces:
  shop:
    rules: {pinned-image: advise, resources: "warn"}
  empty:
  quiet: {rules: }
sidecars:
  - my-agent
  - istio-proxy
unmanaged:
  - {namespace: cache, selector: "app=redis,tier in (a, b)", reason: a chart of others}
  - namespace: ingress
    selector:
      app.kubernetes.io/name: ingress-nginx
patterns:
  add:
    - {kind: token, name: ^ACME_PASS$, reason: ours}
    - {kind: private-key, value: '^acme-[0-9a-f]{32}$'}
  drop:
    - {name: _KEY_ID$}
    - value: ^dummy$
prometheus:
  - {name: main, url: "http://prometheus.monitoring:9090"}
releases: {freeze: true, reason: end of the year}
`

func selectorOf(t *testing.T, text string) labels.Selector {
	t.Helper()
	selector, err := labels.Parse(text)
	require.NoError(t, err)
	return selector
}

func TestParse(t *testing.T) {
	got, err := Parse([]byte(whole))
	require.NoError(t, err)
	assert.Equal(t, "https://wiki.example/tealgate/{rule}", got.DocsURL)
	assert.Equal(t, map[string]string{"main": "http://prometheus.monitoring:9090"}, got.Prometheus)
	assert.True(t, got.Freeze)
	assert.Equal(t, []RuleAction{{"pinned-image", policy.Deny, 4}, {"replicas", policy.Off, 5}}, got.Rules)
	assert.Equal(t, map[string][]RuleAction{
		"shop": {{"pinned-image", policy.Advise, 8}, {"resources", policy.Warn, 8}},
	}, got.Namespaces)
	defaults := policy.DefaultSettings()
	assert.Equal(t, append(defaults.Sidecars, "my-agent"), got.Rego.Sidecars, "beside the default ones, each once")
	assert.Equal(t, policy.Patterns{
		Add: []policy.Pattern{
			{Kind: "token", Name: "^ACME_PASS$"}, {Kind: "private-key", Value: "^acme-[0-9a-f]{32}$"},
		},
		Drop: []policy.Pattern{{Name: "_KEY_ID$"}, {Value: "^dummy$"}},
	}, got.Rego.Patterns)
	require.Len(t, got.Unmanaged, 2)
	assert.Equal(t, "cache", got.Unmanaged[0].Namespace)
	assert.Equal(t, selectorOf(t, "app=redis,tier in (a,b)").String(), got.Unmanaged[0].Selector.String())
	assert.Equal(t, "app.kubernetes.io/name=ingress-nginx", got.Unmanaged[1].Selector.String())
}

// What sets nothing leaves the defaults: lists stay lists, or rules that walk them
// would be undefined.
func TestParseNothing(t *testing.T) {
	for name, text := range map[string]string{
		"Empty":    "",
		"Comment":  "# nothing yet\n",
		"Document": "---\n",
		"Null":     "null\n",
		"Map":      "{}\n",
		"Keys":     "docsURL:\nrules:\nnamespaces:\nsidecars:\nunmanaged:\npatterns:\n",
		"Lists":    "rules: {}\nnamespaces: {}\nsidecars: []\nunmanaged: []\npatterns: {add: [], drop: }\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(text))
			require.NoError(t, err)
			assert.Equal(t, policy.DefaultSettings(), got.Rego)
			assert.Empty(t, got.DocsURL)
			assert.Empty(t, got.Rules)
			assert.Empty(t, got.Namespaces)
			assert.Empty(t, got.Unmanaged)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const (
		keys     = "docsURL, rules, namespaces, sidecars, unmanaged, patterns, prometheus, notifications, releases"
		actions  = "deny, warn, advise or off"
		page     = "an http or https address, in which {rule} stands for the rule's id"
		pods     = "labels of pods, as a map or as kubectl -l takes them"
		re       = "a regular expression (RE2)"
		kindList = "password, token, key, secret or private-key"
	)
	for name, test := range map[string]struct{ text, want string }{
		// Keys.
		"UnknownKey":          {"docsURL: https://x.y\nrule: {}\n", `line 2: unknown key "rule": expected ` + keys},
		"UnknownKeyNamespace": {"namespaces:\n  shop:\n    rule: {}\n", `line 3: unknown key "namespaces.shop.rule": expected rules`},
		"UnknownKeyUnmanaged": {"unmanaged:\n- namespace: a\n  selector: a=b\n  labels: a=b\n", `line 4: unknown key "unmanaged[0].labels": expected namespace, selector, reason`},
		"UnknownKeyPatterns":  {"patterns:\n  remove: []\n", `line 2: unknown key "patterns.remove": expected add, drop`},
		"UnknownKeyAdd":       {"patterns:\n  add:\n  - kind: key\n    regex: x\n", `line 4: unknown key "patterns.add[0].regex": expected name, value, reason, kind`},
		"KindToDrop":          {"patterns:\n  drop:\n  - {name: x, kind: key}\n", `line 3: unknown key "patterns.drop[0].kind": expected name, value, reason`},
		"TwiceAtTheTop":       {"rules: {}\nsidecars: []\nrules: {}\n", `line 3: key "rules" stands in line 1 already`},
		"TwiceARule":          {"rules:\n  a: deny\n  b: warn\n  a: off\n", `line 4: key "rules.a" stands in line 2 already`},
		"TwiceANamespace":     {"namespaces:\n  a: {}\n  a: {}\n", `line 3: key "namespaces.a" stands in line 2 already`},
		"TwiceInAPattern":     {"patterns: {add: [{kind: key, name: a, name: b}]}\n", `line 1: key "patterns.add[0].name" stands in line 1 already`},
		"TwiceALabel":         {"unmanaged:\n- namespace: a\n  selector:\n    a: b\n    a: c\n", `line 5: key "unmanaged[0].selector.a" stands in line 4 already`},
		"MapAsKey":            {"rules:\n  {a: b}: deny\n", `line 2: rules: expected text as a key, found a map`},
		"NoServer":            {"prometheus:\n- name: main\n", `line 2: prometheus[0]: expected both name and url`},
		"NoAddress":           {"prometheus:\n- {name: main, url: main}\n", `line 2: prometheus[0].url: expected an http or https address, found "main"`},
		"ServerTwice":         {"prometheus:\n- {name: a, url: http://a}\n- {name: a, url: http://b}\n", `line 3: prometheus[1]: expected a name of its own, found "a" again`},
		"Freeze":              {"releases: {freeze: on}\n", `line 1: releases.freeze: expected true or false, found "on"`},
		"MergeKey":            {"x: &x {a: deny}\nrules:\n  <<: *x\n", `line 1: unknown key "x": expected ` + keys + `; line 1: rules.<<: expected ` + actions + `, found a map`},
		// Kinds.
		"List":           {"- rules\n", `line 1: expected a map with the keys ` + keys + `, found a list`},
		"Text":           {"rules\n", `line 1: expected a map with the keys ` + keys + `, found "rules"`},
		"RulesList":      {"rules:\n- pinned-image: deny\n", `line 2: rules: expected a map from rule to action, found a list`},
		"NamespacesText": {"namespaces: shop\n", `line 1: namespaces: expected a map from namespace to its rules, found "shop"`},
		"NamespaceList":  {"namespaces:\n  shop: [x]\n", `line 2: namespaces.shop: expected a map with the keys rules, found a list`},
		"SidecarsText":   {"sidecars: istio-proxy\n", `line 1: sidecars: expected a list of names of containers, found "istio-proxy"`},
		"SidecarMap":     {"sidecars:\n- name: x\n", `line 2: sidecars[0]: expected the name of a container, found a map`},
		"SidecarNumber":  {"sidecars: [a, 1]\n", `line 1: sidecars[1]: expected the name of a container, found 1 without quotes`},
		"SidecarNothing": {"sidecars:\n- \n", `line 2: sidecars[0]: expected the name of a container, found nothing`},
		"UnmanagedMap":   {"unmanaged: {redis: cache}\n", `line 1: unmanaged: expected a list of namespaces with a selector, found a map`},
		"UnmanagedText":  {"unmanaged: [redis]\n", `line 1: unmanaged[0]: expected a map with the keys namespace, selector, reason, found "redis"`},
		"PatternsList":   {"patterns: [a]\n", `line 1: patterns: expected a map with the keys add, drop, found a list`},
		"AddMap":         {"patterns:\n  add: {name: x}\n", `line 2: patterns.add: expected a list of patterns, found a map`},
		"ReasonList":     {"patterns: {drop: [{name: x, reason: [a]}]}\n", `line 1: patterns.drop[0].reason: expected text, found a list`},
		// Values.
		"Address":      {"docsURL: wiki.example/{rule}\n", `line 1: docsURL: expected ` + page + `, found "wiki.example/{rule}"`},
		"AddressFTP":   {"docsURL: ftp://wiki.example\n", `line 1: docsURL: expected ` + page + `, found "ftp://wiki.example"`},
		"AddressMap":   {"docsURL: {rule: x}\n", `line 1: docsURL: expected ` + page + `, found a map`},
		"AddressSpace": {"docsURL: 'https://a b/'\n", `line 1: docsURL: expected ` + page + `, found "https://a b/"`},
		"AddressLong":  {"docsURL: https://x.y/" + strings.Repeat("z", 200) + "\n", `line 1: docsURL: expected at most 200 characters, found 212`},
		"Action":       {"rules:\n  pinned-image: dney\n", `line 2: rules.pinned-image: expected ` + actions + `, found "dney"`},
		"ActionFalse":  {"rules:\n  pinned-image: false\n", `line 2: rules.pinned-image: expected ` + actions + `, found false without quotes`},
		"ActionEmpty":  {"rules:\n  pinned-image:\n", `line 2: rules.pinned-image: expected ` + actions + `, found nothing`},
		"ActionList":   {"rules:\n  pinned-image: [deny]\n", `line 2: rules.pinned-image: expected ` + actions + `, found a list`},
		"ActionBelow":  {"namespaces:\n  shop:\n    rules:\n      a: no\n", `line 4: namespaces.shop.rules.a: expected ` + actions + `, found "no"`},
		"Kind":         {"patterns: {add: [{kind: passwd, name: x}]}\n", `line 1: patterns.add[0].kind: expected ` + kindList + `, found "passwd"`},
		"NoKind":       {"patterns:\n  add:\n  - name: x\n", `line 3: patterns.add[0]: expected a kind: ` + kindList},
		"BothOfPattern": {
			"patterns:\n  drop:\n  - name: x\n    value: y\n", `line 3: patterns.drop[0]: expected either name or value`,
		},
		"NoneOfPattern": {"patterns:\n  drop:\n  - reason: x\n", `line 3: patterns.drop[0]: expected either name or value`},
		"Expression":    {"patterns:\n  drop:\n  - name: (\n", `line 3: patterns.drop[0].name: expected ` + re + ": error parsing regexp: missing closing ): `(`"},
		"Lookahead":     {"patterns:\n  drop:\n  - value: a(?=b)\n", `line 3: patterns.drop[0].value: expected ` + re + ": error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
		"ExpressionNumber": {
			"patterns: {drop: [{name: 12}]}\n", `line 1: patterns.drop[0].name: expected ` + re + `, found 12 without quotes`,
		},
		"NoSelector":  {"unmanaged:\n- namespace: cache\n", `line 2: unmanaged[0]: expected both namespace and selector`},
		"NoNamespace": {"unmanaged:\n- selector: app=redis\n", `line 2: unmanaged[0]: expected both namespace and selector`},
		"EmptySelector": {
			"unmanaged:\n- namespace: cache\n  selector: {}\n", `line 3: unmanaged[0].selector: expected at least one label: an empty selector leaves everything alone`,
		},
		"EmptyText":     {"unmanaged:\n- {namespace: cache, selector: ''}\n", `line 2: unmanaged[0].selector: expected ` + pods + `, found ""`},
		"BlankText":     {"unmanaged:\n- {namespace: cache, selector: ' '}\n", `line 2: unmanaged[0].selector: expected at least one label: an empty selector leaves everything alone`},
		"SelectorList":  {"unmanaged:\n- {namespace: cache, selector: [app]}\n", `line 2: unmanaged[0].selector: expected ` + pods + `, found a list`},
		"SelectorWords": {"unmanaged:\n- {namespace: cache, selector: 'app is redis'}\n", `line 2: unmanaged[0].selector: expected ` + pods + `: unable to parse requirement: found 'is', expected: in, notin, =, ==, !=, gt, lt`},
		"LabelNumber":   {"unmanaged:\n- namespace: cache\n  selector: {version: 1}\n", `line 3: unmanaged[0].selector.version: expected the value of a label, found 1 without quotes`},
		"LabelValue":    {"unmanaged:\n- namespace: cache\n  selector: {app: a b}\n", `line 3: unmanaged[0].selector.app: expected the value of a label, found "a b"`},
		"LabelName":     {"unmanaged:\n- namespace: cache\n  selector: {a b: x}\n", `line 3: unmanaged[0].selector.a b: expected the name of a label as the key`},
		"NotEquals":     {"unmanaged:\n- {namespace: shop, selector: 'tier!=web'}\n", `line 2: unmanaged[0].selector: expected labels that the pods have, found "tier!=web", which nearly all pods satisfy`},
		"NotIn":         {"unmanaged:\n- {namespace: shop, selector: 'a=b,tier notin (web)'}\n", `line 2: unmanaged[0].selector: expected labels that the pods have, found "tier notin (web)", which nearly all pods satisfy`},
		"DoesNotExist":  {"unmanaged:\n- {namespace: shop, selector: '!tier'}\n", `line 2: unmanaged[0].selector: expected labels that the pods have, found "!tier", which nearly all pods satisfy`},
		// The file.
		"TwoDocuments": {"rules: {}\n---\nrules: {}\n", `line 2: expected the end of the file, found a second YAML document`},
		"NotYAML":      {"rules:\n  a: deny\n b: c\n", `line 3: not YAML: did not find expected key`},
		"Tab":          {"rules:\n\ta: deny\n", `line 2: not YAML: found character that cannot start any token`},
		"SecondBroken": {"rules: {}\n---\nrules: [\n", `line 3: not YAML: did not find expected node content`},
		"Alias":        {"rules: *nobody\n", `line 1: not YAML: unknown anchor 'nobody' referenced`},
		"All": {
			"rules:\n  a: dney\nsidecar: []\nsidecars: x\n",
			`line 2: rules.a: expected ` + actions + `, found "dney"; line 3: unknown key "sidecar": expected ` + keys +
				`; line 4: sidecars: expected a list of names of containers, found "x"`,
		},
		"Many": {
			"sidecars: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n",
			strings.TrimPrefix(manySidecars(10), "; ") + "; and 2 more",
		},
		"Long": {
			"docsURL: " + strings.Repeat("x", 1000) + "\n", `line 1: docsURL: expected ` + page + `, found "` + strings.Repeat("x", 60) + `..."`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(test.text))
			assert.EqualError(t, err, test.want)
			assert.Nil(t, got, "half of the settings are none")
		})
	}
}

func manySidecars(count int) string {
	var all strings.Builder
	for i := range count {
		all.WriteString("; line 1: sidecars[" + string(rune('0'+i)) + "]: expected the name of a container, found 1 without quotes")
	}
	return all.String()
}

// An alias stands for what it names, wherever that is allowed.
func TestParseAliases(t *testing.T) {
	got, err := Parse([]byte("rules: &all\n  pinned-image: &off off\n  replicas: *off\nnamespaces:\n  shop:\n    rules: *all\n"))
	require.NoError(t, err)
	want := []RuleAction{{"pinned-image", policy.Off, 2}, {"replicas", policy.Off, 3}}
	assert.Equal(t, want, got.Rules)
	assert.Equal(t, want, got.Namespaces["shop"])
}
