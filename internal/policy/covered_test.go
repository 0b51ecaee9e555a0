package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// TestCovered holds which lines count as reached, and that --run chooses tests.
func TestCovered(t *testing.T) {
	const rule = `package acme.lib.rule

big if {
	input.object.spec.replicas > 10
}

big if {
	input.user == "root"
	input.name == "big"
}

reason := "because" if big
`
	const tests = `package acme.lib.rule_test

import data.acme.lib.rule

test_big if rule.big with input as {"object": {"spec": {"replicas": 11}}}

test_small if not rule.big with input as {"object": {"spec": {"replicas": 1}}}
`
	modules, err := policy.ParseAll(map[string]string{"rule.rego": rule, "rule_test.rego": tests})
	require.NoError(t, err)
	notTests := func(m *policy.Module) bool { return !m.Tests() }
	for name, test := range map[string]struct {
		run   string
		names []string
		want  policy.Coverage
	}{
		"All": {
			names: []string{"test_big", "test_small"},
			want:  policy.Coverage{File: "rule.rego", Covered: 2, Uncovered: 4, Missed: []policy.Span{{First: 7, Last: 9}, {First: 12, Last: 12}}},
		},
		"One": {
			run: `rule_test\.test_small$`, names: []string{"test_small"},
			want: policy.Coverage{File: "rule.rego", Covered: 1, Uncovered: 5, Missed: []policy.Span{{First: 3, Last: 3}, {First: 7, Last: 9}, {First: 12, Last: 12}}},
		},
		"None": {
			run:  "gone",
			want: policy.Coverage{File: "rule.rego", Uncovered: 6, Missed: []policy.Span{{First: 3, Last: 4}, {First: 7, Last: 9}, {First: 12, Last: 12}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			results, coverage, err := policy.TestCovered(t.Context(), modules, policy.TestOptions{Run: test.run}, notTests)
			require.NoError(t, err)
			var names []string
			for _, result := range results {
				assert.False(t, result.Failed(), result.Name)
				names = append(names, result.Name)
			}
			assert.Equal(t, test.names, names)
			assert.Equal(t, []policy.Coverage{test.want}, coverage)
		})
	}
	_, _, err = policy.TestCovered(t.Context(), modules, policy.TestOptions{Run: "("}, notTests)
	assert.ErrorContains(t, err, "missing closing )")
}
