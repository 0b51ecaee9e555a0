# METADATA
# title: The live color is not deleted or scaled away
# description: |
#   A Deployment to whose pods a Service sends live traffic is not deleted and not scaled to 0,
#   whether by its replicas, by kubectl scale or by an autoscaler. Scaling it by hand
#   below half of the pods that are ready warns. While no pod behind the Service is
#   ready there is nothing to protect, and everything passes.
#
#   To retire an application delete the Service first, then its Deployments. The
#   other color can be deleted and scaled at any time, and deleting the whole
#   namespace passes.
# custom:
#   id: live-color-protected
#   action: deny
#   concern: traffic
#   zh:
#     title: 线上颜色不能被删除或缩容到 0
#     description: |
#       Service 正把线上流量送到其 Pod 的 Deployment 不能删除，也不能缩容到 0，无论是修改 replicas、
#       kubectl scale 还是自动扩缩。手工缩到就绪 Pod 数的一半以下会警告。Service 后面没有就绪 Pod 时没有可保护的流量，放行。
#
#       要下线应用，请先删除 Service，再删除 Deployment。另一个颜色随时可以删除和缩容，删除整个命名空间放行。
#   messages:
#     deleted:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}}.
#         Nothing was deleted. To retire the application delete the Service first:
#
#           {{.kubectl}} delete service/{{.service}}
#
#         To replace this color deploy the other one and move the Service to it.
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点。没有删除任何对象。要下线应用，请先删除 Service：
#
#           {{.kubectl}} delete service/{{.service}}
#
#         要替换这个颜色，请部署另一个颜色并把 Service 切过去。
#     scaled-away:
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}};
#         0 replicas would leave none. Nothing was scaled. Move the Service to the other
#         color first, or delete it to retire the application:
#
#           {{.kubectl}} delete service/{{.service}}
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点；缩到 0 就一个也没有了。没有缩容。请先把 Service 切到另一个颜色；要下线应用，请先删除它：
#
#           {{.kubectl}} delete service/{{.service}}
#     scaled-hard:
#       action: warn
#       more: true
#       en: |-
#         Service {{.service}} sends live traffic here and has {{.ready}} ready {{plural .ready "endpoint" "endpoints"}};
#         {{.replicas}} {{plural .replicas "replica" "replicas"}} {{plural .replicas "is" "are"}} less than half of that.
#       zh: |-
#         Service {{.service}} 正把线上流量送到这里，有 {{.ready}} 个就绪的端点；{{.replicas}} 个副本不到一半。
package tealgate.rules.live_color_protected

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains found("deleted", "", service, {"kubectl": workload.kubectl}) if {
	input.kind == "Deployment"
	input.operation == "DELETE"
	some service in carriers
}

violation contains found("scaled-away", "spec.replicas", service, {"kubectl": workload.kubectl}) if {
	input.operation == "UPDATE"
	scaled_down
	replicas == 0
	some service in carriers
}

violation contains found("scaled-hard", "spec.replicas", service, {"replicas": replicas}) if {
	input.operation == "UPDATE"
	scaled_down
	not input.user in autoscalers
	replicas > 0
	some service in carriers
	replicas * 2 < service.ready
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
	object.get(
		workload.as_map(object.get(workload.as_map(input.old), ["spec", "template", "metadata", "labels"], {})),
		traffic.color_label,
		"",
	) in traffic.colors
}

scaled_down if {
	input.kind in {"Deployment", "Scale"}
	replicas < replicas_of(input.old)
}

replicas := replicas_of(input.object)

# replicas_of is what Kubernetes takes an absent field for: 1 in a Deployment, and
# 0 in a Scale, which never leaves out another number.
replicas_of(resource) := workload.number(workload.as_map(object.get(workload.as_map(resource), "spec", {})), "replicas", absent)

absent := 0 if {
	input.kind == "Scale"
} else := 1

found(message, field, service, extra) := {
	"message": message,
	"field": field,
	"subject": sprintf("Service %s", [service.name]),
	"with": object.union({"service": service.name, "ready": service.ready}, extra),
}
