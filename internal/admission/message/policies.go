package message

import (
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/policy"
)

// maxDetail bounds what is quoted of a compiler or a test, in characters.
const maxDetail = 300

type policyWords struct {
	// sentences have places for the subject, the detail and two sources.
	sentences map[policy.ProblemKind]string
	// reaches, shows and changes say why a built-in function is forbidden.
	reaches, shows, changes string
	unchanged, try          string
}

// policyPhrases are what is said to a platform team about its policies and settings.
// What a compiler, a test or the settings say themselves is English.
var policyPhrases = map[policy.Language]policyWords{
	policy.English: {
		sentences: map[policy.ProblemKind]string{
			policy.NotRego:        "{detail}.",
			policy.Forbidden:      "rules may not call {subject}: {detail}. Decide by input: the object, the facts around it, the settings.",
			policy.Unknown:        "{subject} is not defined anywhere. It would have no value, and the rule would find nothing, ever.",
			policy.BadAnnotations: "annotations: {detail}.",
			policy.NoViolation:    "package {subject} defines no set named violation: the rule would find nothing, ever.",
			policy.NeverAsked:     "a rule is asked only in a package tealgate.rules.NAME; what is in {subject} never would be.",
			policy.TestFailed:     "{subject} fails: {detail}.",
			policy.TooLarge:       "all policies together may have {first} in {second} files, and these have more.",
			policy.NotYours:       "package {subject} is tealgate's own. A rule is in a package tealgate.rules.NAME (small letters, digits and _), its test in tealgate.rules.NAME_test, anything else in a package of your own.",
			policy.Twice:          "package {subject} is in {first} and in {second}. A package has one source: take it out of one of them.",
			policy.NoTestPackage:  "a test in package {subject} would change that rule, which stands elsewhere. Name the package {subject}_test.",
			policy.LikeATest:      "package {subject} has a rule, but what ends in _test is a test and never asked. Give it another name.",
			policy.Fails:          "the rules have an error when they are asked about a plain object ({subject}): {detail}. In enforce that would deny every such change.",
			policy.BadSettings:    "{detail}.",
			policy.NotRead:        "it cannot be read: {detail}.",
			policy.TooSlow:        "{detail}.",
			policy.NoTests:        "it has no test, so nothing shows that its rules deny what they should.",
			policy.NoFiles:        "no key ends in .rego, so nothing of it is loaded.",
			policy.BadLabel:       "tealgate.dev/policy: {subject} is not true, so nothing of it is loaded.",
			policy.Elsewhere:      "it is in namespace {subject}; only those of tealgate-system are loaded.",
		},
		reaches:   "it reaches the network, and an answer has to come in time and to be the same again",
		shows:     "it shows the environment of tealgate itself",
		changes:   "its answer depends on more than what it is given, and the same object has to get the same verdict",
		unchanged: "Nothing was changed; what was in force stays in force.",
		try:       "More: kubectl tealgate policy test DIR",
	},
	policy.Chinese: {
		sentences: map[policy.ProblemKind]string{
			policy.NotRego:        "{detail}。",
			policy.Forbidden:      "规则不能调用 {subject}：{detail}。请只依据 input 判断：对象、周围的事实、设置。",
			policy.Unknown:        "{subject} 没有任何定义：它不会有值，规则将什么也发现不了。",
			policy.BadAnnotations: "注解有误：{detail}。",
			policy.NoViolation:    "包 {subject} 没有定义名为 violation 的集合：规则将什么也发现不了。",
			policy.NeverAsked:     "只有 tealgate.rules.NAME 形式的包才会作为规则执行；{subject} 中的内容不会执行。",
			policy.TestFailed:     "{subject} 失败：{detail}。",
			policy.TooLarge:       "所有策略合计不能超过 {first}、{second} 个文件，现已超出。",
			policy.NotYours:       "包 {subject} 属于 tealgate。规则放在包 tealgate.rules.NAME（小写字母、数字和 _），测试放在 tealgate.rules.NAME_test，其他内容放在自己的包中。",
			policy.Twice:          "包 {subject} 同时在 {first} 和 {second} 中。一个包只能有一个来源：请从其中一个移除。",
			policy.NoTestPackage:  "包 {subject} 中的测试会改变那条定义在别处的规则。请把包命名为 {subject}_test。",
			policy.LikeATest:      "包 {subject} 中有规则，但以 _test 结尾的都是测试，不会执行。请换一个名称。",
			policy.Fails:          "用普通对象（{subject}）询问时规则出错：{detail}。在 enforce 下，所有此类修改都会被拒绝。",
			policy.BadSettings:    "{detail}。",
			policy.NotRead:        "无法读取：{detail}。",
			policy.TooSlow:        "耗时过长：{detail}。",
			policy.NoTests:        "没有测试，无法说明规则会拒绝应当拒绝的内容。",
			policy.NoFiles:        "没有以 .rego 结尾的键，不会加载任何内容。",
			policy.BadLabel:       "tealgate.dev/policy: {subject} 不是 true，不会加载任何内容。",
			policy.Elsewhere:      "它在命名空间 {subject} 中；只会加载 tealgate-system 中的。",
		},
		reaches:   "它会访问网络，而判断必须及时，并且每次相同",
		shows:     "它会显示 tealgate 自身的环境",
		changes:   "它的结果不只取决于参数，而同一对象必须得到同一结论",
		unchanged: "没有任何修改生效；原先生效的内容继续生效。",
		try:       "详情：kubectl tealgate policy test DIR",
	},
}

