# METADATA
# title: Exemptions are given by who may, with a reason and a last day
# description: |
#   The annotation tealgate.dev/exempt on a Deployment or Service exempts it from
#   rules: RULE: REASON until YYYY-MM-DD, with a semicolon between two, at most ten. The
#   last day counts as a whole, in UTC. Adding an exemption, or changing one for longer
#   or for another reason, takes the verb exempt on overrides.tealgate.dev; it then
#   counts for everybody. Removing or shortening one takes no right.
#
#   What an exemption covers is neither denied nor warned about until it ends. Then it
#   denies, also where it was there before: an exemption is a loan. What cannot be read
#   exempts nothing. kubectl rollout undo brings back the annotations of its time;
#   exemptions among them count as added.
# custom:
#   id: exemption
#   action: deny
#   concern: traffic
#   exempt: never
#   zh:
#     title: 豁免由有权限的人给出，写明原因和最后一天
#     description: |
#       Deployment 或 Service 上的注解 tealgate.dev/exempt 使其豁免某些规则，格式为 RULE: REASON
#       until YYYY-MM-DD，多条之间用分号隔开，最多十条。最后一天整天有效，按 UTC 计算。新增豁免、延长期限
#       或更换原因，需要 overrides.tealgate.dev 的 exempt 权限；给出之后对所有人有效。删除或缩短期限不需要权限。
#
#       豁免到期之前，相应的问题既不拒绝也不警告；到期后即使问题早已存在也会拒绝：豁免是借来的时间。无法读懂的
#       内容不豁免任何规则。kubectl rollout undo 会带回当时的注解，其中的豁免视为新增。
#   messages:
#     not-allowed:
#       more: true
#       en: |-
#         tealgate.dev/exempt asks for an exemption from {{.asked_en}}, and
#         {{.user}} may not give one. That takes the verb exempt on
#         overrides.tealgate.dev. Nothing was changed.
#
#         Take it out, or have it applied by someone for whom this prints exempt beside
#         overrides.tealgate.dev:
#
#           {{.kubectl}} auth can-i --list
#         {{if .rolls}}
#         kubectl rollout undo brings back the annotations of its time, exemptions too:
#         let someone with the right undo, or apply a version that needs no exemption.
#         {{end}}
#       zh: |-
#         tealgate.dev/exempt 要求豁免 {{.asked_zh}}，而 {{.user}} 无权给出豁免。这需要 overrides.tealgate.dev 的 exempt 权限。没有任何修改生效。
#
#         请删除它，或由执行以下命令能在 overrides.tealgate.dev 一行看到 exempt 的人来 apply：
#
#           {{.kubectl}} auth can-i --list
#         {{if .rolls}}
#         kubectl rollout undo 会带回当时的注解，包括豁免：请由有权限的人来回退，或 apply 一个不需要豁免的版本。
#         {{end}}
#     unreadable:
#       more: true
#       fix:
#         at: metadata
#         yaml: |-
#           annotations:
#             tealgate.dev/exempt: {{.right}}
#       en: |-
#         tealgate.dev/exempt has '{{.text}}', which {{.why_en}}
#         and so exempts nothing. An exemption is a rule, a reason and its last day
#         (UTC).
#
#         Fix in {{.at}}{{.guess_en}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         tealgate.dev/exempt 中的“{{.text}}”{{.why_zh}}，不豁免任何规则。一条豁免由规则、原因和最后一天（UTC）组成。
#
#         在 {{.at}} 中改为以下内容{{.guess_zh}}，然后重新 apply：
#
#           {{.fix}}
#     unknown-rule:
#       more: true
#       en: |-
#         tealgate.dev/exempt names {{.rule}}, and there is no such rule. It exempts
#         nothing. An exemption begins with the id of a rule and a colon:
#
#           tealgate.dev/exempt: 'RULE: REASON until {{.day}}'
#
#         All rules are listed by:
#
#           kubectl tealgate explain
#       zh: |-
#         tealgate.dev/exempt 写了 {{.rule}}，但没有这条规则，不豁免任何规则。豁免以规则 id 和冒号开头：
#
#           tealgate.dev/exempt: 'RULE: REASON until {{.day}}'
#
#         以下命令列出所有规则：
#
#           kubectl tealgate explain
#     never:
#       more: true
#       en: |-
#         tealgate.dev/exempt names {{.rule}}, from which nothing is exempt. Take that
#         exemption out, then apply again.
#       zh: |-
#         tealgate.dev/exempt 写了 {{.rule}}，而任何对象都不能豁免这条规则。请删除这条豁免，然后重新 apply。
#     many:
#       more: true
#       en: |-
#         tealgate.dev/exempt has more than ten exemptions. The first ten count; from
#         '{{.text}}' on they do not. Take out what is not needed any more.
#       zh: |-
#         tealgate.dev/exempt 有超过十条豁免。只有前十条有效，从“{{.text}}”起无效。请删除不再需要的豁免。
#     expired:
#       action: warn
#       more: true
#       en: |-
#         the exemption from {{.rule}} ended on {{.until}} (UTC) and exempts nothing. Take it
#         out, or have it given anew.
#       zh: |-
#         对 {{.rule}} 的豁免已于 {{.until}}（UTC）到期，不豁免任何规则。请删除它，或重新申请。
package tealgate.rules.exemption

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains found("not-allowed", concat("; ", [e.text | some e in added]), {
	"asked_en": concat(", ", [sprintf("%s%s", [e.rule, until(e).en]) | some e in added]),
	"asked_zh": concat("、", [sprintf("%s%s", [e.rule, until(e).zh]) | some e in added]),
	"user": workload.shown(input.user),
	"kubectl": workload.kubectl,
	"rolls": rolls,
}) if {
	not may
	count(added) > 0
}

