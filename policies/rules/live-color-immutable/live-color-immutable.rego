# METADATA
# title: The live color is not changed in place
# description: |
#   The pod template of the color that carries traffic stays as it is: a new version goes to
#   the idle color, is verified there, and gets all traffic in one step. A rollout of
#   the live color mixes versions under load and takes away the old one, the way back.
#
#   Changes of template annotations alone pass (kubectl rollout restart, Reloader),
#   and so does every change while no pod behind the Service is ready: then there is
#   nothing to protect. Going back with kubectl rollout undo warns too.
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
#       因为没有可保护的流量。kubectl rollout undo 同样会警告。
#   messages:
#     changed:
#       more: true
#       en: |-
#         {{.color}} is live (Service {{.service}}, {{.ready}} {{plural .ready "pod" "pods"}}): {{.changes_en}} in place
#         loses the way back. Deploy to {{.idle}} instead.
#
#         Restarting {{.color}} (kubectl rollout restart) is fine.
#       zh: |-
#         {{.color}} 是线上颜色（Service {{.service}}，{{.ready}} 个 Pod）。原地修改（{{.changes_zh}}）会失去可回滚的旧版本。请部署到空闲的 {{.idle}}。
#
#         允许重启 {{.color}}（kubectl rollout restart）。
package tealgate.rules.live_color_immutable

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "changed",
	"field": "spec.template",
	"subject": sprintf("Service %s", [service.name]),
	"with": {
		"service": service.name,
		"ready": service.ready,
		"color": color,
		"idle": {"blue": "green", "green": "blue"}[color],
		"changes_en": changes.en,
		"changes_zh": changes.zh,
	},
} if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	some service in input.facts.live
	service.ready > 0
	workload.is_deployment
	rolls
}

# color of the stored pods. Without one the Deployment takes no part in blue-green.
color := found if {
	found := object.get(labels(input.old), traffic.color_label, "")
	found in traffic.colors
}

rolls if pod_spec(input.object) != pod_spec(input.old)

rolls if labels(input.object) != labels(input.old)

pod_spec(deployment) := object.get(workload.as_map(deployment), ["spec", "template", "spec"], {})

labels(deployment) := workload.as_map(object.get(workload.as_map(deployment), ["spec", "template", "metadata", "labels"], {}))

# images are those that change, as a person writes them.
images contains {
	"en": sprintf("%s image %s to %s", [name, tags.before, tags.after]),
	"zh": sprintf("%s 镜像 %s 改为 %s", [name, tags.before, tags.after]),
} if {
	some name, after in image_of(input.object)
	before := image_of(input.old)[name]
	before != after
	tags := short(before, after)
}

image_of(deployment) := {name: image |
	some container in pod_spec(deployment).containers
	is_object(container)
	name := object.get(container, "name", "")
	image := workload.as_text(object.get(container, "image", ""))
}

# short leaves out the repository where only the tag changes.
short(before, after) := {"before": tag_of(before), "after": tag_of(after)} if {
	repository(before) == repository(after)
	tag_of(after) != ""
	tag_of(before) != ""
} else := {"before": workload.shown(before), "after": workload.shown(after)}

repository(image) := trim_suffix(image, concat("", [":", tag_of(image)]))

tag_of(image) := regex.find_all_string_submatch_n(`:([\w.-]+)$`, image, 1)[0][1] if {
	regex.match(`:[\w.-]+$`, image)
} else := ""

# changes names the images, and something else only where no image changes.
changes := {
	"en": concat(", ", sort({image.en | some image in images})),
	"zh": concat("、", sort({image.zh | some image in images})),
} if {
	count(images) in {1, 2}
} else := {
	"en": sprintf("%d images", [count(images)]),
	"zh": sprintf("%d 个镜像", [count(images)]),
} if {
	count(images) > 2
} else := {"en": "changing its pod template", "zh": "Pod 模板"}
