# METADATA
# description: |
#   What rules ask about an update of a Deployment or of its Scale: whether it replaces pods,
#   and whether it takes some away. Everything here is total: what is absent is an empty value.
package tealgate.lib.change

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

# color of the stored pods, empty for none that is known.
color := found if {
	found := object.get(labels(input.old), traffic.color_label, "")
	found in traffic.colors
} else := ""

# replaces_pods: the pod template changes in more than annotations. kubectl rollout restart
# and Reloader write no more than those.
replaces_pods if {
	is_update
	pod_spec(input.object) != pod_spec(input.old)
}

replaces_pods if {
	is_update
	labels(input.object) != labels(input.old)
}

is_update if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
}

pod_spec(deployment) := object.get(workload.as_map(deployment), ["spec", "template", "spec"], {})

labels(deployment) := workload.as_map(object.get(workload.as_map(deployment), ["spec", "template", "metadata", "labels"], {}))

# scaled_down: fewer replicas are asked for.
scaled_down if {
	input.operation == "UPDATE"
	input.kind in {"Deployment", "Scale"}
	replicas < old_replicas
}

replicas := replicas_of(input.object)

old_replicas := replicas_of(input.old)

# replicas_of is what Kubernetes takes an absent field for: 1 in a Deployment, and
# 0 in a Scale, which never leaves out another number.
replicas_of(resource) := workload.number(workload.as_map(object.get(workload.as_map(resource), "spec", {})), "replicas", absent)

absent := 0 if {
	input.kind == "Scale"
} else := 1

# images are those that change, as a person writes them.
images contains {
	"en": sprintf("%s from %s to %s", [name, tags.before, tags.after]),
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

# short leaves out the repository where only the tag changes. An image that is not there
# is said to be none.
short(before, after) := {"before": tag_of(before), "after": tag_of(after)} if {
	repository(before) == repository(after)
	tag_of(after) != ""
	tag_of(before) != ""
} else := {"before": worded(before), "after": worded(after)}

worded(image) := workload.shown(image) if {
	image != ""
} else := "none"

repository(image) := trim_suffix(image, concat("", [":", tag_of(image)]))

tag_of(image) := regex.find_all_string_submatch_n(`:([\w.-]+)$`, image, 1)[0][1] if {
	regex.match(`:[\w.-]+$`, image)
} else := ""

# named says what replaces the pods: the images, and something else only where no image
# changes. In English it begins with changing, so that it can be the subject of a sentence.
named := {
	"en": sprintf("changing the %s of %s", [
		{1: "image", 2: "images"}[count(images)],
		concat(" and ", sort({image.en | some image in images})),
	]),
	"zh": concat("、", sort({image.zh | some image in images})),
} if {
	count(images) in {1, 2}
} else := {
	"en": sprintf("changing %d images", [count(images)]),
	"zh": sprintf("%d 个镜像", [count(images)]),
} if {
	count(images) > 2
} else := {"en": "changing its pod template", "zh": "Pod 模板"}
