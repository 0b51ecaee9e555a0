# METADATA
# title: A Service over coloured pods pins one color
# description: |
#   The selector of a Service whose pods carry colors names exactly one, headless
#   Services too. Otherwise both versions answer at the same time and there is
#   nothing to switch. Services labelled tealgate.dev/role: preview or metrics may see
#   other pods, and may not become so while they carry traffic. No Service selects
#   pods that declare tealgate.dev/traffic: none.
# custom:
#   id: selector-pins-color
#   action: deny
#   concern: traffic
#   zh:
#     title: 选中带颜色 Pod 的 Service 必须固定一个颜色
#     description: |
#       只要 Pod 带有颜色，Service（包括 headless）的 selector 就要写明且只写一个颜色，否则两个版本会
#       同时应答，也就无从切换。带标签 tealgate.dev/role: preview 或 metrics 的 Service 可以选中其他
#       Pod，但承载流量的 Service 不能改成这种角色。任何 Service 都不能选中声明了
#       tealgate.dev/traffic: none 的 Pod。
#   messages:
#     unpinned:
#       more: true
#       fix:
#         at: spec
#         yaml: |-
#           selector:
#             {{range $key, $value := .selector}}{{$key}}: '{{$value}}'
#             {{end}}tealgate.dev/color: {{.color}}
#       en: |-
#         its pods are {{.colors}}, and the selector names no color. {{.both_en}}
#
#         Fix in {{.at}} ({{.color}} is a guess: name the color that shall serve):
#
#           {{.fix}}
#       zh: |-
#         它的 Pod 是 {{.colors}}，而 selector 没有写明颜色。{{.both_zh}}
#
#         在 {{.at}} 中改为（{{.color}} 是猜测：请写应当提供服务的颜色）：
#
#           {{.fix}}
#     unknown:
#       more: true
#       en: |-
#         the selector asks for tealgate.dev/color: {{.value}}. There are two colors:
#         blue and green. No pod would be selected.
#       zh: |-
#         selector 要求 tealgate.dev/color: {{.value}}。只有 blue 和 green 两种颜色，这样不会选中任何 Pod。
#     without-traffic:
#       more: true
#       en: |-
#         it selects pods that declare tealgate.dev/traffic: none ({{.pods}}). Nothing
#         checks whether they can serve. Narrow the selector, or take the
#         annotation out of their pod template and give them a readinessProbe.
#       zh: |-
#         它选中了声明 tealgate.dev/traffic: none 的 Pod（{{.pods}}）。没有任何检查能说明它们可以提供服务。请缩小 selector，或从 Pod 模板中删除该注解并加上 readinessProbe。
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
#         label tealgate.dev/role: {{.role}} would take this Service out of every check
#         while it carries traffic ({{.ready}} ready). Make a second Service for it.
#       zh: |-
#         标签 tealgate.dev/role: {{.role}} 会让这个正在承载流量的 Service（{{.ready}} 个就绪端点）脱离所有检查。请为此另建一个 Service。
#     second-color:
#       more: true
#       en: |-
#         Service {{.service}} names no color yet, so it would send traffic to {{.color}}
#         ({{.name}}) as soon as one pod is ready, beside {{.present}} ({{.other}}). Pin it to {{.present}},
#         then apply again:
#
#           kubectl -n {{.namespace}} patch service {{.service}} -p '{spec: {selector: {tealgate.dev/color: {{.present}}}}}'
#       zh: |-
#         Service {{.service}} 还没有写明颜色，{{.color}}（{{.name}}）只要有一个 Pod 就绪就会和 {{.present}}（{{.other}}）同时接到流量。请先固定为 {{.present}}，然后重新 apply：
#
#           kubectl -n {{.namespace}} patch service {{.service}} -p '{spec: {selector: {tealgate.dev/color: {{.present}}}}}'
package tealgate.rules.selector_pins_color

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "unpinned",
	"field": "spec.selector",
	"subject": sprintf("selector %v", [traffic.selector]),
	"with": {
		"selector": traffic.selector,
		"colors": concat(" and ", sort(traffic.pod_colors)),
		"color": best_color,
		"both_en": both.en,
		"both_zh": both.zh,
	},
} if {
	traffic.is_service
	traffic.routes
	traffic.role == ""
	traffic.color == ""
	count(traffic.pod_colors) > 0
}

violation contains {
	"message": "unknown",
	"field": "spec.selector[tealgate.dev/color]",
	"subject": traffic.color,
	"with": {"value": traffic.color},
} if {
	traffic.is_service
	traffic.color != ""
	not traffic.color in traffic.colors
}

violation contains {
	"message": "without-traffic",
	"field": "spec.selector",
	"subject": sprintf("selector %v", [traffic.selector]),
	"with": {"pods": some_names(workers)},
} if {
	traffic.is_service
	traffic.routes
	workers := [pod.name | some pod in traffic.pods; pod.traffic == "none"]
	count(workers) > 0
}

violation contains {
	"message": "became-role",
	"field": "metadata.labels[tealgate.dev/role]",
	"subject": traffic.role,
	"with": {"role": traffic.role, "ready": input.facts.serving.ready},
} if {
	traffic.is_service
	input.operation == "UPDATE"
	traffic.coloured
	traffic.old_role == ""
	traffic.role != ""
	input.facts.serving.ready > 0
}

violation contains {
	"message": "selected-worker",
	"field": "spec.template.metadata.annotations[tealgate.dev/traffic]",
	"subject": sprintf("Service %s", [service.name]),
	"with": {"service": service.name},
} if {
	workload.is_deployment
	workload.without_traffic
	some service in input.facts.services
	selects(service.selector, workload.pod_labels)
}

violation contains {
	"message": "second-color",
	"field": "spec.template.metadata.labels[tealgate.dev/color]",
	"subject": sprintf("Service %s", [service.name]),
	"with": {
		"service": service.name,
		"namespace": input.namespace,
		"name": input.name,
		"color": color,
		"present": other.color,
		"other": other.name,
	},
} if {
	workload.is_deployment
	not workload.without_colors
	color := object.get(workload.pod_labels, traffic.color_label, "")
	some service in input.facts.services
	service.role == ""
	service.color == ""
	some other in input.facts.pair
	other.live
	other.color in traffic.colors
	other.color != color
}

selects(selector, labels) if {
	every key, value in selector {
		object.get(labels, key, "") == value
	}
}

# best_color is the one with most ready pods, blue in doubt.
best_color := color if {
	ranked := sort([[0 - count([pod | some pod in traffic.ready_pods; pod.color == c]), c] | some c in traffic.pod_colors])
	color := ranked[0][1]
}

both := {
	"en": "Both would answer at the same time.",
	"zh": "两个颜色会同时应答。",
} if {
	count(traffic.pod_colors) > 1
} else := {
	"en": "The other color would answer beside it as soon as it is deployed.",
	"zh": "另一个颜色一部署就会同时应答。",
}

some_names(names) := concat(", ", names) if {
	count(names) <= 3
} else := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 3)), count(names) - 3])
