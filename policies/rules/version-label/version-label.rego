# METADATA
# title: Pods say which version they are
# description: |
#   The pod template carries a version label, app.kubernetes.io/version or version,
#   whose value is a label value and not latest. Where both labels stand, both count,
#   except one that the Deployment's selector pins: it cannot change any more and is
#   left alone when the other one is good.
#
#   A release is told from the one before by its version, logs and metrics are read by
#   it, and a switch refuses pods of two versions behind one color.
# custom:
#   id: version-label
#   action: deny
#   zh:
#     title: Pod 必须标明版本
#     description: |
#       Pod 模板要带版本标签 app.kubernetes.io/version 或 version，值必须是合法的标签值，不能是
#       latest。两个标签都有时两个都检查；被 Deployment 的 selector 固定的那个无法再修改，
#       只要另一个没有问题就不追究。
#
#       靠版本才能区分这次发布和上一次，日志和指标按版本查看，切换也会拒绝同一颜色下混有两个版本的 Pod。
#   messages:
#     missing:
#       more: true
#       fix: &fix
#         at: spec.template.metadata
#         yaml: |-
#           labels:
#             {{.key}}: {{.value}}
#       en: |-
#         the pods carry no version label. Nobody could tell what a color runs, and a
#         release could not be told from the one before.
#
#         Fix in {{.at}} ({{.guess_en}}), then apply again:
#
#           {{.fix}}
#       zh: |-
#         Pod 没有版本标签。这样无法看出某个颜色运行的是哪个版本，也无法区分这次发布和上一次。
#
#         在 {{.at}} 中加入（{{.guess_zh}}），然后重新 apply：
#
#           {{.fix}}
#     latest:
#       more: true
#       fix: *fix
#       en: |-
#         label {{.found}} of the pods says {{.text}}, which stays the same from release to
#         release. Blue and green would carry one version and could not be told apart.
#
#         Fix in {{.at}} ({{.guess_en}}), then apply again:
#
#           {{.fix}}
#       zh: |-
#         Pod 的标签 {{.found}} 是 {{.text}}，每次发布都一样。blue 和 green 会是同一个版本，无法区分。
#
#         在 {{.at}} 中改为以下内容（{{.guess_zh}}），然后重新 apply：
#
#           {{.fix}}
#     malformed:
#       more: true
#       fix: *fix
#       en: |-
#         label {{.found}} of the pods {{if .text}}is {{.text}}, which no label can hold (at most
#         63 letters, digits, dots, dashes and underscores){{else}}is empty{{end}}. Nobody could
#         tell what a color runs.
#
#         Fix in {{.at}} ({{.guess_en}}), then apply again:
#
#           {{.fix}}
#       zh: |-
#         Pod 的标签 {{.found}} {{if .text}}是 {{.text}}，不能作为标签值（最多 63 个字母、数字、点、横线、下划线）{{else}}是空的{{end}}。这样无法看出某个颜色运行的是哪个版本。
#
#         在 {{.at}} 中改为以下内容（{{.guess_zh}}），然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.version_label

import data.tealgate.lib.image
import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains found("missing", "", "", free_keys[0]) if {
	input.kind == "Deployment"
	workload.is_deployment
	count(values) == 0
}

violation contains found(problem, key, value, cure) if {
	input.kind == "Deployment"
	some key, problem in problems
	value := values[key]
	not is_left_alone(key)
	cure := cured_key(key)
}

# keys are the labels that count, the recommended one first.
keys := ["app.kubernetes.io/version", "version"]

# values are the version labels of the pods. One that is null is not there.
values := {key: workload.as_text(value) |
	some key in keys
	value := workload.pod_labels[key]
	value != null
}

problems := {key: problem |
	some key, value in values
	problem := problem_of(value)
}

problem_of(value) := "latest" if {
	lower(value) == "latest"
} else := "malformed" if {
	not regex.match(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`, value)
}

# is_left_alone: the selector pins the label, so that it cannot change, and the
# other one says the version.
is_left_alone(key) if {
	key in pinned_keys
	some other, value in values
	other != key
	not problem_of(value)
}

pinned_keys := {key | some key, _ in input.object.spec.selector.matchLabels}

# free_keys are the labels that may be set: a pinned one would no longer match.
free_keys := array.concat([key | some key in keys; not key in pinned_keys], keys)

cured_key(key) := key if {
	not key in pinned_keys
} else := free_keys[0]

found(message, key, value, cure) := {
	"message": message,
	"field": concat("", ["spec.template.metadata.labels", suffix[key == ""], key]),
	"subject": key,
	"with": {
		"found": key,
		"text": workload.shown(value),
		"key": cure,
		"value": yaml.quoted(proposal.value),
		"guess_en": proposal.en,
		"guess_zh": proposal.zh,
		"sure": proposal.sure,
	},
}

suffix := {true: "", false: "."}

# proposal is the image's tag, made a label value. It is sure when nobody has to look
# at it: check --fix writes it.
proposal := {
	"value": tag,
	"en": "taken from the image tag",
	"zh": "取自镜像 tag",
	"sure": true,
} if {
	tag := as_label(image.tag(main_image))
	tag != ""
	lower(tag) != "latest"
} else := {
	"value": "1.0.0",
	"en": "1.0.0 is a guess: the image tag names no version",
	"zh": "1.0.0 是猜测：镜像 tag 里没有版本",
	"sure": false,
}

main_image := array.concat(
	[workload.as_text(object.get(entry.container, "image", "")) |
		some entry in workload.containers
		entry.name == workload.main_container
	],
	[""],
)[0]

as_label(text) := trim(substring(cleaned, 0, 63), "-_.") if {
	cleaned := trim(regex.replace(text, `[^-A-Za-z0-9_.]+`, "-"), "-_.")
}
