package policy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

const tested = `package acme.lib.names

names contains name if some name in input.settings.sidecars

longer(name, than) if count(name) > than
`

// ran runs tests of acme.lib.names.
func ran(t *testing.T, source string) []policy.TestResult {
	t.Helper()
	imports := ""
	if strings.Contains(source, "names.") {
		imports = "import data.acme.lib.names"
	}
	modules, err := policy.ParseAll(map[string]string{
		"acme/names.rego": tested, "acme/names_test.rego": "package acme.lib.names_test\n\n" + imports + "\n\n" + source,
	})
	require.NoError(t, err)
	results, err := policy.Test(t.Context(), modules, policy.TestOptions{Timeout: 200 * time.Millisecond})
	require.NoError(t, err)
	return results
}

// TestFailures holds what an author reads about a test that failed.
func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []string
	}{
		"Passes": {source: `test_it if names.longer("abc", 2)`},
		"Equal": {
			source: "test_it if {\n\tfound := names.names with input as {\"settings\": {\"sidecars\": [\"a\"]}}\n\tfound == {\"b\"}\n}",
			want:   []string{`acme/names_test.rego:7: test_it failed: found == {"b"}, here {"a"} == {"b"}`},
		},
		"Count": {
			source: "test_it if count(names.names) == 1 with input as {\"settings\": {\"sidecars\": []}}",
			want: []string{`acme/names_test.rego:5: test_it failed: ` +
				`count(names.names) == 1 with input as {"settings": {"sidecars": []}}, here 0 == 1`},
		},
		"NotTrue":   {source: `test_it if names.longer("abc", 3)`, want: []string{`acme/names_test.rego:5: test_it failed: names.longer("abc", 3)`}},
		"Not":       {source: `test_it if not names.longer("abc", 2)`, want: []string{`acme/names_test.rego:5: test_it failed: not names.longer("abc", 2)`}},
		"False":     {source: `test_it := false`, want: []string{`acme/names_test.rego:5: test_it failed: it is not true`}},
		"NoBoolean": {source: `test_it := "yes"`, want: []string{`acme/names_test.rego:5: test_it failed: it is not true`}},
		"LastReached": {
			source: "test_it if {\n\tsome name in names.names with input as {\"settings\": {\"sidecars\": [\"a\", \"b\"]}}\n\tnames.longer(name, 1)\n}",
			want:   []string{`acme/names_test.rego:7: test_it failed: names.longer(name, 1)`},
		},
		"Cases": {
			source: "test_it[note] if {\n\tsome note, case in {\n\t\t\"long\": {\"name\": \"abc\", \"want\": 3},\n\t\t\"none\": {\"name\": \"\", \"want\": 1},\n\t\t" +
				"\"short\": {\"name\": \"a\", \"want\": 2},\n\t}\n\tcount(case.name) == case.want\n}",
			want: []string{
				`acme/names_test.rego:11: test_it/none failed: count(case.name) == case.want, here 0 == 1`,
				`acme/names_test.rego:11: test_it/short failed: count(case.name) == case.want, here 1 == 2`,
			},
		},
		"BuiltinError": {
			source: "test_it if {\n\tto_number(\"x\") == 1\n}",
			want:   []string{`acme/names_test.rego:6: test_it failed: to_number: strconv.ParseFloat: parsing "x": invalid syntax`},
		},
		"Endless": {
			source: "test_it if {\n\tcount([1 | some x in numbers.range(1, 100000); some y in numbers.range(1, 100000); x == y + 0.5]) == 1\n}",
			want:   []string{`acme/names_test.rego:5: test_it failed: no result within 200ms`},
		},
		"LongValues": {
			source: "test_it if {\n\tconcat(\"\", [\"" + strings.Repeat("x", 200) + "\"]) == \"y\"\n}",
			want: []string{`acme/names_test.rego:6: test_it failed: concat("", ["` + strings.Repeat("x", 104) + `..., here "` +
				strings.Repeat("x", 116) + `... == "y"`},
		},
		"OfTwoOneFailed": {
			source: "test_first if names.longer(\"abc\", 2)\n\ntest_second if names.longer(\"abc\", 3)",
			want:   []string{`acme/names_test.rego:7: test_second failed: names.longer("abc", 3)`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var found []string
			for _, result := range ran(t, test.source) {
				for _, problem := range result.Problems() {
					assert.Equal(t, policy.TestFailed, problem.Kind)
					found = append(found, problem.String())
				}
			}
			assert.Equal(t, test.want, found)
		})
	}
}

func TestResults(t *testing.T) {
	results := ran(t, "test_b if names.longer(\"abc\", 2)\n\ntodo_test_later if false\n\ntest_a if names.longer(\"abc\", 2)\n\ntest_a if names.longer(\"abc\", 1)")
	var order []string
	for _, result := range results {
		assert.Equal(t, "acme.lib.names_test", result.Package)
		assert.Equal(t, result.Name == "todo_test_later", result.Skipped)
		assert.False(t, result.Failed())
		order = append(order, result.Name)
	}
	assert.Len(t, order, 4)
	assert.Equal(t, []string{"test_b", "todo_test_later"}, order[:2])
}

// TestTestsRefuse holds that tests compile as rules do, and that what did not run
// has not passed.
func TestTestsRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   string
	}{
		"Forbidden": {source: `test_it if http.send({"method": "get", "url": "http://x"})`, want: "acme.rego:3:12: undefined function http.send"},
		"Misspelt":  {source: "test_it if input.objekt == 1", want: "acme.rego:3:12: undefined ref: input.objekt; there is facts, kind, name"},
		"NotStrict": {source: "test_it if {\n\tx := 1\n}", want: "acme.rego:4:2: assigned var x unused"},
	} {
		t.Run(name, func(t *testing.T) {
			modules, err := policy.ParseAll(map[string]string{"acme.rego": "package acme_test\n\n" + test.source})
			require.NoError(t, err)
			_, err = policy.Test(t.Context(), modules, policy.TestOptions{})
			var problems policy.Problems
			require.ErrorAs(t, err, &problems)
			assert.ErrorContains(t, err, test.want)
		})
	}

	t.Run("NoTimeLeft", func(t *testing.T) {
		modules, err := policy.ParseAll(map[string]string{"acme.rego": "package acme_test\n\ntest_it if input.kind == \"x\""})
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(assert.AnError)
		_, err = policy.Test(ctx, modules, policy.TestOptions{})
		require.ErrorIs(t, err, assert.AnError)
	})

	t.Run("Print", func(t *testing.T) {
		modules, err := policy.ParseAll(map[string]string{"acme.rego": "package acme_test\n\ntest_it if print(\"hello\", 1)"})
		require.NoError(t, err)
		results, err := policy.Test(t.Context(), modules, policy.TestOptions{Print: true})
		require.NoError(t, err)
		assert.Equal(t, "hello 1\n", results[0].Output)
	})
}
