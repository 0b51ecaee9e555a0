package admission

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

func TestLanguage(t *testing.T) {
	for name, test := range map[string]struct {
		reason   string
		language policy.Language
		label    string
		want     string
	}{
		"Default":          {reason: "English", want: "1 problem in Deployment shop/shop: quality"},
		"Flag":             {reason: "--language", language: policy.Chinese, want: "Deployment shop/shop 有 1 处问题：quality"},
		"Namespace":        {reason: "the namespace decides", label: "zh", want: "Deployment shop/shop 有 1 处问题：quality"},
		"NamespaceEnglish": {reason: "also back", language: policy.Chinese, label: "en", want: "1 problem in Deployment shop/shop: quality"},
		"Unknown":          {reason: "nobody loses an answer by a misspelled label", label: "fr", want: "1 problem in Deployment shop/shop: quality"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: testRules(t), language: test.language, labels: map[string]string{"tealgate.dev/language": test.label}}.webhooks()
			response := ask{entry: "validate-enforce", object: worded("Deployment", "a", "")}.answer(t, w)
			verdict, _, _ := strings.Cut(response.Result.Message, "\n")
			assert.Equal(t, test.want, verdict, test.reason)
		})
	}
}

func TestUnknownMode(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		entry  string
		labels map[string]string
		object string
		want   []string
	}{
		"Misspelled": {
			reason: "the API server sends every other value here", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "enforced"},
			want: []string{"Namespace shop: tealgate.dev/mode: enforced is not a mode (enforce, warn, audit); handled as warn"},
		},
		"Empty": {
			reason: "empty is a value", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": ""},
			want: []string{"Namespace shop: tealgate.dev/mode: '' is not a mode (enforce, warn, audit); handled as warn"},
		},
		"Chinese": {
			reason: "in the language of the namespace", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "on", "tealgate.dev/language": "zh"},
			want: []string{"Namespace shop：tealgate.dev/mode: on 不是有效的模式（enforce、warn、audit）；按 warn 处理"},
		},
		"BesideProblems": {
			reason: "both are said", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "enforced"}, object: worded("Deployment", "a", ""),
			want: []string{
				"Namespace shop: tealgate.dev/mode: enforced is not a mode (enforce, warn, audit); handled as warn",
				"Deployment shop/shop: quality: a is bad. Denied in enforce. More: kubectl tealgate explain quality",
			},
		},
		"Argo": {
			reason: "also where there is nothing to ask", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "enforced"},
			object: "{apiVersion: v1, kind: Service, metadata: {name: shop, annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: x}}}",
			want:   []string{"Namespace shop: tealgate.dev/mode: enforced is not a mode (enforce, warn, audit); handled as warn"},
		},
		"Warn":    {reason: "a mode", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "warn"}},
		"Enforce": {reason: "labels may be older than what the API server sees", entry: "validate-warn", labels: map[string]string{"tealgate.dev/mode": "enforce"}},
		"Absent":  {reason: "the same", entry: "validate-warn"},
		"Other":   {reason: "only the entry that warns gets such values", entry: "validate-enforce", labels: map[string]string{"tealgate.dev/mode": "x"}},
		"Mutate":  {reason: "one warning a request, not two", entry: "mutate", labels: map[string]string{"tealgate.dev/mode": "x"}, object: worded("Service", "", "")},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: testRules(t), labels: test.labels}.webhooks()
			if test.object == "" {
				test.object = worded("Deployment", "", "")
			}
			response := ask{entry: test.entry, object: test.object}.answer(t, w)
			assert.True(t, response.Allowed)
			assert.Equal(t, test.want, response.Warnings, test.reason)
		})
	}
}

