# METADATA
# title: Images are pinned to a version
# description: |
#   No container and no init container runs an image without a tag, or with the tag
#   latest, unless a digest pins it. Such an image changes under a Deployment that
#   does not: a restarted blue pod may run green's code, and a rollback brings back a
#   name and not a version.
# custom:
#   id: pinned-image
#   action: warn
#   zh:
#     title: 镜像必须固定版本
#     description: |
#       容器和 init 容器的镜像都不能没有 tag，也不能是 latest，除非用 digest 固定。这样的镜像会在
#       Deployment 没有变化时改变：重启的 blue Pod 可能运行 green 的代码，回滚找回的只是名字而不是版本。
#   messages:
#     untagged:
#       en: |-
#         image {{.image}} of {{.place}} has no tag, which means latest: a restarted pod may run
#         other code. Name a version or a digest.
#       zh: |-
#         {{.place_zh}} 的镜像 {{.image}} 没有 tag，也就是 latest：Pod 重启后可能运行不同的代码。请写明版本或 digest。
#     latest:
#       en: |-
#         image {{.image}} of {{.place}} is not pinned: a restarted pod may run other code. Name a
#         version or a digest.
#       zh: |-
#         {{.place_zh}} 的镜像 {{.image}} 没有固定版本：Pod 重启后可能运行不同的代码。请写明版本或 digest。
#     absent:
#       en: |-
#         {{.place}} names no image. Name one with a version or a digest.
#       zh: |-
#         {{.place_zh}} 没有写镜像。请写明带版本或 digest 的镜像。
package tealgate.rules.pinned_image

import data.tealgate.lib.image
import data.tealgate.lib.workload

violation contains {
	"message": message,
	"field": sprintf("%s.image", [entry.path]),
	"subject": place,
	"with": {"image": workload.shown(reference), "place": place, "place_zh": sprintf("%s %s", [kind.zh, entry.name])},
} if {
	input.kind == "Deployment"
	count(versioned) < count(workload.listed)
	some entry in workload.listed
	not entry.path in versioned
	reference := trim_space(workload.as_text(object.get(entry.container, "image", "")))
	message := problem_of(reference)
	not is_injected(entry, reference)
	kind := kinds[entry.list]
	place := sprintf("%s %s", [kind.en, entry.name])
}

# versioned are the containers whose image ends in a version, as nearly all do.
versioned := {entry.path |
	some entry in workload.listed
	reference := entry.container.image
	is_string(reference)
	regex.match(`:[^/\s]+$`, reference)
	not endswith(lower(reference), ":latest")
}

problem_of(reference) := "absent" if {
	reference == ""
} else := "untagged" if {
	image.tag(reference) == ""
	image.digest(reference) == ""
} else := "latest" if {
	lower(image.tag(reference)) == "latest"
	image.digest(reference) == ""
}

# is_injected: Istio puts its own image in the place of auto.
is_injected(entry, reference) if {
	reference == "auto"
	entry.name in workload.injected_sidecars
}

kinds := {
	"containers": {"en": "container", "zh": "容器"},
	"initContainers": {"en": "init container", "zh": "init 容器"},
}
