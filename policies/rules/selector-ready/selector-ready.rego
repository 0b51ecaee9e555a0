# METADATA
# title: Traffic only moves onto ready pods
# description: |
#   Any change of what a Service sends traffic to (selector, type, named targetPort, a
#   preview that becomes live) ends on ready, non-terminating pods of one color and one
#   version, as many as carry the traffic now. One is enough when nothing serves now, and
#   to go back to what the last switch left: its color, in the version that it had, as
#   annotation tealgate.dev/switched of the Service records. Pods and EndpointSlices are
#   read live for this. publishNotReadyAddresses is not set. A Service whose pods
#   carry no color is not asked. A new one may come before its pods are ready; over
#   pods that are, they are of one version too.
#
#   Adding a color to a selector that had none only takes pods away. It ends on at
#   least as many ready pods as it takes away, and passes while nothing serves.
#
#   Between this check and the change lies a moment in which a pod can fail; admission
#   cannot close it.
# custom:
#   id: selector-ready
#   action: deny
#   concern: traffic
#   zh:
#     title: 流量只能切到就绪的 Pod
#     description: |
#       凡是改变 Service 流量去向的修改（selector、type、命名的 targetPort），结果必须是同一颜色、同一
#       版本、就绪且不在终止中的 Pod，数量不少于当前承载流量的数量；当前没有就绪端点时，一个就够；切回上次
#       切换之前的颜色、且版本与 Service 的注解 tealgate.dev/switched 中记录的相同时，一个也就够。
#       为此实时读取 Pod 和 EndpointSlice。不能设置 publishNotReadyAddresses。Pod 不带颜色的
#       Service 不检查。新建的 Service 可以先于 Pod 就绪；已有就绪的 Pod 时，它们也必须是同一版本。
#
#       给原本没有颜色的 selector 加上颜色只会减少 Pod：剩下的就绪 Pod 不能少于被移除的，没有端点提供服务时放行。
#
#       检查与修改之间仍有一瞬间 Pod 可能失败，准入控制无法消除。
#   messages:
#     not-ready:
#       en: |-
#         {{.to_en}} has {{.ready}} ready {{plural .ready "pod" "pods"}}; {{.from_en}}. Not ready:
#
#           {{.list}}
#
#         {{.stays_en}} Repair the pods, wait for
#
#           {{.wait}}
#
#         and apply again.
#       zh: |-
#         {{.to_zh}} 有 {{.ready}} 个就绪的 Pod；{{.from_zh}}。未就绪：
#
#           {{.list}}
#
#         {{.stays_zh}}请修复这些 Pod，等待
#
#           {{.wait}}
#
#         然后重新 apply。
#     born-unready:
#       en: |-
#         {{.to_en}} has no ready pod, and {{.other}} has {{.beside}}. A new Service on
#         {{.to_en}} would reach nobody. Nothing was created. Name {{.other}} in the
#         selector, or wait for
#
#           {{.wait}}
#
#         and apply again.
#       zh: |-
#         {{.to_zh}} 没有就绪的 Pod，而 {{.other}} 有 {{.beside}} 个。建在 {{.to_zh}} 上的新 Service 无法访问到任何 Pod。没有创建任何对象。请在 selector 中写 {{.other}}，或等待
#
#           {{.wait}}
#
#         然后重新 apply。
#     too-few:
#       more: true
#       en: |-
#         {{.to_en}} has {{.ready}} ready {{plural .ready "pod" "pods"}}; {{.from_en}}. {{.stays_en}}
#         Bring {{.to_en}} to {{.needed}} ready {{plural .needed "pod" "pods"}}, then apply again:
#
#           {{.commands}}
#       zh: |-
#         {{.to_zh}} 有 {{.ready}} 个就绪的 Pod；{{.from_zh}}。{{.stays_zh}}请让 {{.to_zh}} 达到 {{.needed}} 个就绪的 Pod，然后重新 apply：
#
#           {{.commands}}
#     no-pods:
#       more: true
#       en: |-
#         no pod has the labels that the new selector asks for
#         ({{.selector}}){{if .some_end}}, except {{.ending}} that {{plural .ending "is" "are"}} terminating{{end}};
#         {{.from_en}}. {{.stays_en}}
#         Deploy pods with these labels first. To see which pods there are:
#
#           {{.kubectl}} get pods --show-labels
#       zh: |-
#         没有 Pod 具有新 selector 要求的标签（{{.selector}}）{{if .some_end}}，只有 {{.ending}} 个正在终止{{end}}；{{.from_zh}}。{{.stays_zh}}请先部署带有这些标签的 Pod。查看现有的 Pod：
#
#           {{.kubectl}} get pods --show-labels
#     truncated:
#       en: |-
#         there are more pods than tealgate reads at once ({{.read}} of {{.to_en}} were read), so
#         it cannot tell whether enough of them are ready; {{.from_en}}. {{.stays_en}}
#         Narrow the selector.
#       zh: |-
#         Pod 数量超过 tealgate 一次读取的上限（读取了 {{.to_zh}} 的 {{.read}} 个），无法判断就绪的是否足够；{{.from_zh}}。{{.stays_zh}}请缩小 selector。
#     versions:
#       more: true
#       en: |-
#         {{.to_en}} runs more than one version: {{join .versions ", "}}. Users would meet them
#         side by side. {{.stays_en}} Wait until the rollout is done, then apply again:
#
#           {{.wait}}
#       zh: |-
#         {{.to_zh}} 正在运行多个版本：{{join .versions "、"}}，用户会同时遇到。{{.stays_zh}}请等发布完成后重新 apply：
#
#           {{.wait}}
#     unlabelled:
#       en: |-
#         pods of {{.to_en}} carry no version label: {{.pods_en}}. Nobody could say what
#         serves. {{.stays_en}} Add app.kubernetes.io/version to
#         spec.template.metadata.labels of their Deployment, then apply again.
#       zh: |-
#         {{.to_zh}} 的 Pod 没有版本标签：{{.pods_zh}}，无法说明线上是哪个版本。{{.stays_zh}}请在其 Deployment 的 spec.template.metadata.labels 中加入 app.kubernetes.io/version，然后重新 apply。
#     port:
#       en: |-
#         targetPort {{.port}} is a name that {{.missing}} of {{.count}} {{plural .count "pod" "pods"}} of {{.to_en}}
#         {{plural .missing "does" "do"}} not declare ({{.pods_en}}): no traffic of port {{.service_port}} would reach
#         {{plural .missing "it" "them"}}. {{.stays_en}} Declare the port in the containers{{if .names}}, or use a
#         name that they have: {{join .names ", "}}{{end}}.
#       zh: |-
#         targetPort {{.port}} 是端口名，{{.to_zh}} 的 {{.count}} 个 Pod 中有 {{.missing}} 个没有声明它（{{.pods_zh}}），端口 {{.service_port}} 的流量到不了它们。{{.stays_zh}}请在容器中声明该端口{{if .names}}，或使用已有的端口名：{{join .names "、"}}{{end}}。
#     publishes-not-ready:
#       more: true
#       fix:
#         at: spec
#         yaml: |-
#           publishNotReadyAddresses: false
#       en: |-
#         publishNotReadyAddresses is true: traffic would go to pods that are not
#         ready, and a switch could not be judged.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         publishNotReadyAddresses 为 true：流量会送到未就绪的 Pod，切换也无法判断。
#
#         在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
#     external-name:
#       en: |-
#         type ExternalName would take all traffic off {{.old}} ({{.ready}} ready) to a name
#         outside tealgate's sight. {{.stays_en}} Make a second Service for the
#         external name.
#       zh: |-
#         改为 ExternalName 会把全部流量从 {{.old}}（{{.ready}} 个就绪端点）移到 tealgate 看不到的地方。{{.stays_zh}}请为外部名称另建一个 Service。
#     emptied:
#       en: |-
#         the selector is empty now: Kubernetes would leave the endpoints of {{.old}} as
#         they are, and send traffic on to pods that are gone. Nothing was changed.
#         To retire the application delete the Service.
#       zh: |-
#         selector 被清空了：Kubernetes 不再维护 {{.old}} 的端点，流量会继续送往已经消失的 Pod。没有任何修改生效。要下线应用，请删除 Service。
#     numeric-port:
#       action: warn
#       en: |-
#         targetPort {{.port}} is a number: tealgate cannot see whether {{.to_en}} listens
#         there. Name the port in the containers and use the name.
#       zh: |-
#         targetPort {{.port}} 是数字：tealgate 看不出 {{.to_zh}} 是否监听它。请在容器中给端口命名并使用名称。
#     local-policy:
#       action: warn
#       en: |-
#         {{.policy}} is Local: nodes that have a pod of {{.old}} and none of {{.to_en}}
#         drop their traffic.
#       zh: |-
#         {{.policy}} 为 Local：有 {{.old}} 的 Pod 而没有 {{.to_zh}} 的节点会丢弃流量。
#     session-affinity:
#       action: warn
#       en: |-
#         sessionAffinity is ClientIP: clients are moved to {{.to_en}} all the same,
#         without their in-memory session.
#       zh: |-
#         sessionAffinity 为 ClientIP：客户端仍会被切到 {{.to_zh}}，内存中的会话会丢失。
package tealgate.rules.selector_ready

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains finding("not-ready", "spec.selector", {
	"ready": count(traffic.ready_pods),
	"list": pod_list,
	"wait": wait,
}) if {
	input.kind == "Service"
	lacking
	count(unready) > 0
}

