# METADATA
# title: Both colors are configured alike
# description: |
#   A color does not read an environment variable from another Secret than the live color
#   does, does not take a Secret of another environment as a whole (shop-staging instead of
#   shop-prod), and does not set another profile (SPRING_PROFILES_ACTIVE, NODE_ENV, RAILS_ENV,
#   ASPNETCORE_ENVIRONMENT, APP_ENV ...) or other coordinates of a configuration centre (Nacos,
#   Apollo, Spring Cloud Config, Consul, etcd, Vault) than it. Compared are containers of the
#   same name. Hash suffixes that Kustomize and Helm add and colors in names do not count; what
#   only one of the colors names passes.
#
#   A green that was verified against the staging database says nothing about the switch, and
#   it serves production with it afterwards. Rotate a credential inside its Secret, not by
#   another name.
# custom:
#   id: config-parity
#   action: deny
#   zh:
#     title: 两个颜色的配置一致
#     description: |
#       一个颜色不能从与线上颜色不同的 Secret 读取同一个环境变量，不能整体换用另一个环境的 Secret（用 shop-staging 代替 shop-prod），
#       也不能设置不同的 profile（SPRING_PROFILES_ACTIVE、NODE_ENV、RAILS_ENV、ASPNETCORE_ENVIRONMENT、APP_ENV 等）或不同的配置中心坐标
#       （Nacos、Apollo、Spring Cloud Config、Consul、etcd、Vault）。只比较同名容器。Kustomize 和 Helm 加上的哈希后缀、名字中的颜色
#       不计；只在一个颜色中出现的内容放行。
#
#       用预发数据库验证过的 green 说明不了切换会怎样，切换之后还会拿它服务线上。轮换凭据请在原 Secret 中进行，不要换名字。
#   messages:
#     secret:
#       more: true
#       fix: &entry
#         at: spec.template.spec.containers[name={{.name}}].env
#         yaml: |-
#           - name: {{.env_yaml}}
#             {{.source}}
#       en: |-
#         env {{.env}} of container {{.container}} comes from Secret {{.own}};
#         {{.live_en}}, which is live, reads it from Secret {{.object}}. After the switch the app
#         would work with other credentials, and perhaps on another database. Replace the whole
#         entry and apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的环境变量 {{.env}} 来自 Secret {{.own}}，而线上的 {{.live_zh}}从 Secret {{.object}} 读取。切换之后应用会使用另一套凭据，甚至连到另一个数据库。请替换整个条目，重新 apply：
#
#           {{.fix}}
#     setting:
#       more: true
#       fix: *entry
#       en: |-
#         env {{.env}} of container {{.container}} is {{.own}}; {{.live_en}}, which is live, has
#         {{.object}}. {{.why_en}}, and what was verified before the switch would not be what
#         serves after it. Replace the whole entry and apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的环境变量 {{.env}} 是 {{.own}}，而线上的 {{.live_zh}}是 {{.object}}。{{.why_zh}}，切换前验证的就不是切换后提供服务的。请替换整个条目，重新 apply：
#
#           {{.fix}}
#     whole-secret:
#       more: true
#       en: |-
#         {{.place}} takes Secret {{.own}}; {{.live_en}}, which is live, takes {{.object}}. By its
#         name it is the one of another environment: after the switch the app would work with
#         other credentials. Write this name in its place and apply again:
#
#           {{.line}}
#       zh: |-
#         {{.place_zh}} 使用 Secret {{.own}}，而线上的 {{.live_zh}}使用 {{.object}}。从名字看属于另一个环境：切换之后应用会使用另一套凭据。请改成这个名字，重新 apply：
#
#           {{.line}}
package tealgate.rules.config_parity

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": "secret",
	"field": sprintf("%s.env[%d]", [entry.path, i]),
	"subject": sprintf("env %s of container %s", [workload.shown(name), entry.name]),
	"with": object.union(said(live), {
		"env": workload.shown(name),
		"env_yaml": yaml.scalar(name),
		"container": entry.name,
		"name": yaml.scalar(entry.name),
		"own": workload.shown(own),
		"object": reference.name,
		"source": sprintf("valueFrom: {secretKeyRef: {name: %s, key: %s}}", [yaml.scalar(reference.name), yaml.scalar(reference.key)]),
	}),
} if {
	input.kind == "Deployment"
	some live in compared
	some [container, name, own] in (read - read_by(live))
	some reference in live.references
	reference.kind == "Secret"
	reference.env == name
	stem(reference.container) == stem(container)
	stem(reference.name) != stem(own)
	some entry in workload.containers
	entry.name == container
	some i, variable in entry.container.env
	variable.name == name
	variable.valueFrom.secretKeyRef.name == own
}

