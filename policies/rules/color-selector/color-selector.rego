# METADATA
# title: A Deployment's own selector pins its color
# description: |
#   The label tealgate.dev/color stands on the Deployment, in its selector and on its
#   pods, with one and the same value, blue or green. Otherwise the two colors own
#   each other's pods, and scaling one kills the other. tealgate adds the label when
#   the Deployment is created. A selector cannot change later: Deployments from
#   before tealgate warn.
#
#   tealgate.dev/blue-green: disabled (annotation of the Deployment) declines colors;
#   on a Deployment that serves live traffic this takes the verb exempt on
#   overrides.tealgate.dev.
# custom:
#   id: color-selector
#   action: deny
#   concern: traffic
#   zh:
#     title: Deployment 的 selector 必须固定颜色
#     description: |
#       标签 tealgate.dev/color 要同时出现在 Deployment、它的 selector 和 Pod 上，取值相同，只能是 blue
#       或 green。否则两个颜色会互相接管对方的 Pod，缩容一方就会删掉另一方。创建时 tealgate 会自动加上。
#       selector 之后不能修改：tealgate 启用之前已有的 Deployment 只警告。
#
#       注解 tealgate.dev/blue-green: disabled 表示不使用颜色；对正在承载线上流量的 Deployment，需要
#       overrides.tealgate.dev 的 exempt 权限。
#   messages:
#     unpinned:
#       more: true
#       fix:
#         at: ""
#         yaml: |-
#           metadata:
#             labels: {tealgate.dev/color: {{.color}}}
#           spec:
#             selector: {matchLabels: {tealgate.dev/color: {{.color}}}}
#             template: {metadata: {labels: {tealgate.dev/color: {{.color}}}}}
#       en: |-
#         label tealgate.dev/color {{.seen_en}}. The Deployment, its selector and its pods
#         must carry one and the same, or blue and green own each other's pods and
#         scaling one kills the other.
#
#         Fix, from the top of the manifest (other labels stay), then apply again:
#
#           {{.fix}}
#       zh: |-
#         标签 tealgate.dev/color {{.seen_zh}}。Deployment、selector 和 Pod 必须带同一个值，否则 blue 和 green 会互相接管对方的 Pod，缩容一方就会删掉另一方。
#
#         请从清单顶层改为以下内容（其他标签保留），然后重新 apply：
#
#           {{.fix}}
#     before:
#       action: warn
#       more: true
#       en: |-
#         its selector pins no color, and a selector cannot change. A copy
#         that has one takes its place: kubectl tealgate adopt -n {{.namespace}} {{.name}}.
#       zh: |-
#         selector 没有固定颜色，而 selector 不能修改。要使用蓝绿，请用带颜色的副本替换它：kubectl tealgate adopt -n {{.namespace}} {{.name}}。
#     unknown:
#       more: true
#       en: |-
#         tealgate.dev/color is {{.value}} at {{.where}}. There are two colors: blue
#         and green. Name one of them, or leave the label out and tealgate chooses.
#       zh: |-
#         {{.where}} 处的 tealgate.dev/color 是 {{.value}}。只有 blue 和 green 两种颜色：请写其中一个，或删除标签由 tealgate 选择。
#     declined-live:
#       more: true
#       en: |-
#         tealgate.dev/blue-green: disabled was added while Service {{.service}} sends
#         live traffic here. That takes away what protects the traffic, and needs
#         the verb exempt on overrides.tealgate.dev. Nothing was changed.
#
#         Take the annotation out, or have it applied by someone for whom this prints
#         exempt beside overrides.tealgate.dev:
#
#           {{.kubectl}} auth can-i --list
#       zh: |-
#         加入了 tealgate.dev/blue-green: disabled，而 Service {{.service}} 正把线上流量送到这里。这会去掉对流量的保护，需要 overrides.tealgate.dev 的 exempt 权限。没有任何修改生效。
#
#         请删除该注解，或由执行以下命令能在 overrides.tealgate.dev 一行看到 exempt 的人来 apply：
#
#           {{.kubectl}} auth can-i --list
package tealgate.rules.color_selector

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "unpinned",
	"field": "spec.selector.matchLabels[tealgate.dev/color]",
	"subject": "",
	"with": {"color": proposal, "seen_en": seen.en, "seen_zh": seen.zh},
} if {
	input.kind == "Deployment"
	doubtful
	count(strange) == 0
	not from_before
}

