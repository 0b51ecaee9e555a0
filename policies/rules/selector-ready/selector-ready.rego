# METADATA
# title: Traffic only moves onto ready pods
# description: |
#   Any change of what a Service sends traffic to (selector, type, named targetPort)
#   ends on ready, non-terminating pods of one color and one version, as many as
#   carry the traffic now. One is enough when nothing serves now. Pods and
#   EndpointSlices are read live for this. publishNotReadyAddresses is not set. A
#   Service that is new and one whose pods carry no color is not asked.
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
#       版本、就绪且不在终止中的 Pod，数量不少于当前承载流量的数量；当前没有就绪端点时，一个就够。
#       为此实时读取 Pod 和 EndpointSlice。不能设置 publishNotReadyAddresses。新建的 Service、Pod 不带
#       颜色的 Service 不检查。
#
#       检查与修改之间仍有一瞬间 Pod 可能失败，准入控制无法消除。
#   messages:
#     not-ready:
#       en: |-
#         {{.to}} has {{.ready}} ready {{plural .ready "pod" "pods"}}; {{.from_en}}. Not ready:
#
#           {{.list}}
#
#         {{.stays_en}} Repair the pods, wait for
#
#           {{.wait}}
#
#         and apply again.
#       zh: |-
#         {{.to}} 有 {{.ready}} 个就绪的 Pod；{{.from_zh}}。未就绪：
#
#           {{.list}}
#
#         {{.stays_zh}}请修复这些 Pod，等待
#
#           {{.wait}}
#
#         然后重新 apply。
#     too-few:
#       en: |-
#         {{.to}} has {{.ready}} ready {{plural .ready "pod" "pods"}}; {{.from_en}}. {{.stays_en}}
#         Bring {{.to}} to the same size, wait until it is ready, and apply again:
#
#           {{.scale}}
#
#           {{.wait}}
#       zh: |-
#         {{.to}} 有 {{.ready}} 个就绪的 Pod；{{.from_zh}}。{{.stays_zh}}请把 {{.to}} 扩到同样的数量，就绪后重新 apply：
#
#           {{.scale}}
#
#           {{.wait}}
#     no-pods:
#       en: |-
#         no pod has the labels that the new selector asks for ({{.selector}}); {{.from_en}}.
#         {{.stays_en}} Deploy {{.to}} first; to see which pods there are:
#
#           kubectl -n {{.namespace}} get pods --show-labels
#       zh: |-
#         没有 Pod 具有新 selector 要求的标签（{{.selector}}）；{{.from_zh}}。{{.stays_zh}}请先部署 {{.to}}；查看现有的 Pod：
#
#           kubectl -n {{.namespace}} get pods --show-labels
#     versions:
#       en: |-
#         {{.to}} runs more than one version: {{.versions}}. Users would meet both.
#         {{.stays_en}} Wait until its rollout is done, then apply again:
#
#           {{.wait}}
#       zh: |-
#         {{.to}} 正在运行多个版本：{{.versions}}，用户会同时遇到。{{.stays_zh}}请等发布完成后重新 apply：
#
#           {{.wait}}
#     unlabelled:
#       en: |-
#         pods of {{.to}} carry no version label: {{.pods}}. Nobody could say what
#         serves. {{.stays_en}} Add app.kubernetes.io/version to
#         spec.template.metadata.labels of their Deployment, then apply again.
#       zh: |-
#         {{.to}} 的 Pod 没有版本标签：{{.pods}}，无法说明线上是哪个版本。{{.stays_zh}}请在其 Deployment 的 spec.template.metadata.labels 中加入 app.kubernetes.io/version，然后重新 apply。
#     port:
#       en: |-
#         targetPort {{.port}} is a name that {{.missing}} of {{.count}} pods of {{.to}} do not declare
#         ({{.pods}}). They would get no traffic. Declare the port in their containers, or
#         name one that they have{{if .names}}: {{.names}}{{end}}.
#       zh: |-
#         targetPort {{.port}} 是端口名，{{.to}} 的 {{.count}} 个 Pod 中有 {{.missing}} 个没有声明它（{{.pods}}），它们不会接到流量。请在容器中声明该端口，或使用已有的端口名{{if .names}}：{{.names}}{{end}}。
#     publishes-not-ready:
#       fix:
#         at: spec
#         yaml: |-
#           publishNotReadyAddresses: false
#       en: |-
#         publishNotReadyAddresses is true: traffic would go to pods that are not
#         ready, and a switch could not be judged.
#
#         Fix in {{.at}}:
#
#           {{.fix}}
#       zh: |-
#         publishNotReadyAddresses 为 true：流量会送到未就绪的 Pod，切换也无法判断。
#
#         在 {{.at}} 中改为：
#
#           {{.fix}}
#     external-name:
#       en: |-
#         type ExternalName would take all traffic off {{.from}} ({{.ready}} ready) to a name
#         outside tealgate's sight. Traffic stays on {{.from}}. Make a second Service
#         for the external name.
#       zh: |-
#         改为 ExternalName 会把全部流量从 {{.from}}（{{.ready}} 个就绪端点）移到 tealgate 看不到的地方。流量仍在 {{.from}}。请为外部名称另建一个 Service。
#     emptied:
#       en: |-
#         the selector is empty now. {{.from_en}}, and nothing would
#         keep its endpoints. {{.stays_en}} To retire the application delete the Service.
#       zh: |-
#         selector 被清空了。{{.from_zh}}，之后将无人维护端点。{{.stays_zh}}要下线应用，请删除 Service。
#     numeric-port:
#       action: warn
#       en: |-
#         targetPort {{.port}} is a number: tealgate cannot see whether {{.to}} listens
#         there. Name the port in the containers and use the name.
#       zh: |-
#         targetPort {{.port}} 是数字：tealgate 看不出 {{.to}} 是否监听它。请在容器中给端口命名并使用名称。
#     local-policy:
#       action: warn
#       en: |-
#         {{.field}} is Local: nodes that have a pod of {{.from}} and none of {{.to}} drop
#         their traffic.
#       zh: |-
#         {{.field}} 为 Local：有 {{.from}} 的 Pod 而没有 {{.to}} 的节点会丢弃流量。
#     session-affinity:
#       action: warn
#       en: |-
#         sessionAffinity is ClientIP: clients are moved to {{.to}} all the same, without
#         their in-memory session.
#       zh: |-
#         sessionAffinity 为 ClientIP：客户端仍会被切到 {{.to}}，内存中的会话会丢失。
package tealgate.rules.selector_ready

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains finding("not-ready", "spec.selector", {
	"ready": count(traffic.ready_pods),
	"list": pod_list,
	"wait": wait,
}) if {
	moved
	count(traffic.pods) > 0
	count(traffic.ready_pods) < needed
	count(unready) > 0
}

