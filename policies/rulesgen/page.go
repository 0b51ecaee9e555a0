package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/tealgate/tealgate/internal/policy"
)

// words are what a page says beside the rules.
type words struct {
	file, head, table string
	// action takes the rule's action, some those of messages that differ.
	action, some string
	concerns     map[policy.Concern]string
	// protects is the same in a column of the table.
	protects map[policy.Concern]string
	// change is how to change what a rule does, and how to exempt from it where that can be;
	// changeOnly is for where it cannot.
	change, changeOnly string
	does               map[policy.Action]string
}

var pages = map[policy.Language]words{
	policy.English: {
		file: "rules.md",
		head: `# Rules

[中文](rules.zh.md)

**deny** refuses the request in a namespace in ` + "`enforce`" + `, and warns in ` + "`warn`" + `. **warn** never
refuses. **advise** is said by ` + "`kubectl tealgate check`" + ` and ` + "`audit`" + ` only. A problem that an
object had before a change warns instead of denying.

The messages are real ones, for made-up objects: what admission says, and for warnings
and advice what ` + "`kubectl tealgate check`" + ` says, which adds the cure. What a rule does where is
changed in the [settings](policies.md#settings), and a single object is exempted by an
[annotation](exemptions.md). ` + "`kubectl tealgate explain RULE`" + ` says the same as this page,
without the messages.
`,
		table:  "| rule | action | protects | what it holds |",
		action: "Action: **%s**",
		some:   ", in some cases %s",
		concerns: map[policy.Concern]string{
			policy.ConcernWorkload: "Protects the workload: `kubectl rollout undo` to a template that ran before only warns",
			policy.ConcernTraffic:  "Protects the traffic: holds for `kubectl rollout undo` too",
		},
		protects:   map[policy.Concern]string{policy.ConcernWorkload: "workload", policy.ConcernTraffic: "traffic"},
		change:     "[Change](policies.md#settings) or [exempt](exemptions.md)",
		changeOnly: "[Change](policies.md#settings), no exemption",
		does:       map[policy.Action]string{policy.Deny: "Denies:", policy.Warn: "Warns:", policy.Advise: "Advises:"},
	},
	policy.Chinese: {
		file: "rules.zh.md",
		head: `# 规则

[English](rules.md)

**deny**：在 ` + "`enforce`" + ` 命名空间拒绝请求，在 ` + "`warn`" + ` 命名空间只警告。**warn**：从不拒绝。**advise**：只由 ` + "`kubectl tealgate check`" + ` 和 ` + "`audit`" + ` 给出。修改之前就存在的问题只警告，不拒绝。

下面的消息都是真实输出，对象是虚构的：拒绝是准入返回的内容；警告和建议取自 ` + "`kubectl tealgate check`" + `，它还给出修改方法。哪条规则在哪里做什么由[设置](policies.md#settings)决定，单个对象可以用[注解](exemptions.md)豁免。` + "`kubectl tealgate explain RULE --language zh`" + ` 说的与本页相同，但没有消息。
`,
		table:  "| 规则 | 动作 | 保护 | 要求 |",
		action: "动作：**%s**",
		some:   "，个别情况 %s",
		concerns: map[policy.Concern]string{
			policy.ConcernWorkload: "保护工作负载：`kubectl rollout undo` 回到运行过的模板时只警告",
			policy.ConcernTraffic:  "保护流量：对 `kubectl rollout undo` 同样有效",
		},
		protects:   map[policy.Concern]string{policy.ConcernWorkload: "工作负载", policy.ConcernTraffic: "流量"},
		change:     "[修改](policies.md#settings)或[豁免](exemptions.md)",
		changeOnly: "[修改](policies.md#settings)，不可豁免",
		does:       map[policy.Action]string{policy.Deny: "拒绝：", policy.Warn: "警告：", policy.Advise: "建议："},
	},
}

const generated = "<!-- Written by go generate ./policies from the rules' annotations and policies/testdata. -->\n"

// page writes all rules, with a table on top.
func page(language policy.Language, rules []*policy.Rule, said map[string]examples) string {
	w := pages[language]
	var out strings.Builder
	fmt.Fprintf(&out, "%s%s\n%s\n|---|---|---|---|\n", generated, w.head, w.table)
	for _, rule := range rules {
		fmt.Fprintf(&out, "| [%[1]s](#%[1]s) | %[2]s | %[3]s | %[4]s |\n",
			rule.ID, rule.Action, w.protects[rule.Concern], escape(text(rule.Title, language)))
	}
	for _, rule := range rules {
		w.section(&out, language, rule, said[rule.ID])
	}
	return out.String()
}

func (w words) section(out *strings.Builder, language policy.Language, rule *policy.Rule, said examples) {
	action := fmt.Sprintf(w.action, rule.Action)
	if others := rule.OtherActions(); len(others) > 0 {
		action += fmt.Sprintf(w.some, join(others))
	}
	change := w.change
	if !rule.Exemptable {
		change = w.changeOnly
	}
	fmt.Fprintf(out, "\n## %s\n\n**%s**\n\n%s · %s · %s\n\n%s\n", rule.ID, escape(text(rule.Title, language)),
		action, w.concerns[rule.Concern], change, escape(text(rule.Description, language)))
	for _, action := range []policy.Action{policy.Deny, policy.Warn, policy.Advise} {
		w.messages(out, rule, said, action)
	}
}

// messages writes those that do the same, each text once: some differ by their cure
// for another object only.
func (w words) messages(out *strings.Builder, rule *policy.Rule, said examples, action policy.Action) {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(rule.Messages)) {
		if rule.Messages[name].Action == action && !slices.Contains(texts, said[name]) {
			texts = append(texts, said[name])
		}
	}
	if len(texts) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", w.does[action])
	for _, text := range texts {
		fmt.Fprintf(out, "\n```text\n%s\n```\n", text)
	}
}

func join(actions []policy.Action) string {
	words := make([]string, len(actions))
	for i, action := range actions {
		words[i] = string(action)
	}
	return strings.Join(words, ", ")
}

// text falls back to English, which every rule has. A Chinese paragraph becomes one
// line: a browser shows a line break as a space, which has no place in Chinese.
func text(texts map[policy.Language]string, language policy.Language) string {
	translated, ok := texts[language]
	if !ok || language != policy.Chinese {
		return cmp.Or(translated, texts[policy.English])
	}
	paragraphs := strings.Split(translated, "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = unwrap(paragraph)
	}
	return strings.Join(paragraphs, "\n\n")
}

// unwrap puts a space where a line ended, except between Chinese characters and
// beside Chinese punctuation.
func unwrap(paragraph string) string {
	var out []rune
	for line := range strings.SplitSeq(paragraph, "\n") {
		next := []rune(strings.TrimSpace(line))
		if len(out) > 0 && len(next) > 0 && spaced(out[len(out)-1], next[0]) {
			out = append(out, ' ')
		}
		out = append(out, next...)
	}
	return string(out)
}

func spaced(before, after rune) bool {
	if unicode.Is(unicode.Han, before) && unicode.Is(unicode.Han, after) {
		return false
	}
	return !punctuation(before) && !punctuation(after)
}

// punctuation is what fills a whole square.
func punctuation(r rune) bool { return r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef }

// escape keeps prose from being read as Markdown. Underscores and dots inside words mean
// nothing there.
func escape(prose string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "|", `\|`, "[", `\[`, "`", "\\`").Replace(prose)
}