// PolicyDenial refuses a ConfigMap with policies or, if id says so, with settings.
func PolicyDenial(language policy.Language, configMap Object, id string, problems policy.Problems) string {
	items := make([]told, len(problems))
	for i, problem := range problems {
		items[i] = told{id: id, text: policy.Text{Body: PolicyProblem(language, problem)}}
	}
	words := policyPhrases[language]
	end := "\n\n" + words.unchanged
	if id != string(policy.BadSettings) {
		end += "\n" + words.try
	}
	return limited(len(items), func(full int) (shown, rest string) {
		shown, rest = numbered(phrases[language], configMap, items, full)
		return shown, rest + end
	})
}

// PolicyProblem is one problem of policies or settings, as a sentence behind the
// place where it is.
func PolicyProblem(language policy.Language, problem policy.Problem) string {
	words := policyPhrases[language]
	detail := []rune(strings.TrimPrefix(strings.TrimRight(join(problem.Detail), "."), "annotations: "))
	if len(detail) > maxDetail {
		detail = append(detail[:maxDetail-2], []rune("..")...)
	}
	said := string(detail)
	if problem.Kind == policy.Forbidden {
		said = words.forbidden(problem.Subject)
	}
	form, known := words.sentences[problem.Kind]
	if !known {
		form = words.sentences[policy.NotRego]
	}
	sentence := strings.NewReplacer("{subject}", problem.Subject, "{detail}", said,
		"{first}", problem.Between[0], "{second}", problem.Between[1]).Replace(form)
	if position := problem.Position(); position != "" {
		colon := phrases[language].colon
		sentence = position + colon + space(colon) + sentence
	}
	return plain(sentence)
}

func (w policyWords) forbidden(function string) string {
	switch {
	case function == "opa.runtime":
		return w.shows
	case strings.HasPrefix(function, "http.") || strings.HasPrefix(function, "net."):
		return w.reaches
	default:
		return w.changes
	}
}

// PolicyDoubt warns about a ConfigMap that can be loaded.
func PolicyDoubt(language policy.Language, configMap Object, id string, doubt policy.Problem) string {
	id += phrases[language].colon
	return OneLine(fmt.Sprintf("%s: %s%s%s", configMap, id, space(id), PolicyProblem(language, doubt)), "")
}
