# METADATA
# title: The live color is not deleted or scaled away
# description: |
#   A Deployment to whose pods a Service sends live traffic is not deleted and not scaled to 0,
#   whether by its replicas, by kubectl scale or by an autoscaler. Scaling it by hand
#   below half of the pods that are ready warns, and is denied where a BlueGreen manages
#   the Service. Its pods do not get labels that the Service's selector does not match: the
#   rollout would leave it without any. While no pod behind the Service is ready there is
#   nothing to protect, and everything passes. A Service that a BlueGreen manages, a preview
#   too, is not deleted.
#
#   To retire an application delete its BlueGreen first, if it has one, then the Service, then
#   the Deployments. The other color can be deleted and scaled at any time, and deleting the
#   whole namespace passes.
# custom:
#   id: live-color-protected
#   action: deny
#   concern: traffic
#   zh:
#     title: 线上颜色不能被删除或缩容到 0
#     description: |
#       Service 正把线上流量送到其 Pod 的 Deployment 不能删除，也不能缩容到 0，无论是修改 replicas、
#       kubectl scale 还是自动扩缩。手工缩到就绪 Pod 数的一半以下会警告，由 BlueGreen 管理时会拒绝。它的 Pod 也不能改成
#       Service 的 selector 不匹配的标签：滚动更新后就没有端点了。Service 后面没有就绪 Pod 时没有可保护的流量，放行。
#       BlueGreen 管理的 Service（包括预览）不能删除。
#
#       要下线应用，请先删除 BlueGreen（如果有），再删除 Service，最后删除 Deployment。另一个颜色随时可以删除和缩容，删除整个命名空间放行。
#   messages:
#     deleted:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}}.
#         Nothing was deleted. To retire the application delete
#         {{if .blue_green}}its BlueGreen and the Service{{else}}the Service{{end}} first:
#
#           {{if .blue_green}}{{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{end}}{{.kubectl}} delete service/{{.service}}
#
#         To replace this color deploy the other one and move the Service to it.
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点。没有删除任何对象。要下线应用，请先删除{{if .blue_green}} BlueGreen 和{{end}} Service：
#
#           {{if .blue_green}}{{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{end}}{{.kubectl}} delete service/{{.service}}
#
#         要替换这个颜色，请部署另一个颜色并把 Service 切过去。
#     scaled-away:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}};
#         0 replicas would leave none. Nothing was scaled. Move the Service to the other
#         color first, or delete {{if .blue_green}}its BlueGreen and then the Service{{else}}it{{end}} to retire the application:
#
#           {{if .blue_green}}{{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{end}}{{.kubectl}} delete service/{{.service}}
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点；缩到 0 就一个也没有了。没有缩容。请先把 Service 切到另一个颜色；要下线应用，请先删除{{if .blue_green}} BlueGreen，再删除它{{else}}它{{end}}：
#
#           {{if .blue_green}}{{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{end}}{{.kubectl}} delete service/{{.service}}
#     relabelled:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here ({{.selector}}) and has {{.ready}} ready
#         {{plural .ready "endpoint" "endpoints"}}; pods with the new labels would be none of them, and the rollout would
#         replace all that are. Nothing was changed. Keep the labels that the Service
#         selects. To replace this color deploy the other one and move the Service to it.
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里（{{.selector}}），有 {{.ready}} 个就绪的端点；带新标签的 Pod 不会成为它的端点，而滚动更新会替换掉现有的全部。没有任何修改生效。请保留 Service 所选的标签。要替换这个颜色，请部署另一个颜色并把 Service 切过去。
#     scaled-hard:
#       action: warn
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}};
#         {{.replicas}} {{plural .replicas "replica" "replicas"}} {{plural .replicas "is" "are"}} less than half of that.
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点；{{.replicas}} 个副本不到一半。
#     scaled-hard-managed:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}};
#         {{.replicas}} {{plural .replicas "replica" "replicas"}} {{plural .replicas "is" "are"}} less than half of that, and BlueGreen {{.blue_green}}
#         manages it. Nothing was scaled. Go down by at most half, look, and go on:
#
#           {{.kubectl}} scale deployment/{{.name}} --replicas={{.half}}
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点，由 BlueGreen {{.blue_green}} 管理；{{.replicas}} 个副本不到一半。没有缩容。请每次最多减半，观察之后再继续：
#
#           {{.kubectl}} scale deployment/{{.name}} --replicas={{.half}}
#     service-deleted:
#       more: true
#       en: |-
#         BlueGreen {{.blue_green}} manages this Service. Nothing was deleted. To retire the
#         application delete the BlueGreen first, then the Service, then the Deployments:
#
#           {{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{.kubectl}} delete service/{{.name}}
#       zh: |-
#         BlueGreen {{.blue_green}} 管理着这个 Service。没有删除任何对象。要下线应用，请先删除 BlueGreen，再删除 Service，最后删除 Deployment：
#
#           {{.kubectl}} delete bluegreen/{{.blue_green}}
#           {{.kubectl}} delete service/{{.name}}
package tealgate.rules.live_color_protected

import data.tealgate.lib.change
import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains found("deleted", "", service, {"kubectl": workload.kubectl}) if {
	input.kind == "Deployment"
	input.operation == "DELETE"
	some service in carriers
}

violation contains found("scaled-away", "spec.replicas", service, {"kubectl": workload.kubectl}) if {
	change.scaled_down
	change.replicas == 0
	some service in carriers
}

violation contains found("relabelled", "spec.template.metadata.labels", service, {"selector": traffic.written(service.selector)}) if {
	change.replaces_pods
	some service in carriers
	not traffic.selects(service.selector, workload.pod_labels)
}

violation contains found("scaled-hard", "spec.replicas", service, {"replicas": change.replicas}) if {
	scaled_hard
	traffic.managed.by == ""
	some service in carriers
	change.replicas * 2 < service.ready
}

violation contains found("scaled-hard-managed", "spec.replicas", service, {
	"replicas": change.replicas,
	"half": ceil(service.ready / 2),
	"name": input.name,
	"kubectl": workload.kubectl,
}) if {
	scaled_hard
	traffic.managed.by != ""
	some service in carriers
	change.replicas * 2 < service.ready
}

violation contains {
	"message": "service-deleted",
	"field": "",
	"subject": sprintf("BlueGreen %s", [traffic.managed.by]),
	"with": {"blue_green": traffic.managed.by, "name": input.name, "kubectl": workload.kubectl},
} if {
	input.kind == "Service"
	input.operation == "DELETE"
	traffic.managed.by != ""
}

# scaled_hard may be: by a person, and not to zero, which is a finding of its own.
scaled_hard if {
	change.scaled_down
	not input.user in autoscalers
	change.replicas > 0
}

autoscalers := {"system:serviceaccount:kube-system:horizontal-pod-autoscaler"}

# carriers are the Services that colors are about and that have ready endpoints.
carriers := [service |
	some service in input.facts.live
	service.ready > 0
	coloured(service)
]

coloured(service) if service.color in traffic.colors

# A Service that is not pinned yet, in front of coloured pods.
coloured(service) if {
	service.color == ""
	change.color != ""
}

found(message, field, service, extra) := {
	"message": message,
	"field": field,
	"subject": sprintf("Service %s", [service.name]),
	"with": object.union({"service": service.name, "ready": service.ready, "blue_green": traffic.managed.by}, extra),
}
