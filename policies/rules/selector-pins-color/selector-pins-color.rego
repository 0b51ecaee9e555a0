# METADATA
# title: A Service over coloured pods pins one color
# description: |
#   The selector of a Service whose pods carry colors names exactly one, headless
#   Services too. Otherwise both versions answer at the same time and there is
#   nothing to switch. Services labelled tealgate.dev/role: preview or metrics may see
#   other pods. A Service that pins a color or carries traffic may not become so. No
#   Service selects pods that declare tealgate.dev/traffic: none.
#
#   A new Service behind which there is one color only passes without naming it: tealgate
#   pins it, at once or as soon as its pods are ready. Until then a second color is denied.
# custom:
#   id: selector-pins-color
#   action: deny
#   concern: traffic
#   zh:
#     title: 选中带颜色 Pod 的 Service 必须固定一个颜色
#     description: |
#       只要 Pod 带有颜色，Service（包括 headless）的 selector 就要写明且只写一个颜色，否则两个版本会
#       同时应答，也就无从切换。带标签 tealgate.dev/role: preview 或 metrics 的 Service 可以选中其他
#       Pod，但已固定颜色或承载流量的 Service 不能改成这种角色。任何 Service 都不能选中声明了
#       tealgate.dev/traffic: none 的 Pod。
#
#       新建的 Service 后面只有一种颜色时，不写颜色也放行：tealgate 会立即或在 Pod 就绪后把它固定到该颜色；在此之前，第二种颜色会被拒绝。
#   messages:
#     unpinned:
#       more: true
#       fix:
#         at: spec
#         yaml: |-
#           selector:
#             {{.selector}}
#       en: |-
#         its pods {{.are_en}} {{.colors_en}}, and the selector names no color. {{.both_en}}
#
#         Fix in {{.at}}{{if .guess}} ({{.color}} is a guess: name the color that shall serve){{end}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         它的 Pod {{.are_zh}} {{.colors_zh}}，而 selector 没有写明颜色。{{.both_zh}}
#
#         在 {{.at}} 中改为以下内容{{if .guess}}（{{.color}} 是猜测：请写应当提供服务的颜色）{{end}}，然后重新 apply：
#
#           {{.fix}}
#     lost:
#       more: true
#       fix:
#         at: spec
#         yaml: |-
#           selector:
#             {{.selector}}
#       en: |-
#         the selector named {{.old}} and names no color now: pods of any color, or of
#         none, could answer. Nothing was changed.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         selector 原来写明了 {{.old}}，现在没有颜色：任何颜色或没有颜色的 Pod 都可能应答。没有任何修改生效。
#
#         在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
#     unknown:
#       more: true
#       en: |-
#         the selector asks for tealgate.dev/color: {{.value}}. There are two colors,
#         blue and green, and no Deployment may carry another. Name one of the two.
#       zh: |-
#         selector 要求 tealgate.dev/color: {{.value}}。只有 blue 和 green 两种颜色，Deployment 不能带其他颜色。请写其中一个。
#     without-traffic:
#       more: true
#       en: |-
#         it selects pods that declare tealgate.dev/traffic: none ({{.pods_en}}). Nothing
#         checks whether they can serve. Narrow the selector, or take the
#         annotation out of their pod template and give them a readinessProbe.
#       zh: |-
#         它选中了声明 tealgate.dev/traffic: none 的 Pod（{{.pods_zh}}）。没有任何检查能说明它们可以提供服务。请缩小 selector，或从 Pod 模板中删除该注解并加上 readinessProbe。
#     selected-worker:
#       more: true
#       en: |-
#         its pods declare tealgate.dev/traffic: none, and Service {{.service}} selects
#         them. They would get traffic that nothing checks. Take the annotation out
#         of spec.template.metadata.annotations, or delete the Service first.
#       zh: |-
#         它的 Pod 声明了 tealgate.dev/traffic: none，但被 Service {{.service}} 选中，会接到没有任何检查的流量。请从 spec.template.metadata.annotations 中删除该注解，或先删除这个 Service。
#     became-role:
#       more: true
#       en: |-
#         label tealgate.dev/role: {{.role}} would take this Service out of every check{{if .serves}}
#         while it carries traffic ({{.ready}} ready){{else}},
#         and it serves as soon as a pod is ready{{end}}. Nothing was changed. Make a second
#         Service for it.
#       zh: |-
#         标签 tealgate.dev/role: {{.role}} 会让这个{{if .serves}}正在承载流量的 Service（{{.ready}} 个就绪端点）{{else}}一有 Pod 就绪就承载线上流量的 Service {{end}}脱离所有检查。没有任何修改生效。请为此另建一个 Service。
#     second-color:
#       more: true
#       en: |-
#         Service {{.service}} names no color yet, so it would send traffic to {{.color}}
#         ({{.name}}) as soon as one pod is ready, beside {{.present}} ({{.other}}). Pin the
#         Service to {{.present}}, then apply again:
#
#           {{.kubectl}} patch service {{.service}} -p \
#             'spec: {selector: {tealgate.dev/color: {{.present}}}}'
#       zh: |-
#         Service {{.service}} 还没有写明颜色，{{.color}}（{{.name}}）只要有一个 Pod 就绪就会和 {{.present}}（{{.other}}）同时接到流量。请先把 Service 固定为 {{.present}}，然后重新 apply：
#
#           {{.kubectl}} patch service {{.service}} -p \
#             'spec: {selector: {tealgate.dev/color: {{.present}}}}'
package tealgate.rules.selector_pins_color

