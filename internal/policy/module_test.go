package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

func TestParse(t *testing.T) {
	module, err := policy.Parse("acme/owner.rego", "# A comment.\npackage tealgate.rules.team_owner\n\nviolation contains 1\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"tealgate", "rules", "team_owner"}, module.Package)
	assert.Equal(t, "tealgate.rules.team_owner", module.PackageName())
	assert.Equal(t, "team_owner", module.Rule())
	assert.Equal(t, 2, module.Line)
	assert.True(t, module.Below("tealgate", "rules"))
	assert.False(t, module.Below("tealgate", "lib"))
	assert.True(t, module.DefinesViolation())
	assert.False(t, module.Tests())

	module, err = policy.Parse("x.rego", "package tealgate.rules.a.b\n\ntest_x if true\n")
	require.NoError(t, err)
	assert.Empty(t, module.Rule())
	assert.True(t, module.Tests())
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"Nothing":    {"", "x.rego: empty module"},
		"Comment":    {"# Nothing yet.\n", "x.rego: empty module"},
		"NoPackage":  {"x := 1\n", "x.rego:1:1: package expected"},
		"OldSyntax":  {"package a\n\nx[y] { y := 1 }\n", "x.rego:3:1: `if` keyword is required before rule body"},
		"Unfinished": {"package a\n\nx if {\n", "x.rego:4: unexpected eof token"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse("x.rego", test.source)
			var problems policy.Problems
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, policy.NotRego, problems[0].Kind)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
