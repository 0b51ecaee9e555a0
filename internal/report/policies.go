package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/authoring"
	"github.com/tealgate/tealgate/internal/policy"
)

// PolicyOptions says how to write what was found about policies.
type PolicyOptions struct {
	Language policy.Language
	// Color is for a terminal.
	Color bool
	// Each asks for tests that pass, and for what tests print.
	Each bool
}

type policyWords struct {
	warning, fails                   string
	problem, problems, rule, rules   string
	fine, instead, comma             string
	pass, fail, test, tests, skipped string
	coverage, missed                 string
}

var policyPhrases = map[policy.Language]policyWords{
	policy.English: {
		warning: "Warning: ", fails: "%s fails: %s\n", problem: "%d problem\n", problems: "%d problems\n",
		rule: "%d rule", rules: "%d rules", fine: "%s, no problems", instead: "%s (instead of the built-in one)", comma: ", ",
		pass: "%d %s", fail: "%d of %d %s", test: "test", tests: "tests", skipped: ", %d skipped",
		coverage: ", coverage %s %%", missed: "not covered: ",
	},
	policy.Chinese: {
		warning: "警告：", fails: "%s 失败：%s\n", problem: "%d 处问题\n", problems: "%d 处问题\n",
		rule: "%d 条规则", rules: "%d 条规则", fine: "%s，没有问题", instead: "%s（替换内置规则）", comma: "、",
		pass: "%d 个%s", fail: "%[2]d 个%[3]s中有 %[1]d 个失败", test: "测试", tests: "测试", skipped: "，跳过 %d 个",
		coverage: "，覆盖率 %s %%", missed: "未覆盖：",
	},
}

// WritePolicies writes what keeps policies from being loaded, one line each.
func WritePolicies(out io.Writer, report *authoring.Report, options PolicyOptions) error {
	said, p := policyPhrases[options.Language], paint(options.Color)
	var b strings.Builder
	writeProblems(&b, report, options)
	switch count := len(report.Problems); {
	case count > 0:
		fmt.Fprintf(&b, p.in(red, plural(count, said.problem, said.problems)), count)
	default:
		b.WriteString(said.loaded(report) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func writeProblems(b *strings.Builder, report *authoring.Report, options PolicyOptions) {
	for _, problem := range report.Problems {
		writeProblem(b, problem, options)
	}
	for _, doubt := range report.Doubts {
		b.WriteString(Doubt(doubt, options) + "\n")
	}
}

// Doubt is one that keeps nothing from being loaded, as a line.
func Doubt(doubt policy.Problem, options PolicyOptions) string {
	return paint(options.Color).in(yellow, policyPhrases[options.Language].warning) + message.PolicyProblem(options.Language, doubt)
}

// writeProblem has the place first, as compilers do, where editors look for it.
func writeProblem(b *strings.Builder, problem policy.Problem, options PolicyOptions) {
	place := problem.Position()
	if place != "" {
		fmt.Fprintf(b, "%s: ", paint(options.Color).in(bold, slashed(place)))
	}
	if problem.Kind == policy.TestFailed {
		// As Rego: sentences have no double quotes.
		fmt.Fprintf(b, policyPhrases[options.Language].fails, problem.Subject, oneLine(problem.Detail))
		return
	}
	problem.File = ""
	fmt.Fprintf(b, "%s\n", message.PolicyProblem(options.Language, problem))
}

// loaded names the rules.
func (said policyWords) loaded(report *authoring.Report) string {
	text := fmt.Sprintf(said.fine, fmt.Sprintf(plural(len(report.Rules), said.rule, said.rules), len(report.Rules)))
	replaced := map[string]bool{}
	for _, id := range report.Replaced {
		replaced[id] = true
	}
	var names []string
	for _, rule := range report.Rules {
		name := rule.ID
		if replaced[name] {
			name = fmt.Sprintf(said.instead, name)
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, said.comma)
	}
	return text
}

// WriteTests writes what came of tests: what failed, what was not reached, and in the
// end the verdict.
func WriteTests(out io.Writer, report *authoring.TestReport, options PolicyOptions) error {
	if len(report.Problems) > 0 {
		return WritePolicies(out, &report.Report, options)
	}
	said, p := policyPhrases[options.Language], paint(options.Color)
	var b strings.Builder
	skipped := 0
	for _, test := range report.Tests {
		if test.Skipped {
			skipped++
		}
		writeTest(&b, test, options)
	}
	for _, file := range report.Coverage {
		if len(file.Missed) > 0 {
			fmt.Fprintf(&b, "%s: %s%s\n", p.in(bold, slashed(file.File)), said.missed, spans(file.Missed))
		}
	}
	failed, all := report.Failed(), len(report.Tests)-skipped
	verdict := p.in(green, "PASS") + " " + fmt.Sprintf(said.pass, all, plural(all, said.test, said.tests))
	if failed > 0 {
		verdict = p.in(red, "FAIL") + " " + fmt.Sprintf(said.fail, failed, all, plural(all, said.test, said.tests))
	}
	if skipped > 0 {
		verdict += fmt.Sprintf(said.skipped, skipped)
	}
	fmt.Fprintf(&b, "%s%s\n", verdict, fmt.Sprintf(said.coverage, percent(report.Covered())))
	_, err := io.WriteString(out, b.String())
	return err
}

func writeTest(b *strings.Builder, test policy.TestResult, options PolicyOptions) {
	for _, problem := range test.Problems() {
		writeProblem(b, problem, options)
	}
	if !options.Each {
		return
	}
	if !test.Failed() {
		verdict := "PASS"
		if test.Skipped {
			verdict = "SKIP"
		}
		fmt.Fprintf(b, "%s %s.%s (%s)\n", verdict, test.Package, test.Name, test.Duration.Round(10*time.Microsecond))
	}
	for line := range strings.Lines(test.Output) {
		fmt.Fprintf(b, "  %s\n", oneLine(strings.TrimSuffix(line, "\n")))
	}
}

// spans are lines as people write them.
func spans(missed []policy.Span) string {
	parts := make([]string, len(missed))
	for i, span := range missed {
		parts[i] = fmt.Sprint(span.First)
		if span.Last > span.First {
			parts[i] = fmt.Sprintf("%d-%d", span.First, span.Last)
		}
	}
	return strings.Join(parts, ", ")
}

// percent never says 100 of what is less.
func percent(share float64) string {
	if share == float64(int(share)) {
		return fmt.Sprint(int(share))
	}
	return fmt.Sprintf("%.1f", min(share, 99.9))
}
