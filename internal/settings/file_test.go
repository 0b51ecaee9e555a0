package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

func TestParseFile(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: tealgate-settings\n"
	for name, test := range map[string]struct {
		reason, text string
		line         int
	}{
		"Settings":     {"the settings themselves", "rules:\n  replicas: off\n", 2},
		"ConfigMap":    {"as it is applied", head + "data:\n  settings.yaml: |\n    # ours\n    rules:\n      replicas: off\n", 9},
		"AmongOthers":  {"a whole folder in one file", "kind: Namespace\nmetadata: {name: tealgate-settings}\n---\n# next\n---\n" + head + "data:\n  settings.yaml: |-\n    rules: {replicas: off}\n", 12},
		"OtherMapNext": {"only that name counts", "kind: ConfigMap\nmetadata: {name: other}\n---\n" + head + "data: {settings.yaml: 'rules: {replicas: off}'}\n", 1},
		"JSON":         {"as kubectl prints it", `{"kind": "ConfigMap", "metadata": {"name": "tealgate-settings"}, "data": {"settings.yaml": "rules:\n  replicas: off\n"}}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFile([]byte(test.text))
			require.NoError(t, err, test.reason)
			assert.Equal(t, []RuleAction{{"replicas", policy.Off, test.line}}, got.Rules)
		})
	}
	for name, text := range map[string]string{"Empty": "", "Comment": "# nothing\n", "Documents": "---\n---\n"} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFile([]byte(text))
			require.NoError(t, err)
			assert.Equal(t, Default(), got)
		})
	}
}

func TestParseFileRefuses(t *testing.T) {
	const head = "kind: ConfigMap\nmetadata: {name: tealgate-settings}\n"
	for name, test := range map[string]struct{ text, want string }{
		"Settings":  {"rule: {}\n", `line 1: unknown key "rule": expected docsURL, rules, namespaces, sidecars, unmanaged, patterns, prometheus, notifications, releases`},
		"ConfigMap": {head + "data:\n  settings.yaml: |\n    rules:\n      replicas: no\n", `line 6: rules.replicas: expected deny, warn, advise or off, found "no"`},
		"Broken":    {head + "data:\n  settings.yaml: |\n    rules: [\n", `line 5: not YAML: did not find expected node content`},
		"Quoted":    {head + "data: {settings.yaml: \"\\nrules: []\"}\n", `settings.yaml in line 3: line 2: rules: expected a map from rule to action, found a list`},
		"NoKey":     {head + "data:\n  settings.yml: ''\n", `line 1: ConfigMap tealgate-settings has no key settings.yaml`},
		"NoData":    {head, `line 1: ConfigMap tealgate-settings has no key settings.yaml`},
		"Others":    {"kind: ConfigMap\nmetadata: {name: x}\n---\nrules: {}\n", `these are manifests, and none is the ConfigMap tealgate-settings`},
		"NotYAML":   {"kind: ConfigMap\nmetadata: {name\n", `line 2: not YAML: did not find expected ',' or '}'`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFile([]byte(test.text))
			assert.EqualError(t, err, test.want)
			assert.Nil(t, got)
		})
	}
}
