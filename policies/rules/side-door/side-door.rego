# METADATA
# title: No pods slip in beside the live color
# description: |
#   The pods of a new Deployment, and pods whose labels change, do not match a Service
#   that sends traffic to other pods: they would get live traffic as soon as they are
#   ready, unverified and without a way back. Traffic only arrives by moving the
#   Service's selector.
#
#   The first Deployment behind a Service passes in any order, and so does one behind a
#   Service without ready endpoints. Behind a Service that names no color a copy passes:
#   the same images and the same version as the Deployments that serve, as kubectl tealgate
#   adopt makes it. So does a Deployment that declined colors, as all that serve did.
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
#       Service 后面的第一个 Deployment 以任何顺序都放行；Service 没有就绪端点时也放行。Service 没有写明颜色时，副本放行：镜像和版本与正在服务的
#       Deployment 相同（kubectl tealgate adopt 就是这样做的）；正在服务的 Deployment 都声明不使用颜色时，同样声明的也放行。
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
#     beside-uncoloured:
#       more: true
#       en: |-
#         Service {{.service}} names no color and sends live traffic to pods with these labels
#         ({{.selector}}), and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}} ({{.workloads_en}}). These pods would
#         answer beside them as soon as they are ready, and {{.differs_en}}.
#         Nothing was changed.{{if .adopt}}
#
#         First give {{.adopt}} a color, then a new version goes to the other one:
#
#           kubectl tealgate adopt -n {{.namespace}} {{.adopt}}
#         {{end}}
#
#         Another application needs labels that this selector does not match.
#       zh: |-
#         Service {{.service}} 没有写明颜色，正把线上流量送往带有这些标签的 Pod（{{.selector}}），有 {{.ready}} 个就绪的端点（{{.workloads_zh}}）。这些 Pod 一就绪就会与它们同时应答，而{{.differs_zh}}。没有任何修改生效。{{if .adopt}}
#
#         请先给 {{.adopt}} 加上颜色，新版本再部署到另一种颜色：
#
#           kubectl tealgate adopt -n {{.namespace}} {{.adopt}}
#         {{end}}
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
	service.color in traffic.colors
}

violation contains found("beside-uncoloured", service, object.union(
	difference(service),
	{"namespace": input.namespace, "adopt": adoptable(service)},
)) if {
	input.kind == "Deployment"
	input.operation == "CREATE"
	some service in open
	service.color == ""
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
	service.color in (traffic.colors | {""})
	service.ready > 0
	{name | some name in service.workloads} != {input.name}
	not workload.without_traffic
	traffic.selects(service.selector, workload.pod_labels)
	not let_in(service)
]

# let_in: a Service without a color is in front of nothing but Deployments that run the same, or
# that all declined colors as this one does.
let_in(service) if {
	service.color == ""
	count(service.workloads) > 0
	every name in others(service) {
		some copied in the_same
		is_of(name, copied)
	}
}

let_in(service) if {
	service.color == ""
	count(service.workloads) > 0
	workload.without_colors
	every name in others(service) {
		some decliner in declined
		is_of(name, decliner)
	}
}

# A second color behind it: selector-pins-color says so, with the cure for that.
let_in(service) if {
	service.color == ""
	own := object.get(workload.pod_labels, traffic.color_label, "")
	own in traffic.colors
	some other in input.facts.pair
	other.live
	other.color in (traffic.colors - {own})
}

others(service) := {name | some name in service.workloads} - {input.name}

# is_of: the workload is this Deployment. Names of pods have no room for a long one in
# whole, so the guess from them may be its beginning.
is_of(name, deployment) if deployment == name

is_of(name, deployment) if {
	count(deployment) > 46
	count(name) > 40
	startswith(deployment, name)
}

declined contains other.name if {
	some other in input.facts.pair
	other.declined
}

# the_same are the Deployments without a color that run what this one does.
the_same contains other.name if {
	some other in input.facts.pair
	other.color == ""
	same_images(other)
	other.version in {"", version}
}

same_images(other) if {
	count(images) > 0
	{[image.container, image.image] | some image in other.images} == images
}

images := {[entry.name, entry.container.image] | some entry in workload.containers}

version := array.concat(
	[value |
		some label in ["app.kubernetes.io/version", "version"]
		value := workload.as_text(object.get(workload.pod_labels, label, ""))
		value != ""
	],
	[""],
)[0]

# difference says why the pods are not taken for a copy.
difference(service) := {
	"differs_en": sprintf("they are not version %s, which serves", [serving]),
	"differs_zh": sprintf("它们的版本不是正在服务的 %s", [serving]),
} if {
	serving := [other.version |
		some name in sort(others(service))
		some other in input.facts.pair
		is_of(name, other.name)
		not other.version in {"", version}
	][0]
} else := {"differs_en": "they do not run the same images", "differs_zh": "镜像与它们不同"}

# adoptable is the Deployment without a color that serves, empty where there is not one.
adoptable(service) := found[0].name if {
	found := [other |
		some name in others(service)
		some other in input.facts.pair
		is_of(name, other.name)
		other.color == ""
		not other.declined
	]
	count(found) == 1
} else := ""

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