violation contains {
	"message": "before",
	"field": "spec.selector.matchLabels",
	"subject": "",
	"with": {"namespace": input.namespace, "name": input.name},
} if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	doubtful
	from_before
}

violation contains {
	"message": "unknown",
	"field": sprintf("%s[tealgate.dev/color]", [where]),
	"subject": where,
	"with": {"where": where, "value": workload.shown(value)},
} if {
	input.kind == "Deployment"
	doubtful
	some where, value in strange
}

violation contains {
	"message": "declined-live",
	"field": "metadata.annotations[tealgate.dev/blue-green]",
	"subject": sprintf("Service %s", [service.name]),
	"with": {"service": service.name, "kubectl": workload.kubectl},
} if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	declines(input.object)
	not declines(input.old)
	not input.facts.mayExempt
	some service in input.facts.services
	service.role == ""
	serves(service)
}

# doubtful: a color is wanted, and not one and the same stands everywhere.
doubtful if {
	workload.is_deployment
	not agreed
	not workload.without_colors
}

agreed if {
	color := input.object.metadata.labels["tealgate.dev/color"]
	color in traffic.colors
	input.object.spec.selector.matchLabels["tealgate.dev/color"] == color
	input.object.spec.template.metadata.labels["tealgate.dev/color"] == color
}

# places are where the color stands, empty where it does not.
places := {
	"metadata.labels": label(input.object, ["metadata", "labels"]),
	"spec.selector.matchLabels": label(input.object, ["spec", "selector", "matchLabels"]),
	"spec.template.metadata.labels": label(input.object, ["spec", "template", "metadata", "labels"]),
}

placed := {value | some value in places}

named := placed - {""}

# from_before: the stored selector names no color and cannot change.
from_before if {
	input.operation == "UPDATE"
	places["spec.selector.matchLabels"] == ""
}

strange := {where: value |
	some where, value in places
	value != ""
	not value in traffic.colors
}

label(deployment, path) := workload.as_text(object.get(labels(deployment, path), traffic.color_label, ""))

labels(deployment, path) := workload.as_map(object.get(workload.as_map(deployment), path, {}))

# serves: the Service sends traffic to these pods as they are or as they were. An
# update that declines may take off the label at the same time.
serves(service) if traffic.selects(service.selector, workload.pod_labels)

serves(service) if traffic.selects(service.selector, labels(input.old, ["spec", "template", "metadata", "labels"]))

proposal := [c |
	some c in [
		places["spec.selector.matchLabels"],
		places["spec.template.metadata.labels"],
		places["metadata.labels"],
		suffix,
		"blue",
	]
	c != ""
][0]

suffix := "green" if {
	endswith(input.name, "-green")
} else := ""

seen := {"en": "is missing", "zh": "不存在"} if {
	placed == {""}
} else := {
	"en": sprintf("stands only at %s", [standing.en]),
	"zh": sprintf("只出现在 %s中", [standing.zh]),
} if {
	count(named) == 1
} else := {
	"en": sprintf("differs: %s", [standing.en]),
	"zh": sprintf("不一致：%s", [standing.zh]),
}

standing := {
	"en": concat(", ", [sprintf("%s (%s)", [place, value]) | some place, value in places; value != ""]),
	"zh": concat("、", [sprintf("%s（%s）", [place, value]) | some place, value in places; value != ""]),
}

declines(deployment) if object.get(
	labels(deployment, ["metadata", "annotations"]),
	"tealgate.dev/blue-green",
	"",
) == "disabled"
