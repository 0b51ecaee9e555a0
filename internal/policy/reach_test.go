package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// TestReach: what modules may look at is what their tests need beside them.
func TestReach(t *testing.T) {
	parse := func(name, source string) *policy.Module {
		module, err := policy.Parse(name+".rego", source+"\n")
		require.NoError(t, err)
		return module
	}
	others := []*policy.Module{
		parse("a", "package tealgate.rules.a\n\ny := data.tealgate.lib.z"),
		parse("a_more", "package tealgate.rules.a\n\nx := 1"),
		parse("b", "package tealgate.rules.b\n\nx := 1"),
		parse("lib", "package tealgate.lib\n\nz := 1"),
		parse("main", "package tealgate.main\n\nx[name] := data.tealgate.rules[name].x"),
	}
	all := []string{"a.rego", "a_more.rego", "b.rego", "lib.rego", "main.rego"}
	for source, want := range map[string][]string{
		"x := 1":                            nil,
		"x := input.tealgate.rules.a":       nil,
		"x := data.acme":                    nil,
		"x := data.tealgate.rules.b":        {"b.rego"},
		"x := data.tealgate.rules.b.x[0].z": {"b.rego"},
		"x := data.tealgate.rules.a.y":      {"a.rego", "a_more.rego", "lib.rego"},
		"import data.tealgate.rules.a":      {"a.rego", "a_more.rego", "lib.rego"},
		"x := data.tealgate.rules[input.y]": {"a.rego", "a_more.rego", "b.rego", "lib.rego"},
		"x := data.tealgate.main.x":         {"main.rego", "a.rego", "a_more.rego", "b.rego", "lib.rego"},
		"x := data.tealgate":                all,
		"x := data[input.y]":                all,
		"x := count(data)":                  all,
	} {
		var reached []string
		for _, module := range policy.Reach([]*policy.Module{parse("own", "package tealgate.rules.own\n\n"+source)}, others) {
			reached = append(reached, module.File)
		}
		assert.Equal(t, want, reached, source)
	}
}