import data.tealgate.lib.traffic
import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": "unpinned",
	"field": "spec.selector",
	"subject": sprintf("selector %s", [traffic.written(traffic.selector)]),
	"with": {
		"selector": pinned(best.color),
		"colors_en": concat(" and ", sort(colors)),
		"colors_zh": concat(" 和 ", sort(colors)),
		"are_en": are.en,
		"are_zh": are.zh,
		"color": best.color,
		"guess": best.guess,
		"both_en": both.en,
		"both_zh": both.zh,
	},
} if {
	input.kind == "Service"
	colorless
	count(colors) > 0
	not pinned_soon
}

# Without pods of a color there is nothing to be seen, but the Service would leave
# every check: that it had a color, or served one, is enough.
violation contains {
	"message": "lost",
	"field": "spec.selector",
	"subject": sprintf("selector %s", [traffic.written(traffic.selector)]),
	"with": {"selector": pinned(traffic.present), "old": traffic.present},
} if {
	input.kind == "Service"
	colorless
	count(traffic.pod_colors) == 0
	traffic.present != ""
}

violation contains {
	"message": "unknown",
	"field": "spec.selector[tealgate.dev/color]",
	"subject": value,
	"with": {"value": value},
} if {
	input.kind == "Service"
	traffic.is_service
	traffic.color != ""
	not traffic.color in traffic.colors
	value := workload.shown(workload.as_text(traffic.color))
}

violation contains {
	"message": "without-traffic",
	"field": "spec.selector",
	"subject": sprintf("selector %s", [traffic.written(traffic.selector)]),
	"with": {"pods_en": names.en, "pods_zh": names.zh},
} if {
	input.kind == "Service"
	traffic.is_service
	traffic.routes
	workers := [pod.name | some pod in traffic.pods; pod.traffic == "none"]
	count(workers) > 0
	names := traffic.some_names(workers)
}

violation contains {
	"message": "became-role",
	"field": "metadata.labels[tealgate.dev/role]",
	"subject": traffic.role,
	"with": {"role": traffic.role, "ready": input.facts.serving.ready, "serves": input.facts.serving.ready > 0},
} if {
	input.kind == "Service"
	traffic.is_service
	input.operation == "UPDATE"
	guarded
	traffic.old_role == ""
	traffic.role != ""
}

violation contains {
	"message": "selected-worker",
	"field": "spec.template.metadata.annotations[tealgate.dev/traffic]",
	"subject": sprintf("Service %s", [service.name]),
	"with": {"service": service.name},
} if {
	input.kind == "Deployment"
	workload.without_traffic
	some service in input.facts.services
	traffic.selects(service.selector, workload.pod_labels)
}

violation contains {
	"message": "second-color",
	"field": "spec.template.metadata.labels[tealgate.dev/color]",
	"subject": sprintf("Service %s", [service.name]),
	"with": {
		"service": service.name,
		"kubectl": workload.kubectl,
		"name": input.name,
		"color": color,
		"present": other.color,
		"other": other.name,
	},
} if {
	input.kind == "Deployment"
	count(unpinned) > 0
	workload.is_deployment
	not workload.without_traffic
	color := object.get(workload.pod_labels, traffic.color_label, "")
	color in traffic.colors
	some service in unpinned
	some other in input.facts.pair
	other.live
	other.color in traffic.colors
	other.color != color
}

# guarded: there are checks for the Service to leave. One that pins a color does not leave
# them in a moment in which none of its pods is ready.
guarded if traffic.old_color in traffic.colors

guarded if {
	traffic.coloured
	input.facts.serving.ready > 0
}

# unpinned are the Services in front of a Deployment that name no color.
unpinned := [service |
	some service in input.facts.services
	service.color == ""
	service.role == ""
]

# colorless: live traffic, and no color in the selector.
colorless if {
	traffic.is_service
	traffic.routes
	traffic.role == ""
	traffic.color == ""
}

# colors are those of the pods, and of those that are to come.
colors := traffic.pod_colors | coming

# coming are the colors of the Deployments behind a new Service.
coming := {color | some color in object.get(input.facts, "coming", [])}

are := {"en": "are", "zh": "是"} if {
	count(coming - traffic.pod_colors) == 0
} else := {"en": "are going to be", "zh": "将是"}

# pinned_soon: a new Service, and all that stands behind it has one and the same color. The
# controller pins it once it serves; a second color has to wait for that. An empty color
# stays as it was written.
pinned_soon if {
	input.operation == "CREATE"
	not traffic.color_label in object.keys(traffic.selector)
	not input.facts.selected.truncated
	count(colors) == 1
	count(colors - traffic.colors) == 0
	every pod in traffic.pods {
		pod.color != ""
	}
}

# pinned is the present selector with a color, as lines of YAML.
pinned(color) := concat("\n", array.concat(
	[sprintf("%s: %s", [yaml.scalar(key), yaml.scalar(workload.as_text(value))]) |
		some key, value in object.remove(traffic.selector, [traffic.color_label])
	],
	[sprintf("%s: %s", [traffic.color_label, color])],
))

# best is the color that was pinned, else the one with most ready pods, with most
# pods, with any to come, blue in doubt.
best := {"color": traffic.old_color, "guess": false} if {
	traffic.old_color in traffic.colors
} else := {"color": ranked[0][3], "guess": true} if {
	ranked := sort([[0 - number(traffic.ready_pods, color), 0 - number(traffic.pods, color), count({color} - coming), color] |
		some color in traffic.colors
	])
}

number(pods, color) := count([pod | some pod in pods; pod.color == color])

both := {
	"en": "Both would answer at the same time.",
	"zh": "两个颜色会同时应答。",
} if {
	count(colors) > 1
} else := {
	"en": "The other color would answer beside it as soon as it is deployed.",
	"zh": "另一个颜色一部署就会同时应答。",
}