violation contains found("unreadable", e.text, {
	"text": workload.shown(e.text),
	"why_en": reasons[e.problem].en,
	"why_zh": reasons[e.problem].zh,
	"right": yaml.quoted(concat("; ", [right(each) | some each in exemptions; sensible(each)])),
	"guess_en": guess(e).en,
	"guess_zh": guess(e).zh,
}) if {
	may
	some e in exemptions
	e.problem in object.keys(reasons)
	sensible(e)
}

violation contains found("unknown-rule", e.text, {"rule": named(e), "day": e.day}) if {
	some e in exemptions
	e.problem != "many"
	not e.known
}

violation contains found("never", e.text, {"rule": e.rule}) if {
	some e in exemptions
	e.known
	not e.exemptable
}

violation contains found("many", "", {"text": workload.shown(e.text)}) if {
	some e in exemptions
	e.problem == "many"
}

violation contains found("expired", e.text, {"rule": e.rule, "until": e.until}) if {
	some e in exemptions
	e.problem == ""
	sensible(e)
	e.added
	e.ended
}

exemptions := object.get(input, ["facts", "exemptions"], [])

# may: the user may give exemptions. Offline there is no user.
may if object.get(input, "user", "") == ""

may if input.facts.mayExempt

# added are those that would exempt from something, and did not before. Who may not
# give them is not told how to write them.
added := [e |
	some e in exemptions
	sensible(e)
	e.added
	not e.ended
]

sensible(e) if {
	e.known
	e.exemptable
}

until(e) := {"en": sprintf(" until %s", [e.until]), "zh": sprintf("（至 %s）", [e.until])} if {
	e.until != ""
} else := {"en": "", "zh": ""}

# rolls: the pod template changes, as it does by kubectl rollout undo.
rolls if {
	input.operation == "UPDATE"
	template(input.object) != template(input.old)
} else := false

template(deployment) := object.get(workload.as_map(deployment), ["spec", "template"], {})

named(e) := workload.shown(e.rule) if {
	e.rule != ""
} else := sprintf("'%s'", [workload.shown(e.text)])

reasons := {
	"colon": {"en": "has no colon behind the rule", "zh": "在规则后面没有冒号"},
	"reason": {"en": "gives no reason", "zh": "没有写原因"},
	"long": {"en": "has a reason of over 200 characters", "zh": "的原因超过 200 个字符"},
	"day": {"en": "does not end with a day written like 2027-01-31", "zh": "没有以 2027-01-31 这样的日期结尾"},
	"days": {"en": "names two days with no semicolon between them", "zh": "写了两个日期，中间没有分号"},
}

# right is the exemption in the right form, with guesses where something is missing.
right(e) := e.text if {
	e.problem == ""
} else := parted(e) if {
	parted(e) != e.text
} else := sprintf("%s: %s until %s", [e.rule, reason(e), day(e)])

# parted has a semicolon behind each day that another rule follows.
parted(e) := regex.replace(e.text, `(until [0-9]{4}-[0-9]{2}-[0-9]{2})[ ,]+([a-z0-9-]+: .* until [0-9]{4}-[0-9]{2}-[0-9]{2}$)`, "${1}; ${2}")

reason(e) := first if {
	first := trim_space(substring(regex.replace(e.reason, `[ ,]*\buntil [0-9]{4}-[0-9]{2}-[0-9]{2}\b.*$`, ""), 0, 200))
	first != ""
} else := "say why"

day(e) := e.until if {
	e.until != ""
} else := e.day

guess(e) := {"en": " (reason and day are guesses)", "zh": "（原因和日期是猜测）"} if {
	reason(e) == "say why"
	e.until == ""
} else := {"en": " (the reason is yours to say)", "zh": "（原因请自行填写）"} if {
	reason(e) == "say why"
} else := {"en": " (the day is a guess)", "zh": "（日期是猜测）"} if {
	e.until == ""
} else := {"en": "", "zh": ""}

found(message, subject, with_values) := {
	"message": message,
	"field": "metadata.annotations[tealgate.dev/exempt]",
	"subject": subject,
	"with": with_values,
}