violation contains finding("too-few", "spec.selector", {
	"ready": count(traffic.ready_pods),
	"needed": needed,
	"commands": concat("\n", array.concat(scale, [wait])),
}) if {
	input.kind == "Service"
	lacking
	count(unready) == 0
}

# A Service that is taken away and made again must not be a way round. Without the
# other color being ready it is the first of its application: any order will do.
violation contains finding("born-unready", "spec.selector", {
	"other": {"blue": "green", "green": "blue"}[traffic.color],
	"beside": input.facts.beside,
	"wait": wait,
}) if {
	input.kind == "Service"
	input.operation == "CREATE"
	traffic.live
	traffic.routes
	object.get(input.facts, "beside", 0) > 0
	count(traffic.ready_pods) == 0
}

violation contains finding("no-pods", "spec.selector", {
	"kubectl": workload.kubectl,
	"selector": traffic.written(traffic.selector),
	"some_end": count(input.facts.selected.pods) > 0,
	"ending": count(input.facts.selected.pods),
}) if {
	input.kind == "Service"
	moved
	count(traffic.pods) == 0
	needed > 0
}

violation contains finding("truncated", "spec.selector", {"read": count(input.facts.selected.pods)}) if {
	input.kind == "Service"
	moved
	truncated
	count(traffic.pods) > 0
	needed > 0
}

