package policies_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

// TestRego runs the rules' own tests, each as a subtest, and then asks which
// lines of the rules they have not reached.
func TestRego(t *testing.T) {
	modules := parsed(t)
	tracer := &tracer{Cover: cover.New(), found: map[string][]sample{}}
	for _, result := range run(t, modules, tracer) {
		t.Run(strings.TrimPrefix(result.Package, "data.tealgate.")+"/"+result.Name, func(t *testing.T) {
			require.NoError(t, result.Error)
			assert.Empty(t, failures(result), "cases that failed, see %s:%d", result.Location.File, result.Location.Row)
			assert.False(t, result.Fail && len(result.SubResults) == 0, "failed, see %s:%d", result.Location.File, result.Location.Row)
			assert.False(t, result.Skip, "skipped")
		})
	}
	t.Run("coverage", func(t *testing.T) {
		report := tracer.Report(modules)
		for _, file := range slices.Sorted(maps.Keys(modules)) {
			if isTest(file) {
				continue
			}
			assert.Empty(t, uncovered(modules[file], report.Files[file]), "%s: lines that no Rego test reaches", file)
		}
	})
	t.Run("messages", func(t *testing.T) { checkMessages(t, tracer.found) })
	t.Run("answers", func(t *testing.T) { checkAnswers(t, tracer.found) })
	t.Run("fixes", func(t *testing.T) { checkFixes(t, tracer.found) })
}

// tracer measures coverage and keeps every violation that a test provokes, by rule
// package and message. Tests run side by side.
type tracer struct {
	*cover.Cover
	lock  sync.Mutex
	found map[string][]sample
}

// sample is one violation and the question that it answers.
type sample struct {
	subject string
	with    map[string]any
	input   *ast.Term
}

// TraceEvent implements topdown.QueryTracer.
func (c *tracer) TraceEvent(event topdown.Event) {
	c.Cover.TraceEvent(event)
	rule, ok := event.Node.(*ast.Rule)
	if event.Op != topdown.ExitOp || !ok || rule.Head.Name != "violation" || rule.Head.Key == nil {
		return
	}
	value, err := ast.JSON(event.Plug(rule.Head.Key).Value)
	violation, ok := value.(map[string]any)
	if err != nil || !ok {
		return
	}
	found := sample{input: event.Input()}
	found.subject, _ = violation["subject"].(string)
	found.with, _ = violation["with"].(map[string]any)
	pkg := rule.Module.Package.Path
	name, _ := pkg[len(pkg)-1].Value.(ast.String)
	key := fmt.Sprintf("%s/%v", string(name), violation["message"])
	c.lock.Lock()
	defer c.lock.Unlock()
	c.found[key] = append(c.found[key], found)
}

// run compiles as the program does, tests included, and runs every test.
func run(t *testing.T, modules map[string]*ast.Module, coverage topdown.QueryTracer) []*tester.Result {
	t.Helper()
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, policy.Schema())
	store := inmem.New()
	compiler := ast.NewCompiler().WithStrict(true).WithSchemas(schemas)
	runner := tester.NewRunner().
		SetCompiler(compiler).
		SetStore(store).
		SetModules(modules).
		SetCoverageQueryTracer(coverage).
		SetTimeout(time.Minute).
		RaiseBuiltinErrors(true)
	var results []*tester.Result
	require.NoError(t, storage.Txn(t.Context(), store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		found, err := runner.RunTests(t.Context(), txn)
		if err != nil {
			return err
		}
		for result := range found {
			results = append(results, result)
		}
		return nil
	}))
	require.NotEmpty(t, results, "no Rego tests found")
	return results
}

// failures are the names of the cases of a table test that failed.
func failures(result *tester.Result) []string {
	var failed []string
	for names, sub := range result.SubResults.Iter {
		if sub.Fail && len(sub.SubResults) == 0 {
			failed = append(failed, strings.Join(names, "/"))
		}
	}
	slices.Sort(failed)
	return failed
}

