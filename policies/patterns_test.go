package policies_test

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linear are the built-in functions that search in time linear in the text: Go's
// regexp is RE2. regex.globs_match and regex.template_match are none of them.
var linear = []string{
	"regex.match", "regex.replace", "regex.split", "regex.find_n", "regex.find_all_string_submatch_n", "glob.match",
}

// words is the one form of glob that is: each alternative a word between two stars.
// One with a single ? in it, or with the braces between the stars, took a thousand
// times as long.
var words = regexp.MustCompile(`^\{(\*[^*?{}\[\],]+\*,)*\*[^*?{}\[\],]+\*\}$`)

// TestPatternsAreLinear holds the rules to searches that nobody can make slow: what
// is searched comes from whoever applies a manifest.
func TestPatternsAreLinear(t *testing.T) {
	modules := parsed(t)
	compiler := ast.NewCompiler()
	compiler.Compile(modules)
	require.False(t, compiler.Failed(), "%v", compiler.Errors)
	globs, expressions := 0, 0
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		if isTest(file) {
			continue
		}
		ast.WalkExprs(compiler.Modules[file], func(expr *ast.Expr) bool {
			if !expr.IsCall() {
				return false
			}
			name := expr.Operator().String()
			if !strings.HasPrefix(name, "regex.") && !strings.HasPrefix(name, "glob.") {
				return false
			}
			if !assert.Contains(t, linear, name, "%s", expr.Location) {
				return false
			}
			pattern, literal := expr.Operand(patternOf(name)).Value.(ast.String)
			switch {
			case name == "glob.match":
				globs++
				assert.True(t, literal, "%s: the glob is not written out", expr.Location)
				assert.Regexp(t, words, string(pattern), "%s", expr.Location)
			case literal:
				expressions++
				parsed, err := syntax.Parse(string(pattern), syntax.Perl)
				require.NoError(t, err, "%s", expr.Location)
				assert.LessOrEqual(t, parsed.MaxCap(), 10, "%s", expr.Location)
			}
			return false
		})
	}
	assert.Positive(t, globs)
	assert.Positive(t, expressions)
}

// patternOf is where a function takes its pattern.
func patternOf(name string) int {
	if name == "regex.replace" {
		return 1
	}
	return 0
}