violation contains finding("versions", "spec.selector", {
	"versions": [sprintf("%s (%d)", [version, count(names)]) | some version, names in by_version],
	"wait": wait,
}) if {
	input.kind == "Service"
	reaches
	count(by_version) > 1
}

# A new Service is told what its Deployments have wrong, and this with it.
violation contains finding("unlabelled", "spec.selector", {"pods_en": names.en, "pods_zh": names.zh}) if {
	input.kind == "Service"
	moved
	not traffic.narrowed
	bare := [pod.name | some pod in traffic.pods; pod.version == ""]
	count(bare) > 0
	names := traffic.some_names(bare)
}

violation contains finding("port", sprintf("spec.ports[%d].targetPort", [i]), {
	"port": port.targetPort,
	"service_port": object.get(port, "port", ""),
	"missing": count(without),
	"count": count(traffic.pods),
	"pods_en": names.en,
	"pods_zh": names.zh,
	"names": sort({name | some pod in traffic.pods; some name in pod.ports}),
}) if {
	input.kind == "Service"
	traffic.live
	traffic.routes
	some i, port in ports(traffic.spec)
	is_string(object.get(port, "targetPort", null))
	endpoints_change(port)
	without := [pod.name | some pod in traffic.pods; not port.targetPort in pod.ports]
	count(without) > 0
	names := traffic.some_names(without)
}

violation contains finding("publishes-not-ready", "spec.publishNotReadyAddresses", {}) if {
	input.kind == "Service"
	traffic.live
	object.get(traffic.spec, "publishNotReadyAddresses", false) == true
}

violation contains finding("external-name", "spec.type", {"old": traffic.present, "ready": serving}) if {
	input.kind == "Service"
	traffic.live
	traffic.is_external_name(traffic.spec)
	traffic.present != ""
}

violation contains finding("emptied", "spec.selector", {"old": traffic.present}) if {
	input.kind == "Service"
	traffic.live
	not traffic.routes
	not traffic.is_external_name(traffic.spec)
	traffic.present != ""
}

violation contains finding("numeric-port", sprintf("spec.ports[%d].targetPort", [i]), {"port": target}) if {
	input.kind == "Service"
	traffic.live
	traffic.routes
	input.operation == "UPDATE"
	not traffic.narrowed
	some i, port in ports(traffic.spec)
	endpoints_change(port)
	target := object.get(port, "targetPort", object.get(port, "port", null))
	is_number(target)
}

violation contains finding("local-policy", sprintf("spec.%s", [policy]), {
	"policy": policy,
	"old": traffic.old_color,
}) if {
	input.kind == "Service"
	switched
	some policy in ["internalTrafficPolicy", "externalTrafficPolicy"]
	object.get(traffic.spec, policy, "Cluster") == "Local"
}

violation contains finding("session-affinity", "spec.sessionAffinity", {}) if {
	input.kind == "Service"
	switched
	object.get(traffic.spec, "sessionAffinity", "None") == "ClientIP"
}

# endpoints_change: this port may reach other pods, or the same under another
# name, than before.
endpoints_change(_) if input.operation == "CREATE"

endpoints_change(_) if traffic.selector_changed

endpoints_change(port) if {
	input.operation == "UPDATE"
	not target_of(port) in {target_of(before) | some before in ports(traffic.old_spec)}
}

target_of(port) := {
	"port": object.get(port, "port", null),
	"protocol": object.get(port, "protocol", "TCP"),
	"target": object.get(port, "targetPort", object.get(port, "port", null)),
}

ports(spec) := [port | some port in spec.ports; is_object(port)]
