# METADATA
# title: The live color is not changed in place
# description: |
#   The pod template of the color that carries traffic stays as it is: a new version goes to
#   the idle color, is verified there, and gets all traffic in one step. A rollout of
#   the live color mixes versions under load and takes away the old one, the way back.
#
#   Changes of template annotations alone pass (kubectl rollout restart, Reloader),
#   and so does every change while no pod behind the Service is ready: then there is
#   nothing to protect. Going back with kubectl rollout undo counts too.
#
#   It warns, and denies where a BlueGreen manages the Service.
# custom:
#   id: live-color-immutable
#   action: warn
#   concern: traffic
#   zh:
#     title: 不要原地修改线上颜色
#     description: |
#       承载流量的颜色，其 Pod 模板保持不变：新版本部署到空闲颜色，在那里验证，再一步切换全部流量。
#       原地滚动更新会在负载下混用两个版本，并失去可回滚的旧版本。
#
#       只改模板注解的放行（kubectl rollout restart、Reloader）；Service 后面没有就绪 Pod 时任何修改都放行，
#       因为没有可保护的流量。kubectl rollout undo 同样算作修改。
#
#       一般只警告；Service 由 BlueGreen 管理时会拒绝。
#   messages:
#     changed:
#       more: true
#       en: |-
#         {{.color}} is live (Service {{.service}}, {{.ready}} {{plural .ready "pod" "pods"}}): {{.changes_en}} in place
#         loses the way back. Deploy to {{.idle}} instead.
#
#         If the manifest names no color, this puts it there ({{.file}} is a guess):
#
#           {{.render}}
#
#         Restarting {{.color}} (kubectl rollout restart) is fine.
#       zh: |-
#         {{.color}} 是线上颜色（Service {{.service}}，{{.ready}} 个 Pod）。原地修改（{{.changes_zh}}）会失去可回滚的旧版本。请部署到空闲的 {{.idle}}。
#
#         清单不写颜色时，执行以下命令（文件名 {{.file}} 是猜测）：
#
#           {{.render}}
#
#         允许重启 {{.color}}（kubectl rollout restart）。
#     changed-managed:
#       action: deny
#       more: true
#       en: |-
#         {{.color}} is live (Service {{.service}}, {{.ready}} {{plural .ready "pod" "pods"}}), and BlueGreen
#         {{.blue_green}} manages it: {{.changes_en}} in place would replace the pods that serve,
#         and lose the way back. Nothing was changed. Deploy to {{.idle}}: that begins a
#         release.
#
#         If the manifest names no color, this puts it there ({{.file}} is a guess):
#
#           {{.render}}
#
#         Restarting {{.color}} (kubectl rollout restart) is fine.
#       zh: |-
#         {{.color}} 是线上颜色（Service {{.service}}，{{.ready}} 个 Pod），由 BlueGreen {{.blue_green}} 管理。这次修改（{{.changes_zh}}）会替换正在服务的 Pod，并失去可回滚的旧版本。没有任何修改生效。请部署到空闲的 {{.idle}}，发布随之开始。
#
#         清单不写颜色时，执行以下命令（文件名 {{.file}} 是猜测）：
#
#           {{.render}}
#
#         允许重启 {{.color}}（kubectl rollout restart）。
package tealgate.rules.live_color_immutable

import data.tealgate.lib.change
import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": found,
	"field": "spec.template",
	"subject": sprintf("Service %s", [service.name]),
	"with": {
		"service": service.name,
		"ready": service.ready,
		"color": change.color,
		"idle": {"blue": "green", "green": "blue"}[change.color],
		"changes_en": change.named.en,
		"changes_zh": change.named.zh,
		"blue_green": traffic.managed.by,
		"file": file,
		"render": sprintf("kubectl tealgate render -f %s%s | %s apply -f -", [file, namespaced, workload.kubectl]),
	},
} if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	workload.is_deployment

	# Without a color it takes no part in blue-green.
	change.color != ""
	change.replaces_pods
	some service in input.facts.live
	service.ready > 0
}

found := "changed-managed" if {
	traffic.managed.by != ""
} else := "changed"

# file is where the one manifest of both colors would be.
file := sprintf("%s.yaml", [trim_suffix(object.get(input, "name", "app"), sprintf("-%s", [change.color]))])

namespaced := sprintf(" -n %s", [input.namespace]) if {
	object.get(input, "namespace", "") != ""
} else := ""
