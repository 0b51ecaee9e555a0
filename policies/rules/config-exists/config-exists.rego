# METADATA
# title: ConfigMaps that the pods need are there
# description: |
#   Each ConfigMap that the pod template names (envFrom, env, volumes, projected volumes)
#   exists in the namespace or is marked optional. It is looked up when a Deployment is
#   created or its pod template changes; where nobody could look, the rule passes. It only
#   warns, because files may be applied in any order. tealgate may not read Secrets: what
#   green reads instead of a Secret of blue's is told by config-parity.
#
#   Pods whose ConfigMap is missing never start, and a rollout waits until its deadline.
# custom:
#   id: config-exists
#   action: warn
#   zh:
#     title: Pod 需要的 ConfigMap 已存在
#     description: |
#       Pod 模板引用的每个 ConfigMap（envFrom、env、卷、projected 卷）都在该命名空间中，或者标记为 optional。创建
#       Deployment 或修改 Pod 模板时查询；无法查询时放行。只给出警告，因为清单可以按任意顺序 apply。tealgate 不能读取
#       Secret：green 换用另一个 Secret 的情况由 config-parity 检查。
#
#       缺少 ConfigMap 的 Pod 不会启动，滚动更新会一直等到超时。
#   messages:
#     missing:
#       en: |-
#         ConfigMap {{.object}} ({{.place}}) does not exist: pods do not start without it. Apply
#         it too, or mark it optional: true.
#       zh: |-
#         ConfigMap {{.object}}（{{.place_zh}}）不存在，Pod 无法启动。请一并 apply，或者标记 optional: true。
package tealgate.rules.config_exists

import data.tealgate.lib.workload

violation contains {
	"message": "missing",
	"field": first.field,
	"subject": sprintf("ConfigMap %s", [name]),
	"with": {"object": workload.shown(name), "place": first.place, "place_zh": first.place_zh},
} if {
	input.kind == "Deployment"
	input.facts.config.known == true
	count(names - {name | some name in input.facts.config.configMaps}) > 0
	some name, uses in needed
	not name in input.facts.config.configMaps
	first := sort(uses)[0]
}

# names are what could be needed, collected without the places: mostly all of them are
# there, and nothing has to be told.
names contains source.configMapRef.name if {
	some entry in workload.listed
	some source in entry.container.envFrom
}

names contains variable.valueFrom.configMapKeyRef.name if {
	some entry in workload.listed
	some variable in entry.container.env
}

names contains volume.configMap.name if {
	some volume in input.object.spec.template.spec.volumes
}

names contains source.configMap.name if {
	some volume in input.object.spec.template.spec.volumes
	some source in volume.projected.sources
}

# needed has for each ConfigMap that the pods cannot start without where it is named.
needed[name] contains use if {
	some [reference, use] in named
	object.get(reference, "optional", false) != true
	name := workload.as_text(object.get(reference, "name", ""))
	name != ""
}

named contains [source.configMapRef, use] if {
	some entry in workload.listed
	some i, source in entry.container.envFrom
	is_object(source.configMapRef)
	use := in_container(entry, sprintf("envFrom[%d]", [i]), "envFrom")
}

named contains [variable.valueFrom.configMapKeyRef, use] if {
	some entry in workload.listed
	some i, variable in entry.container.env
	is_object(variable.valueFrom.configMapKeyRef)
	use := in_container(entry, sprintf("env[%d]", [i]), sprintf("env %s", [workload.as_text(object.get(variable, "name", ""))]))
}

named contains [volume.configMap, in_volume(i, volume)] if {
	some i, volume in input.object.spec.template.spec.volumes
	is_object(volume.configMap)
}

named contains [source.configMap, in_volume(i, volume)] if {
	some i, volume in input.object.spec.template.spec.volumes
	some source in volume.projected.sources
	is_object(source.configMap)
}

in_container(entry, path, what) := {
	"field": sprintf("%s.%s", [entry.path, path]),
	"place": workload.shown(sprintf("%s of %s", [what, entry.name])),
	"place_zh": workload.shown(sprintf("%s 的 %s", [entry.name, what])),
}

in_volume(i, volume) := {
	"field": sprintf("spec.template.spec.volumes[%d]", [i]),
	"place": workload.shown(sprintf("volume %s", [name])),
	"place_zh": workload.shown(sprintf("卷 %s", [name])),
} if {
	name := workload.as_text(object.get(volume, "name", ""))
}