violation contains finding("too-few", "spec.selector", {
	"ready": count(traffic.ready_pods),
	"wait": wait,
	"scale": sprintf("kubectl -n %s scale %s --replicas=%d", [input.namespace, workload_of_pods, needed]),
}) if {
	moved
	count(traffic.pods) > 0
	count(traffic.ready_pods) < needed
	count(unready) == 0
}

violation contains finding("no-pods", "spec.selector", {
	"namespace": input.namespace,
	"selector": concat(", ", [sprintf("%s=%s", [key, value]) | some key, value in traffic.selector]),
}) if {
	moved
	count(traffic.pods) == 0
	needed > 0
}

violation contains finding("versions", "spec.selector", {
	"versions": concat(", ", [sprintf("%s (%d)", [version, count(names)]) | some version, names in by_version]),
	"wait": wait,
}) if {
	moved
	not traffic.narrowed
	count(by_version) > 1
}

violation contains finding("unlabelled", "spec.selector", {"pods": some_names(bare)}) if {
	moved
	bare := [pod.name | some pod in traffic.pods; pod.version == ""]
	count(bare) > 0
}

violation contains finding("port", sprintf("spec.ports[%d].targetPort", [i]), {
	"port": port.targetPort,
	"missing": count(without),
	"count": count(traffic.pods),
	"pods": some_names(without),
	"names": concat(", ", sort({name | some pod in traffic.pods; some name in pod.ports})),
}) if {
	traffic.live
	traffic.routes
	some i, port in workload.as_list(object.get(traffic.spec, "ports", []))
	is_string(object.get(port, "targetPort", 0))
	endpoints_change(port)
	without := [pod.name | some pod in traffic.pods; not port.targetPort in pod.ports]
	count(without) > 0
}

violation contains finding("publishes-not-ready", "spec.publishNotReadyAddresses", {}) if {
	traffic.live
	object.get(traffic.spec, "publishNotReadyAddresses", false) == true
}

