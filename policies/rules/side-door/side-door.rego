# METADATA
# title: No pods slip in beside the live color
# description: |
#   The pods of a new Deployment, and pods whose labels change, do not match a Service
#   that sends traffic to other pods: they would get live traffic as soon as they are
#   ready, unverified and without a way back. Traffic only arrives by moving the
#   Service's selector.
#
#   The first Deployment behind a Service passes in any order, and so does one behind a
#   Service without ready endpoints.
# custom:
#   id: side-door
#   action: deny
#   concern: traffic
#   zh:
#     title: Pod 不能绕过切换直接接到线上流量
#     description: |
#       新 Deployment 的 Pod，以及标签被修改的 Pod，不能匹配一个正把流量送往其他 Pod 的 Service：否则它们一就绪就接到
#       线上流量，没有经过验证，也无法回退。流量只能通过修改 Service 的 selector 到达。
#
#       Service 后面的第一个 Deployment 以任何顺序都放行；Service 没有就绪端点时也放行。
#   messages:
#     beside-live:
#       more: true
#       fix:
#         at: ""
#         yaml: |-
#           metadata:
#             labels: {tealgate.dev/color: {{.idle}}}
#           spec:
#             selector: {matchLabels: {tealgate.dev/color: {{.idle}}}}
#             template: {metadata: {labels: {tealgate.dev/color: {{.idle}}}}}
#       en: |-
#         Service {{.service}} sends live traffic to pods with these labels ({{.selector}}),
#         and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}} ({{.workloads_en}}). These pods would answer beside
#         them as soon as they are ready. Nothing was changed.
#
#         A new version of that application is {{.idle}}. Fix, from the top of the manifest
#         (other labels stay), then apply again:
#
#           {{.fix}}
#
#         Another application needs labels that this selector does not match.
#       zh: |-
#         Service {{.service}} 正把线上流量送往带有这些标签的 Pod（{{.selector}}），有 {{.ready}} 个就绪的端点（{{.workloads_zh}}）。这些 Pod 一就绪就会与它们同时应答。没有任何修改生效。
#
#         若是该应用的新版本，应为 {{.idle}}。请从清单顶层改为以下内容（其他标签保留），然后重新 apply：
#
#           {{.fix}}
#
#         若是另一个应用，请换成该 selector 不匹配的标签。
#     relabelled:
#       more: true
#       en: |-
#         the new labels of these pods are those that Service {{.service}} sends live traffic
#         to ({{.selector}}), and it has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}} ({{.workloads_en}}). The pods would
#         answer beside them as soon as they are ready. Nothing was changed. Keep the
#         labels as they were; traffic moves by the Service's selector:
#
#           {{.kubectl}} get service {{.service}} -o jsonpath={.spec.selector}
#       zh: |-
#         修改后的标签正是 Service {{.service}} 送线上流量的标签（{{.selector}}），它有 {{.ready}} 个就绪的端点（{{.workloads_zh}}）。这些 Pod 一就绪就会与它们同时应答。没有任何修改生效。请保留原来的标签；流量通过 Service 的 selector 切换：
#
#           {{.kubectl}} get service {{.service}} -o jsonpath={.spec.selector}
package tealgate.rules.side_door

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains found("beside-live", service, {"idle": idle[service.color]}) if {
	input.kind == "Deployment"
	input.operation == "CREATE"
	some service in open
}

violation contains found("relabelled", service, {"kubectl": workload.kubectl}) if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	some service in open
}

idle := {"blue": "green", "green": "blue"}

# open are the Services that serve by pods of another workload. Endpoints that are no
# pods are of another one too.
open := [service |
	some service in input.facts.doors
	service.color in traffic.colors
	service.ready > 0
	{name | some name in service.workloads} != {input.name}
	not workload.without_traffic
	traffic.selects(service.selector, workload.pod_labels)
]

found(message, service, extra) := {
	"message": message,
	"field": "spec.template.metadata.labels",
	"subject": sprintf("Service %s", [service.name]),
	"with": object.union(
		{
			"service": service.name,
			"ready": service.ready,
			"selector": traffic.written(service.selector),
			"workloads_en": owners(service).en,
			"workloads_zh": owners(service).zh,
		},
		extra,
	),
}

owners(service) := traffic.some_names(service.workloads) if {
	count(service.workloads) > 0
} else := {"en": "addresses", "zh": "Pod 以外的地址"}