violation contains {
	"message": "setting",
	"field": sprintf("%s.env[%d]", [entry.path, i]),
	"subject": sprintf("env %s of container %s", [workload.shown(name), entry.name]),
	"with": object.union_n([said(live), reasons[setting.kind], {
		"env": workload.shown(name),
		"env_yaml": yaml.scalar(name),
		"container": entry.name,
		"name": yaml.scalar(entry.name),
		"own": workload.shown(shown),
		"object": workload.shown(setting.value),
		"source": sprintf("value: %s", [yaml.scalar(setting.value)]),
	}]),
} if {
	input.kind == "Deployment"
	some live in compared
	some setting in live.settings
	some entry in workload.containers
	some i, variable in entry.container.env
	variable.name == setting.env
	name := setting.env
	stem(entry.name) == stem(setting.container)
	own := workload.as_text(object.get(variable, "value", ""))
	own != ""
	colorless(own) != colorless(setting.value)
	shown := without_userinfo(own)
}

violation contains {
	"message": "whole-secret",
	"field": use.field,
	"subject": sprintf("Secret %s of %s", [workload.shown(stem(use.name)), use.en]),
	"with": object.union(said(live), {
		"place": use.en,
		"place_zh": use.zh,
		"own": workload.shown(use.name),
		"object": replaced[0],
		"line": sprintf("%s: %s", [use.key, yaml.scalar(replaced[0])]),
	}),
} if {
	input.kind == "Deployment"
	some live in compared
	live.secrets[0] != null
	some use in whole_secrets
	live_names := [secret.name | some secret in live.secrets; stem(secret.container) == stem(use.container)]
	every name in live_names { stem(name) != stem(use.name) }
	replaced := [name | some name in live_names; of_any_environment(name) == of_any_environment(use.name)]
	count(replaced) > 0
}

# compared are the live Deployments of the other color. Nothing is compared with one
# that has no color: then there is no side to differ from.
compared := [other |
	some other in input.facts.pair
	other.live == true
	not other.color in {"", color}
	not workload.without_colors
]

color := workload.as_text(object.get(workload.pod_labels, "tealgate.dev/color", ""))

# read and read_by are the variables that come from Secrets. What both colors read from
# the same is taken out as a whole: mostly nothing is left.
read := {[entry.name, variable.name, secret] |
	some entry in workload.containers
	some variable in entry.container.env
	secret := variable.valueFrom.secretKeyRef.name
	is_string(secret)
	secret != ""
}

read_by(live) := {[reference.container, reference.env, reference.name] |
	some reference in live.references
	reference.kind == "Secret"
}

is_name(value) if {
	is_string(value)
	value != ""
}

# whole_secrets are the Secrets that the pods take as a whole, with the place as facts
# name it: a container, or none for a volume.
whole_secrets contains {
	"name": name,
	"container": entry.name,
	"field": sprintf("%s.envFrom[%d]", [entry.path, i]),
	"key": "name",
	"en": sprintf("envFrom of container %s", [entry.name]),
	"zh": sprintf("容器 %s 的 envFrom", [entry.name]),
} if {
	some entry in workload.containers
	some i, source in entry.container.envFrom
	name := source.secretRef.name
	is_name(name)
}

whole_secrets contains {
	"name": name,
	"container": "",
	"field": sprintf("spec.template.spec.volumes[%d]", [i]),
	"key": "secretName",
	"en": sprintf("volume %s", [volume_name]),
	"zh": sprintf("卷 %s", [volume_name]),
} if {
	some i, volume in input.object.spec.template.spec.volumes
	name := volume.secret.secretName
	is_name(name)
	volume_name := workload.shown(workload.as_text(object.get(volume, "name", "")))
}

# stem is a name without the color in it and without the hash that a tool added.
stem(name) := regex.replace(colorless(name), `-([2456789bcdfghkmt]{10}|[0-9a-f]{8,64})$`, "")

# colorless leaves out the words blue and green, between whatever separates them.
colorless(text) := trim(
	regex.replace(
		regex.replace(trim_space(text), `(?i)(^|[-_.,;:/])(blue|green)\b`, "$1"),
		`([-_.,;:/])[-_.,;]+`, "$1",
	),
	"-_.,;:/",
)

# of_any_environment also leaves out the word for an environment.
of_any_environment(name) := regex.replace(stem(name), `(?i)(^|[-_.])(prod|production|prd|live|staging|stage|stg|uat|qa|sit|test|testing|dev|develop|development|pre|preprod|sandbox|gray|canary)([-_.]|$)`, "-")

# without_userinfo: what is shown of a value may be an address.
without_userinfo(text) := regex.replace(text, `//[^/\s@]*@`, "//***@")

said(live) := {
	"live_en": sprintf("%s (%s)", [live.color, live.name]),
	"live_zh": sprintf("%s（%s）", [live.color, live.name]),
}

reasons := {
	"profile": {"why_en": "It is another profile", "why_zh": "这是另一个 profile"},
	"centre": {"why_en": "It reads another configuration", "why_zh": "读到的是另一份配置"},
}
