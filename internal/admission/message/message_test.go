package message_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/policies"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

var shop = message.Object{Kind: "Deployment", Namespace: "shop", Name: "shop-green"}

// layoutRule has a message of each form that a rule's author can write.
const layoutRule = `# METADATA
# title: %[1]s
# description: %[1]s
# custom:
#   id: %[1]s
#   action: deny
#   messages:
#     plain:
#       en: |-
#         container {{.name}} has no such thing as this sentence asks for. It goes on until it has to
#         be wrapped. Nothing was changed.
#       zh: |-
#         容器 {{.name}} 没有这句话所要求的东西。这句话很长，必须换行（括号、逗号和“引号”都不能出现在行首）。没有任何修改生效。
#     fixed:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           containers:
#           - name: {{.name}}
#             readinessProbe:
#               {{.lines}}
#       en: |-
#         container {{.name}} answers before it can.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#
#         Prose behind a block starts at the margin again.
#       zh: |-
#         容器 {{.name}} 还不能应答就会接到流量。
#
#         在 {{.at}} 中加入，然后重新 apply：
#
#           {{.fix}}
#
#         代码块之后的文字重新从左边距开始。
#       after:
#         en: Said once, behind the last that has it.
#         zh: 只在最后一处说一次。
package tealgate.rules.%[2]s

violation contains {"message": "plain"} if input.name == "nobody"
`

// layoutRules are the rules a, b, c ... by id.
func layoutRules(t *testing.T) map[string]*policy.Rule {
	t.Helper()
	modules := map[string]string{
		"main.rego": "package tealgate.main\n\nverdict[name] := v if {\n\tsome name\n\tv := data.tealgate.rules[name].violation\n}\n",
	}
	for _, id := range []string{"first-rule", "second-rule", "third-rule", "fourth-rule", "fifth-rule", "sixth-rule", "seventh-rule"} {
		modules[id+".rego"] = fmt.Sprintf(layoutRule, id, strings.ReplaceAll(id, "-", "_"))
	}
	engine, err := policy.New(t.Context(), modules)
	require.NoError(t, err)
	rules := map[string]*policy.Rule{}
	for _, rule := range engine.Rules() {
		rules[rule.ID] = rule
	}
	return rules
}

func violation(rule *policy.Rule, name string, with map[string]any) policy.Violation {
	return policy.Violation{Rule: rule, Message: rule.Messages[name], Field: "spec", With: with}
}

// embedded are the rules of the program, compiled once.
var embedded = sync.OnceValues(func() (*policy.Engine, error) {
	modules, err := policies.Modules()
	if err != nil {
		return nil, err
	}
	return policy.New(context.Background(), modules)
})

// judged asks the rules of the program.
func judged(t *testing.T, in policy.Input) []policy.Violation {
	t.Helper()
	engine, err := embedded()
	require.NoError(t, err)
	violations, err := engine.Evaluate(t.Context(), in)
	require.NoError(t, err)
	return violations
}