// uncovered are the lines of a module that no test reached. A file that no test
// touched at all is not in the report: then it is every rule's line.
func uncovered(module *ast.Module, report *cover.FileReport) []string {
	var lines []string
	if report == nil {
		for _, rule := range module.Rules {
			lines = append(lines, fmt.Sprint(rule.Location.Row))
		}
		return lines
	}
	for _, gap := range report.NotCovered {
		lines = append(lines, fmt.Sprint(gap.Start.Row))
	}
	return slices.Compact(lines)
}

// TestRules: what each rule needs to be complete.
func TestRules(t *testing.T) {
	engine := engine(t)
	require.NoError(t, engine.Complete())

	all := sources(t)
	folders := map[string]bool{}
	for file := range all {
		if strings.HasPrefix(file, "rules/") {
			folders[path.Base(path.Dir(file))] = true
		}
	}
	var ids []string
	for _, rule := range engine.Rules() {
		ids = append(ids, rule.ID)
	}
	assert.Equal(t, slices.Sorted(maps.Keys(folders)), ids, "a rule's id is its folder's name")
	for _, id := range ids {
		for _, suffix := range []string{".rego", "_test.rego"} {
			file := "rules/" + id + "/" + id + suffix
			_, exists := all[file]
			assert.True(t, exists, "%s is missing", file)
		}
	}
}

// checkMessages fills every message with the values of all violations that the
// rules' own tests provoked, and holds the sentences to the style of answers.
func checkMessages(t *testing.T, found map[string][]sample) {
	t.Helper()
	for _, rule := range engine(t).Rules() {
		for _, name := range slices.Sorted(maps.Keys(rule.Messages)) {
			t.Run(rule.ID+"/"+name, func(t *testing.T) {
				samples := found[rule.Package+"/"+name]
				require.NotEmpty(t, samples, "no Rego test provokes this message")
				for _, sample := range samples {
					inspect(t, rule.Messages[name], sample.with)
				}
			})
		}
	}
}

func inspect(t *testing.T, message *policy.Message, with map[string]any) {
	t.Helper()
	texts := map[policy.Language]policy.Text{}
	for _, language := range policy.Languages() {
		text, err := message.Fill(language, with)
		require.NoError(t, err)
		texts[language] = text
		for _, part := range []string{text.Body, text.After, text.Fix, text.FixAt} {
			assert.NotContains(t, part, `"`, "double quotes come out escaped in logs: %s", language)
			assert.NotContains(t, part, "%!", "a broken sprintf: %s", language)
			assert.NotContains(t, part, "<no value>", "a hole: %s", language)
		}
	}
	english, chinese := texts[policy.English], texts[policy.Chinese]
	for _, word := range []string{"violates", "please", "invalid"} {
		assert.NotContains(t, strings.ToLower(english.Body+english.After), word)
	}
	assert.Equal(t, literal(english.Body), literal(chinese.Body), "only prose may differ between languages")
	assert.Equal(t, english.Fix, chinese.Fix)
	if english.Fix != "" {
		var document any
		assert.NoError(t, util.Unmarshal([]byte(english.Fix), &document), "the fix is YAML: %s", english.Fix)
	}
	assert.Equal(t, english.After == "", chinese.After == "", "both languages or none have a text after all problems")
}

// literal are the indented lines of a message.
func literal(body string) []string {
	var lines []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "  ") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

func engine(t *testing.T) *policy.Engine {
	t.Helper()
	modules, err := policies.Modules()
	require.NoError(t, err)
	engine, err := policy.New(t.Context(), modules)
	require.NoError(t, err)
	return engine
}

func sources(t *testing.T) map[string]string {
	t.Helper()
	modules, err := policies.ModulesWithTests()
	require.NoError(t, err)
	return modules
}

func parsed(t *testing.T) map[string]*ast.Module {
	t.Helper()
	modules := map[string]*ast.Module{}
	for file, source := range sources(t) {
		module, err := ast.ParseModuleWithOpts(file, source, ast.ParserOptions{ProcessAnnotation: true})
		require.NoError(t, err)
		modules[file] = module
	}
	return modules
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.rego") }
