package policies_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// checkAnswers holds every message of every rule against a golden file, as a person
// reads it, and the files against the rules: none is missing, none is left over.
func checkAnswers(t *testing.T, found map[string][]sample) {
	t.Helper()
	want := map[string]string{}
	for _, rule := range engine(t).Rules() {
		for _, language := range policy.Languages() {
			var out strings.Builder
			for _, name := range slices.Sorted(maps.Keys(rule.Messages)) {
				samples := found[rule.Package+"/"+name]
				if !assert.NotEmpty(t, samples, "%s/%s: no Rego test provokes this message", rule.ID, name) {
					continue
				}
				text, full := answer(t, language, rule, name, samples)
				fmt.Fprintf(&out, "=== %s (%s)\n%s\n", name, rule.Messages[name].Action, text)
				if full != "" {
					fmt.Fprintf(&out, "=== %s, as check says it\n%s\n", name, full)
				}
			}
			want[fmt.Sprintf("%s.%s.txt", rule.ID, language)] = out.String()
		}
	}
	if *update {
		require.NoError(t, os.RemoveAll("testdata"))
		require.NoError(t, os.Mkdir("testdata", 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join("testdata", name), []byte(text), 0o644))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		golden, err := os.ReadFile(filepath.Join("testdata", name))
		if assert.NoError(t, err, "go test ./policies -update writes it") {
			assert.Equal(t, string(golden), want[name], "%s: go test ./policies -update writes it", name)
		}
	}
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, entry := range entries {
		_, wanted := want[entry.Name()]
		assert.True(t, wanted, "%s: no rule has this golden file", entry.Name())
	}
}

// answer writes one message with the values of one sample, the same in each run: of
// one whose input says example: true, else of the largest question, which reads most
// like one that somebody asks. A warning is one line at admission, and the check says
// it with its cure.
func answer(t *testing.T, language policy.Language, rule *policy.Rule, name string, samples []sample) (text, full string) {
	t.Helper()
	where := fmt.Sprintf("%s/%s in %s", rule.ID, name, language)
	key := func(s sample) string { return asJSON(t, s.with) + s.object().String() }
	chosen := slices.MinFunc(samples, func(a, b sample) int {
		return cmp.Or(cmp.Compare(b.size(), a.size()), cmp.Compare(key(a), key(b)))
	})
	violation := policy.Violation{Rule: rule, Message: rule.Messages[name], With: chosen.with, Action: rule.Messages[name].Action}
	if violation.Action == policy.Deny {
		text, err := message.Denial(language, chosen.object(), []policy.Violation{violation})
		require.NoError(t, err, where)
		inspectDenial(t, where, text)
		return text + "\n", ""
	}
	lines, err := message.Warnings(language, chosen.object(), []message.Finding{{Violation: violation}}, message.MaxWarnings)
	require.NoError(t, err, where)
	require.Len(t, lines, 1, where)
	assert.NotContains(t, lines[0], `"`, where)
	assert.NotContains(t, lines[0], "\n", "%s: a warning with a line break vanishes", where)
	assert.LessOrEqual(t, utf8.RuneCountInString(lines[0]), message.MaxWarningRunes, where)
	sentence, err := message.Say(language, violation)
	require.NoError(t, err, where)
	inspectLines(t, where, strings.Split(sentence.Full, "\n"))
	return lines[0] + "\n", sentence.Full + "\n"
}

// inspectDenial holds an answer to the contract of the documentation.
func inspectDenial(t *testing.T, where, text string) {
	t.Helper()
	assert.NotContains(t, text, `"`, "%s: double quotes come out escaped in logs", where)
	lines := strings.Split(text, "\n")
	require.Greater(t, len(lines), 2, where)
	assert.Empty(t, lines[1], "%s: the verdict is one line, and an empty one follows", where)
	inspectLines(t, where, lines[1:])
	last := lines[len(lines)-1]
	assert.NotEmpty(t, last, where)
	assert.False(t, isLiteral(last), "%s: ends with a block, not with prose or More:\n%s", where, text)
}

func inspectLines(t *testing.T, where string, lines []string) {
	t.Helper()
	for _, line := range lines {
		switch {
		case uniseg.StringWidth(line) <= 78:
		case isLiteral(line):
			t.Logf("%s: a literal line of %d columns: %s", where, uniseg.StringWidth(line), line)
		default:
			assert.Fail(t, "a line of over 78 columns", "%s: %s", where, line)
		}
	}
}

// isLiteral: blocks are indented below the margin of prose.
func isLiteral(line string) bool { return strings.HasPrefix(line, "     ") }

// size is that of the question. An example is larger than every other.
func (s sample) size() int {
	if s.input.Get(ast.StringTerm("example")) != nil {
		return math.MaxInt
	}
	return len(s.input.String())
}

// object is what the sample is about. Tests leave out what their rule does not read.
func (s sample) object() message.Object {
	text := func(key string) string {
		term := s.input.Get(ast.StringTerm(key))
		if term == nil {
			return ""
		}
		value, _ := term.Value.(ast.String)
		return string(value)
	}
	name := map[string]string{"Deployment": "shop-green", "Service": "shop"}[text("kind")]
	return message.Object{Kind: text("kind"), Namespace: cmp.Or(text("namespace"), "shop"), Name: cmp.Or(text("name"), name)}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	return string(raw)
}
