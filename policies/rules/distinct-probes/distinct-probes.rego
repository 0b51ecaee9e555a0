# METADATA
# title: Liveness is not readiness
# description: |
#   The livenessProbe of a container does not ask the same question as its readinessProbe:
#   another path, another port or another command. Without a livenessProbe nothing is said.
#
#   Readiness takes a pod out of traffic while it cannot serve, because a database is away
#   or it is busy. The same question as liveness restarts the pod then, and all pods of a
#   color at once.
# custom:
#   id: distinct-probes
#   action: advise
#   zh:
#     title: 存活探针不同于就绪探针
#     description: |
#       容器的 livenessProbe 与 readinessProbe 问的不是同一个问题：路径、端口或命令不同。没有 livenessProbe 时不提示。
#
#       就绪探针在 Pod 暂时不能服务时（数据库不可用、繁忙）把它移出流量；用同样的问题作存活探针，Pod 就会被重启，而且是整个颜色一起重启。
#   messages:
#     same:
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             livenessProbe:
#               httpGet: {path: /livez, port: {{.port}}}
#       en: |-
#         the livenessProbe of container {{.container}} asks the same as its readinessProbe.
#         Whatever makes it not ready, such as a database that is away, restarts it as well.
#
#         Fix in {{.at}} (path is a guess: name one that fails only when a restart helps),
#         then apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的 livenessProbe 与 readinessProbe 检查同样的内容。凡是让它不就绪的原因（例如数据库不可用）都会把它重启。
#
#         在 {{.at}} 中改为以下内容（路径是猜测：请写只有重启才有用时才失败的路径），然后重新 apply：
#
#           {{.fix}}
#     same-handler:
#       en: |-
#         the livenessProbe of container {{.container}} asks the same as its readinessProbe.
#         Whatever makes it not ready, such as a database that is away, restarts it as well.
#         Leave livenessProbe out, or ask what fails only when a restart helps.
#       zh: |-
#         容器 {{.container}} 的 livenessProbe 与 readinessProbe 检查同样的内容。凡是让它不就绪的原因（例如数据库不可用）都会把它重启。请去掉 livenessProbe，或者只检查重启才有用的问题。
package tealgate.rules.distinct_probes

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains found("same", entry, {
	"list": entry.list,
	"name": yaml.scalar(entry.name),
	"port": yaml.scalar(workload.as_text(object.get(handler.httpGet, "port", ""))),
}) if {
	input.kind == "Deployment"
	some [entry, handler] in same
	is_object(handler.httpGet)
}

violation contains found("same-handler", entry, {}) if {
	input.kind == "Deployment"
	some [entry, handler] in same
	not is_object(object.get(handler, "httpGet", null))
}

# same are the containers whose probes ask the same, however often they ask. A probe has
# one handler.
same contains [entry, {kind: handler}] if {
	some entry in workload.running
	liveness := entry.container.livenessProbe
	some kind in ["httpGet", "tcpSocket", "grpc", "exec"]
	handler := liveness[kind]
	handler != null
	alike(kind, handler, entry.container.readinessProbe[kind])
}

alike(kind, live, ready) if {
	live == ready
} else if {
	live.port == ready.port
	object.get(live, "path", null) in {object.get(ready, "path", null), "/", null}
	complete(kind, live) == complete(kind, ready)
}

# complete adds what the API server fills in where nothing is written: a manifest is
# judged before that.
complete(kind, handler) := object.union(
	object.get(defaults, kind, {}),
	{key: field | some key, field in handler; field != null},
)

defaults := {
	"httpGet": {"path": "/", "scheme": "HTTP"},
	"grpc": {"service": ""},
}

found(message, entry, with_) := {
	"message": message,
	"field": sprintf("%s.livenessProbe", [entry.path]),
	"subject": sprintf("container %s", [entry.name]),
	"with": object.union({"container": entry.name}, with_),
}
