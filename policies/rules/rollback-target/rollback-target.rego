# METADATA
# title: The way back of a release stays as it is
# description: |
#   From the moment when a release switches until its old color is retired, that color keeps
#   its pod template, its existence and its size. It is idle then, and the next run of a
#   pipeline, or an autoscaler without load, would take away what a rollback goes back to.
#   Changes of template annotations alone pass (kubectl rollout restart, Reloader), and so does
#   scaling up. Once a rollback has found nothing ready in it for ten minutes everything passes:
#   then it has to be repaired.
#
#   Which color it is, and in which phase the release is, stands in the status of the BlueGreen.
#   A release is over sooner when spec.watch.duration and spec.retire.after are shorter.
# custom:
#   id: rollback-target
#   action: deny
#   concern: traffic
#   exempt: never
#   zh:
#     title: 发布的退路保持不变
#     description: |
#       从发布开始切换到旧颜色退役为止，旧颜色的 Pod 模板、Deployment 本身和副本数都保持不变。此时它是空闲颜色，流水线的下一次运行，
#       或没有负载时的自动扩缩，都会毁掉回滚要用的旧版本。只改模板注解的放行（kubectl rollout restart、Reloader），扩容也放行。
#       如果回滚十分钟后旧颜色仍没有就绪的 Pod，就需要修复它，任何修改都放行。
#
#       哪个颜色、发布在哪个阶段，见 BlueGreen 的 status。spec.watch.duration 和 spec.retire.after 越短，发布结束得越早。
#   messages:
#     changed:
#       more: true
#       en: |-
#         {{.color}} is what release {{.release}} goes back to if {{.other}} fails, until it is
#         retired. {{.changes_en}} would take that away. Nothing was changed. The release is at
#         {{.phase}}; apply again when it is over:
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
#
#         Restarting {{.color}} (kubectl rollout restart) is fine.
#       zh: |-
#         如果 {{.other}} 出问题，发布 {{.release}} 要退回 {{.color}}，在它退役之前都要保留。这次修改（{{.changes_zh}}）会毁掉退路。没有任何修改生效。发布处于 {{.phase}} 阶段，请在结束后重新 apply：
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
#
#         允许重启 {{.color}}（kubectl rollout restart）。
#     deleted:
#       more: true
#       en: |-
#         {{.color}} is what release {{.release}} goes back to if {{.other}} fails, until it is
#         retired. Nothing was deleted. The release is at {{.phase}} and retires {{.color}} itself
#         when it is over:
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
#       zh: |-
#         如果 {{.other}} 出问题，发布 {{.release}} 要退回 {{.color}}，在它退役之前都要保留。没有删除任何对象。发布处于 {{.phase}} 阶段，结束时会自行让 {{.color}} 退役：
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
#     scaled:
#       more: true
#       en: |-
#         {{.color}} is what release {{.release}} goes back to if {{.other}} fails, until it is
#         retired: {{.replicas}} {{plural .replicas "replica" "replicas"}} instead of {{.before}} might not carry the traffic. Nothing was
#         scaled. The release is at {{.phase}} and retires {{.color}} itself when it is over:
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
#       zh: |-
#         如果 {{.other}} 出问题，发布 {{.release}} 要退回 {{.color}}，在它退役之前都要保留：副本数由 {{.before}} 减到 {{.replicas}}，可能承载不了流量。没有缩容。发布处于 {{.phase}} 阶段，结束时会自行让 {{.color}} 退役：
#
#           {{.kubectl}} get bluegreen/{{.blue_green}} --watch
package tealgate.rules.rollback_target

import data.tealgate.lib.change
import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains found("changed", "spec.template", {"changes_en": capitalised(change.named.en), "changes_zh": change.named.zh}) if {
	traffic.managed.keeps
	change.replaces_pods
}

violation contains found("deleted", "", {}) if {
	traffic.managed.keeps
	input.kind == "Deployment"
	input.operation == "DELETE"
}

violation contains found("scaled", "spec.replicas", {"replicas": change.replicas, "before": change.old_replicas}) if {
	traffic.managed.keeps
	change.scaled_down
}

found(message, field, extra) := {
	"message": message,
	"field": field,
	"subject": sprintf("release %s", [traffic.managed.release]),
	"with": object.union(
		{
			"color": traffic.managed.kept,
			"other": object.get({"blue": "green", "green": "blue"}, traffic.managed.kept, "the new color"),
			"release": traffic.managed.release,
			"phase": traffic.managed.phase,
			"blue_green": traffic.managed.by,
			"kubectl": workload.kubectl,
		},
		extra,
	),
}

# capitalised: a sentence begins with it.
capitalised(words) := concat("", [upper(substring(words, 0, 1)), substring(words, 1, -1)])