violation contains finding("external-name", "spec.type", {"ready": input.facts.serving.ready}) if {
	traffic.live
	traffic.is_external_name(traffic.spec)
	traffic.old_color != ""
	not traffic.is_external_name(traffic.old_spec)
}

violation contains finding("emptied", "spec.selector", {}) if {
	traffic.live
	traffic.selector_changed
	count(traffic.selector) == 0
	traffic.old_color != ""
}

violation contains finding("numeric-port", sprintf("spec.ports[%d].targetPort", [i]), {"port": target}) if {
	moved
	not traffic.narrowed
	some i, port in workload.as_list(object.get(traffic.spec, "ports", []))
	target := object.get(port, "targetPort", object.get(port, "port", 0))
	is_number(target)
}

violation contains finding("local-policy", sprintf("spec.%s", [field]), {"field": field}) if {
	moved
	not traffic.narrowed
	some field in ["internalTrafficPolicy", "externalTrafficPolicy"]
	object.get(traffic.spec, field, "Cluster") == "Local"
}

violation contains finding("session-affinity", "spec.sessionAffinity", {}) if {
	moved
	not traffic.narrowed
	object.get(traffic.spec, "sessionAffinity", "None") == "ClientIP"
}

# moved: the update sends the traffic of a coloured application elsewhere.
moved if {
	traffic.live
	traffic.selector_changed
	traffic.routes
}

# needed is how many ready pods the change must end on. Adding a color to a
# selector that had none only takes pods away, and must stay possible while
# nothing serves.
needed := min([1, input.facts.serving.ready]) if {
	traffic.narrowed
} else := max([1, input.facts.serving.ready])

endpoints_change(_) if input.operation == "CREATE"

endpoints_change(_) if traffic.selector_changed

endpoints_change(port) if {
	input.operation == "UPDATE"
	not port.targetPort in {object.get(before, "targetPort", 0) |
		some before in workload.as_list(object.get(traffic.old_spec, "ports", []))
	}
}

finding(message, field, extra) := {
	"message": message,
	"field": field,
	"subject": sprintf("%s to %s", [from.name, to]),
	"with": object.union({
		"to": to,
		"from": from.name,
		"from_en": from.en,
		"from_zh": from.zh,
		"stays_en": stays.en,
		"stays_zh": stays.zh,
	}, extra),
}

to := traffic.color if {
	traffic.color != ""
} else := "the new selector"

# from says what carries the traffic now.
from := {"name": name, "en": en, "zh": zh} if {
	name := from_name
	ready := input.facts.serving.ready
	ready > 0
	en := sprintf("%s serves with %d", [name, ready])
	zh := sprintf("%s 正以 %d 个 Pod 提供服务", [name, ready])
} else := {"name": from_name, "en": "nothing serves now, one is enough", "zh": "当前没有任何端点提供服务，一个就够"}

from_name := traffic.old_color if {
	traffic.old_color != ""
} else := "the Service"

stays := {"en": "Nothing was changed.", "zh": "没有任何修改生效。"} if {
	traffic.old_color == ""
} else := {
	"en": sprintf("Traffic stays on %s.", [traffic.old_color]),
	"zh": sprintf("流量仍在 %s。", [traffic.old_color]),
}

unready := [pod | some pod in traffic.pods; not pod.ready]

# pod_list shows at most five pods, in columns.
pod_list := concat("\n", array.concat(shown, rest)) if {
	widest := max([count(pod.name) | some pod in unready])
	shown := [line |
		some pod in array.slice(unready, 0, 5)
		pad := concat("", [" " | some _ in numbers.range(0, widest - count(pod.name))])
		line := sprintf("%s%s %s", [pod.name, pad, pod.problem])
	]
	rest := [line |
		count(unready) > 5
		line := sprintf("and %d more", [count(unready) - 5])
	]
}

# workload_of_pods names the Deployment of the pods, as kubectl wants it.
workload_of_pods := sprintf("deployment/%s", [names[0]]) if {
	names := sort({pod.workload | some pod in traffic.pods; pod.workload != ""})
	count(names) > 0
} else := sprintf("deployment -l tealgate.dev/color=%s", [traffic.color])

wait := sprintf("kubectl -n %s rollout status %s", [input.namespace, workload_of_pods])

by_version[pod.version] contains pod.name if {
	some pod in traffic.pods
	pod.version != ""
}

some_names(names) := concat(", ", names) if {
	count(names) <= 3
} else := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 3)), count(names) - 3])