// texts are all goldens: file name to text, by language.
func texts(t *testing.T, language policy.Language) map[string]string {
	t.Helper()
	rules := layoutRules(t)
	all := slices.SortedFunc(maps.Values(rules), func(a, b *policy.Rule) int { return strings.Compare(a.ID, b.ID) })
	with := map[string]any{"name": "web", "lines": "httpGet: {path: /readyz}\nperiodSeconds: 5"}
	long := map[string]any{"name": "web", "lines": strings.TrimSpace(strings.Repeat("- a line of a fix that has to be shown in full\n", 60))}
	found := map[string][]policy.Violation{
		"one":     {violation(rules["first-rule"], "plain", with)},
		"one-fix": {violation(rules["first-rule"], "fixed", with)},
		"several": {
			violation(rules["first-rule"], "fixed", with), violation(rules["first-rule"], "plain", with),
			violation(rules["second-rule"], "fixed", with), violation(rules["third-rule"], "plain", with),
		},
		"limit": {
			violation(rules["first-rule"], "fixed", long), violation(rules["second-rule"], "fixed", long),
			violation(rules["third-rule"], "plain", with),
		},
		"one-over-the-limit": {violation(rules["first-rule"], "fixed", map[string]any{"name": "web", "lines": strings.Repeat("- 一行\n", 1000)})},
		"page":               {documented(violation(rules["first-rule"], "plain", with))},
		"page-of-many":       {documented(violation(rules["first-rule"], "plain", with)), documented(violation(rules["first-rule"], "fixed", with)), documented(violation(rules["second-rule"], "fixed", with))},
		"hostile":            {violation(rules["first-rule"], "plain", map[string]any{"name": "a\x1b[31m\"b\"\x00\u0085c"})},
	}
	for _, rule := range all {
		found["more-than-five"] = append(found["more-than-five"], violation(rule, "plain", with))
	}
	goldens := map[string]string{}
	for name, violations := range found {
		answer, err := message.Denial(language, shop, violations)
		require.NoError(t, err)
		goldens[name] = answer
	}
	finding := func(rule string, why message.Why) message.Finding {
		return message.Finding{Violation: violation(rules[rule], "plain", with), Why: why}
	}
	lines, err := message.Warnings(language, shop, []message.Finding{
		finding("first-rule", message.Advice), finding("second-rule", message.Mode),
	}, message.MaxWarnings)
	require.NoError(t, err)
	more, err := message.Warnings(language, shop, []message.Finding{
		finding("first-rule", message.Before), finding("second-rule", message.Undo), finding("third-rule", message.Mode),
		finding("third-rule", message.Mode), finding("fourth-rule", message.Advice),
	}, message.MaxWarnings)
	require.NoError(t, err)
	goldens["warnings"] = strings.Join(slices.Concat(lines, more), "\n")
	var behind []message.Behind
	for _, rule := range []string{"first-rule", "second-rule", "third-rule"} {
		behind = append(behind, message.Behind{Violation: violation(rules[rule], "plain", with), Object: shop})
	}
	goldens["behind"] = behindTexts(t, language, behind)
	failure := errors.New("reading the pods of Service shop/shop: Get \"https://10.96.0.1:443/api\": connection refused")
	goldens["undecided"] = message.Undecided(language, failure)
	goldens["our-own-words"] = strings.Join([]string{
		message.UndecidedAllowed(language, failure, message.NotEnforced),
		message.UndecidedAllowed(language, failure, message.NotAdded),
		message.UndecidedAllowed(language, failure, message.NoWayBack),
		message.UndecidedAllowed(language, failure, message.NotRecorded),
		message.UndecidedAllowed(language, failure, message.NotCounted),
		message.ModeSet(language, "shop", message.Count{Denied: 9, Judged: 12, Of: 12}),
		message.ModeSet(language, "shop", message.Count{Denied: 9, Judged: 150, Of: 212}),
		message.UndecidedBehind(language, message.Object{Kind: "Service", Namespace: "shop", Name: "shop"}, failure),
		message.UnknownMode(language, "shop", "enforced"),
		message.UnknownMode(language, "shop", ""),
		message.Pinned(language, message.Object{Kind: "Service", Namespace: "shop", Name: "shop"}, "blue"),
		message.Kept(language, message.Object{Kind: "Service", Namespace: "shop", Name: "shop"}, "blue"),
		message.Colored(language, shop, "green", message.ColorFromLabel),
		message.Colored(language, shop, "green", message.ColorFromName),
		message.Colored(language, shop, "green", message.ColorFromPair),
		message.Colored(language, shop, "blue", message.ColorFromFirst),
	}, "\n")
	goldens["break-glass"] = strings.Join(glassTexts(language), "\n")
	maps.Copy(goldens, policyTexts(t, language))
	goldens["exempt"] = exemptLines(language)
	for name, example := range examples(t) {
		answer, err := message.Denial(language, example.object, example.violations)
		require.NoError(t, err)
		goldens["example-"+name] = answer
	}
	return goldens
}

// TestGoldens holds every sentence that does not come from a rule, the layout, and
// the examples of the contract. Files that are missing or left over fail; go test
// ./internal/admission/message -update writes them.
func TestGoldens(t *testing.T) {
	want := map[string]string{}
	for _, language := range policy.Languages() {
		for name, text := range texts(t, language) {
			want[fmt.Sprintf("%s.%s.txt", name, language)] = text + "\n"
			assertStyle(t, name, text)
		}
	}
	files, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	if *update {
		for _, file := range files {
			require.NoError(t, os.Remove(file))
		}
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join("testdata", name), []byte(text), 0o644))
		}
		return
	}
	have := map[string]bool{}
	for _, file := range files {
		have[filepath.Base(file)] = true
		assert.Contains(t, want, filepath.Base(file), "a golden file that no case writes; run with -update")
	}
	for name, text := range want {
		if assert.True(t, have[name], "%s is missing; run with -update", name) {
			raw, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			assert.Equal(t, string(raw), text, name)
		}
	}
}