// Why a new Deployment has its color is told once, when it comes to be.
func TestGotColor(t *testing.T) {
	colored := func(c, from, words string) string {
		return shop("shop", "", "quality: '"+words+"', tealgate.dev/color-from: "+from, "app: shop, tealgate.dev/color: "+c, "app: shop")
	}
	line := func(why string) string {
		return "Deployment shop/shop is green (" + why + "): tealgate put label tealgate.dev/color: green on it, its selector and its pods. " +
			"Write it into Git as well: a selector cannot change later."
	}
	mode := "Namespace shop: tealgate.dev/mode: x is not a mode (enforce, warn, audit); handled as warn"
	for name, test := range map[string]struct {
		reason      string
		entry       string
		object, old string
		labels      map[string]string
		denied      bool
		want        []string
	}{
		"Label":   {reason: "its own", object: colored("green", "label", ""), want: []string{line("its own label says so")}},
		"Name":    {reason: "its suffix", object: colored("green", "name", ""), want: []string{line("its name ends so")}},
		"Pair":    {reason: "blue is live", object: colored("green", "pair", ""), want: []string{line("the idle color of its application")}},
		"First":   {reason: "nothing was there", object: colored("green", "first", ""), want: []string{line("the first color of its application")}},
		"Unknown": {reason: "somebody wrote it by hand", object: colored("green", "moon", "")},
		"Strange": {reason: "red is no color that tealgate put", object: colored("red", "name", "")},
		"Update":  {reason: "told at creation", object: colored("green", "name", ""), old: colored("green", "name", "")},
		"Denied":  {reason: "it does not come to be", object: colored("green", "name", "a"), denied: true},
		"Audit":   {reason: "audit is silent", entry: "validate-audit", object: colored("green", "name", "")},
		"Chinese": {
			reason: "in the namespace's language", object: colored("green", "name", ""), labels: map[string]string{"tealgate.dev/language": "zh"},
			want: []string{"tealgate 将 Deployment shop/shop 设为 green（名称以此结尾）：对象、selector 和 Pod 都带上标签 tealgate.dev/color: green。请同样写入 Git：selector 之后不能修改。"},
		},
		"BesideWarnings": {
			reason: "three lines in all", object: colored("green", "name", "hint tip a"), entry: "validate-warn",
			want: []string{
				line("its name ends so"), "Deployment shop/shop: quality: a is bad. Denied in enforce. More: kubectl tealgate explain quality",
				"2 more in Deployment shop/shop: quality",
			},
		},
		"BesideAll": {
			reason: "three lines in all, and the rest is counted", object: colored("green", "name", "hint tip a"), entry: "validate-warn",
			labels: map[string]string{"tealgate.dev/mode": "x"}, want: []string{mode, line("its name ends so"), "3 problems in Deployment shop/shop: quality"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: testRules(t), labels: test.labels}.webhooks()
			a := ask{entry: test.entry, object: test.object, old: test.old}
			if a.entry == "" {
				a.entry = "validate-enforce"
			}
			response := a.answer(t, w)
			assert.Equal(t, !test.denied, response.Allowed, test.reason)
			assert.Equal(t, test.want, response.Warnings, test.reason)
		})
	}
}

// A name that the API server has not made yet.
func TestGenerateName(t *testing.T) {
	w, _ := cluster{rules: testRules(t)}.webhooks()
	object := strings.Replace(worded("Deployment", "a", ""), "name: shop,", "generateName: shop-,", 1)
	response := ask{entry: "validate-enforce", object: object}.answer(t, w)
	assert.True(t, strings.HasPrefix(response.Result.Message, "1 problem in Deployment shop/shop-*: quality\n"), response.Result.Message)
}

// A sentence that cannot be written must not make its problem pass.
func TestMessageWithAHole(t *testing.T) {
	rules := embeddedRules(t)
	holes := cluster{rules: rulesFunc(func(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
		violations, err := rules.Evaluate(ctx, in)
		for i := range violations {
			violations[i].With = nil
		}
		return violations, err
	})}
	bare := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {template: {spec: {containers: [{name: web}]}}}}"
	w, registry := holes.webhooks()

	response := ask{entry: "validate-enforce", object: bare}.answer(t, w)
	assert.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "tealgate could not decide: rule ")

	response = ask{entry: "validate-warn", object: bare}.answer(t, w)
	assert.True(t, response.Allowed)
	require.Len(t, response.Warnings, 1)
	assert.Contains(t, response.Warnings[0], "tealgate could not decide: rule ")
	assert.Equal(t, 1, requests(t, registry, "validate-warn", "undecided"))

	response = ask{entry: "validate-audit", object: bare}.answer(t, w)
	assert.True(t, response.Allowed)
	assert.Empty(t, response.Warnings, "audit writes no sentence")
}

func TestUndecidedInChinese(t *testing.T) {
	broken := rulesThat(fails(errors.New("reading the pods: connection refused")))
	broken.labels = map[string]string{"tealgate.dev/language": "zh"}
	w, _ := broken.webhooks()

	response := ask{entry: "validate-enforce", object: goodDeployment}.answer(t, w)
	assert.Equal(t, "tealgate 无法判断（tealgate could not decide）：reading the pods: connection refused。\n\n"+
		"没有任何修改生效。请重试；若仍出现，请交给平台团队。", response.Result.Message)

	response = ask{entry: "validate-warn", object: goodDeployment}.answer(t, w)
	assert.Equal(t, []string{
		"tealgate 无法判断（tealgate could not decide）：reading the pods: connection refused。该命名空间不是 enforce，本次放行。",
	}, response.Warnings)
}