type example struct {
	object     message.Object
	violations []policy.Violation
}

// examples are those of design.md 3.4 whose rules exist, through the real rules.
func examples(t *testing.T) map[string]example {
	t.Helper()
	deployment := func(metadata, pod string) []byte {
		return []byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop-green","namespace":"shop","labels":{"tealgate.dev/color":"green"}},
			"spec":{"replicas":2,"selector":{"matchLabels":{"app":"shop","tealgate.dev/color":"green"}},"template":{"metadata":{"labels":{"app":"shop","app.kubernetes.io/version":"1.5.0","tealgate.dev/color":"green"}` + metadata + `},
			"spec":{"containers":[{"name":"web","image":"shop:1.5.0","ports":[{"name":"http","containerPort":8080}],"envFrom":[{"configMapRef":{"name":"shop"}}],
			"lifecycle":{"preStop":{"sleep":{"seconds":5}}},"resources":{"requests":{"cpu":"1","memory":"1Gi"}}` + pod + `}]}}}}`)
	}
	service := func(color string) []byte {
		return []byte(`{"apiVersion":"v1","kind":"Service","metadata":{"name":"shop","namespace":"shop"},
			"spec":{"selector":{"app":"shop","tealgate.dev/color":"` + color + `"},"ports":[{"port":80,"targetPort":"http"}]}}`)
	}
	around := facts.None()
	around.Pair = []facts.Deployment{{
		Name: "shop-blue", Color: "blue", Version: "1.4.0", Live: true,
		References: []facts.Reference{{Container: "web", Env: "DB_URL", Kind: "Secret", Name: "shop-config", Key: "DB_URL"}},
	}}
	pods := facts.None()
	pod := facts.Pod{Color: "green", Version: "1.5.0", Workload: "shop-green", Ports: []string{"http"}}
	for name, problem := range map[string]string{"shop-green-7d9f-abcde": "", "shop-green-7d9f-fghij": "web: ImagePullBackOff", "shop-green-7d9f-klmno": "web: running, not ready"} {
		pod.Name, pod.Problem, pod.Ready = name, problem, problem == ""
		pods.Selected.Pods = append(pods.Selected.Pods, pod)
	}
	slices.SortFunc(pods.Selected.Pods, func(a, b facts.Pod) int { return strings.Compare(a.Name, b.Name) })
	pods.Serving = facts.Serving{Ready: 3, Pods: []string{"shop-blue-1", "shop-blue-2", "shop-blue-3"}, Colors: []string{"blue"}}
	return map[string]example{
		"readiness-probe": {shop, judged(t, policy.Input{
			Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop-green", Object: deployment("", ""), Facts: facts.None(),
		})},
		"external-config": {shop, judged(t, policy.Input{
			Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop-green", Facts: around,
			Object: deployment("", `,"readinessProbe":{"httpGet":{"path":"/readyz","port":"http"}},"env":[{"name":"DB_URL","value":"postgres://shop:hunter2@pg.prod:5432/shop"}]`),
		})},
		"selector-ready": {message.Object{Kind: "Service", Namespace: "shop", Name: "shop"}, judged(t, policy.Input{
			Operation: "UPDATE", Kind: "Service", Namespace: "shop", Name: "shop", Object: service("green"), Old: service("blue"), Facts: pods,
		})},
	}
}

// The examples of the contract, to the letter.
func TestContractExamples(t *testing.T) {
	for name, want := range map[string]string{
		"readiness-probe": `1 problem in Deployment shop/shop-green: readiness-probe

1. readiness-probe: container web has no readinessProbe. It would get
   traffic as soon as its process starts, before it can answer.
   Fix in spec.template.spec (path is a guess: name one that returns 200
   only when the app can serve), then apply again:
     containers:
     - name: web
       readinessProbe: {httpGet: {path: /readyz, port: http}}

More: kubectl tealgate explain readiness-probe`,
		"external-config": `1 problem in Deployment shop/shop-green: external-config

1. external-config: env DB_URL of container web holds a password
   (postgres://shop:***@pg.prod:5432/shop). Blue reads DB_URL from Secret
   shop-config; green must read the same one. Replace the whole entry:
     - name: DB_URL
       valueFrom: {secretKeyRef: {name: shop-config, key: DB_URL}}
   kubectl may have printed the password above: change it.`,
		"selector-ready": `1 problem in Service shop/shop: selector-ready

1. selector-ready: green has 1 ready pod; blue serves with 3. Not ready:
     shop-green-7d9f-fghij  web: ImagePullBackOff
     shop-green-7d9f-klmno  web: running, not ready
   Traffic stays on blue. Repair the pods, wait for
     kubectl -n shop rollout status deployment/shop-green
   and apply again.`,
	} {
		t.Run(name, func(t *testing.T) {
			example := examples(t)[name]
			got, err := message.Denial(policy.English, example.object, example.violations)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

// Prose of any kind keeps to the width, and no line begins with what closes.
func TestWrapping(t *testing.T) {
	rules := layoutRules(t)
	random := rand.New(rand.NewPCG(3, 3))
	words := []string{
		"a", "green", "container", "spec.template.spec.containers[0].env[3].valueFrom", "kubectl -n shop", "shop/shop-green", "1.4.0,",
		"postgres://shop:***@a-long-name-of-a-host.in.a-namespace.svc.cluster.local:5432/shop?sslmode=disable",
		"容器", "就绪，", "（括号）。", "“引号”", "端口、", "Pod", "必须同一个；", "《名》！", "吗？", "如下：", "（http）",
	}
	for range 500 {
		var prose strings.Builder
		for range 1 + random.IntN(40) {
			prose.WriteString(words[random.IntN(len(words))])
			if random.IntN(2) == 0 {
				prose.WriteByte(' ')
			}
		}
		for _, language := range policy.Languages() {
			text, err := message.Denial(language, shop, []policy.Violation{violation(rules["first-rule"], "plain", map[string]any{"name": prose.String()})})
			require.NoError(t, err)
			lines := strings.Split(text, "\n")
			for _, line := range lines[1:] {
				bare := strings.TrimSpace(strings.TrimPrefix(line, "1. first-rule:"))
				if strings.Contains(bare, " ") {
					require.LessOrEqual(t, uniseg.StringWidth(line), 78, text)
				}
				first, _ := utf8.DecodeRuneInString(bare)
				require.NotContains(t, "，。、；：！？）》”", string(first), text)
			}
			assert.Contains(t, squeezed(text), squeezed(prose.String()), "nothing is lost")
		}
	}
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

func TestWarningsAreOneLine(t *testing.T) {
	rules := layoutRules(t)
	for name, value := range map[string]string{
		"Long": strings.Repeat("word ", 100), "LongChinese": strings.Repeat("字", 300), "Lines": "a\nb\r\n\tc", "Escape": "\x1b[31m", "Invalid": "\xff",
	} {
		for _, language := range policy.Languages() {
			for _, why := range []message.Why{message.Advice, message.Mode, message.Before, message.Undo} {
				lines, err := message.Warnings(language, shop, []message.Finding{{
					Violation: violation(rules["first-rule"], "plain", map[string]any{"name": value}), Why: why,
				}}, message.MaxWarnings)
				require.NoError(t, err)
				require.Len(t, lines, 1)
				assert.LessOrEqual(t, utf8.RuneCountInString(lines[0]), message.MaxWarningRunes, name)
				assert.True(t, utf8.ValidString(lines[0]), name)
				assert.NotRegexp(t, "[[:cntrl:]]", lines[0], name)
			}
		}
	}
}

// A sentence with a hole is none.
func TestMissingValue(t *testing.T) {
	rules := layoutRules(t)
	holes := []policy.Violation{violation(rules["first-rule"], "plain", nil)}
	_, err := message.Denial(policy.English, shop, holes)
	require.ErrorContains(t, err, "rule first-rule: ")
	_, err = message.Warnings(policy.English, shop, []message.Finding{{Violation: holes[0]}}, message.MaxWarnings)
	require.ErrorContains(t, err, "rule first-rule: ")
}
