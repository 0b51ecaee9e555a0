# METADATA
# title: Configuration comes from outside the image
# description: |
#   The pod takes configuration from a ConfigMap or Secret (envFrom, env, volumes,
#   projected volumes), from a CSI volume, from Vault's agent, or from a configuration
#   centre that its settings name: Apollo, Nacos, Spring Cloud Config, Consul, etcd.
#   Where none of this shows, the annotation tealgate.dev/config on the Deployment or
#   its pod template says where configuration comes from: nacos, apollo, or none for
#   an application that needs none. Image pull secrets and registration alone do not
#   count.
#
#   Configuration inside an image is decided when the image is built. Then blue and
#   green can talk to different databases, and nobody sees it before the switch.
# custom:
#   id: config-source
#   action: deny
#   zh:
#     title: 配置来自镜像之外
#     description: |
#       Pod 要从 ConfigMap 或 Secret（envFrom、env、卷、projected 卷）、CSI 卷、Vault agent，或者它的设置中
#       指明的配置中心（Apollo、Nacos、Spring Cloud Config、Consul、etcd）取得配置。从清单里看不出来时，
#       请在 Deployment 或 Pod 模板上用注解 tealgate.dev/config 说明来源：nacos、apollo 等，不需要配置的写
#       none。镜像拉取凭据和单纯的服务注册不算。
#
#       写在镜像里的配置在构建时就定死了：蓝绿两边可能连到不同的数据库，切换之前谁也看不出来。
#   messages:
#     missing:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           containers:
#           - name: {{.container}}
#             envFrom:
#             - configMapRef: {name: {{.object}}}
#       en: |-
#         the pods take no configuration from outside: no ConfigMap, no Secret and no
#         configuration centre is named. What stands in the image can make green talk to
#         another database than blue. Create a ConfigMap (its content is an example):
#
#           {{.create}}
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#
#         An app that needs none, or reads it where it cannot be seen, says so instead
#         in metadata.annotations (none, nacos, apollo ...):
#
#           tealgate.dev/config: none
#       zh: |-
#         Pod 没有从外部取得配置：没有引用 ConfigMap、Secret，也没有配置中心。写在镜像里的配置可能让 green 连到与 blue 不同的数据库。请先创建 ConfigMap（内容只是示例）：
#
#           {{.create}}
#
#         在 {{.at}} 中加入，然后重新 apply：
#
#           {{.fix}}
#
#         不需要配置，或者配置来源在清单里看不出来的应用，请改在 metadata.annotations 中声明（none、nacos、apollo 等）：
#
#           tealgate.dev/config: none
package tealgate.rules.config_source

import data.tealgate.lib.settings
import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": "missing",
	"field": "spec.template.spec",
	"subject": "",
	"with": {
		"container": yaml.scalar(workload.main_container),
		"object": yaml.scalar(name),
		"create": sprintf("%s create configmap %s --from-literal=LOG_LEVEL=info", [workload.kubectl, name]),
	},
} if {
	input.kind == "Deployment"
	workload.is_deployment
	not from_objects
	not declared
	not from_centre
	name := workload.proposed_name("config")
}

declared if {
	some annotations in [workload.annotations, workload.pod_annotations]
	trim_space(workload.as_text(object.get(annotations, "tealgate.dev/config", ""))) != ""
}

# from_objects: a ConfigMap, a Secret, or a volume of a secret store.
from_objects if {
	some entry in workload.listed
	some source in entry.container.envFrom
	some kind in ["configMapRef", "secretRef"]
	is_object(source[kind])
}

from_objects if {
	some entry in workload.listed
	some variable in entry.container.env
	some kind in ["configMapKeyRef", "secretKeyRef"]
	is_object(variable.valueFrom[kind])
}

from_objects if {
	some volume in input.object.spec.template.spec.volumes
	some kind in ["configMap", "secret", "csi"]
	is_object(volume[kind])
}

from_objects if {
	some volume in input.object.spec.template.spec.volumes
	some source in volume.projected.sources
	some kind in ["configMap", "secret"]
	is_object(source[kind])
}

# from_centre: settings name a configuration centre.
from_centre if {
	some setting in settings.given
	names_centre(setting.name, value_of(setting))
}

from_centre if workload.pod_annotations["vault.hashicorp.com/agent-inject"] == "true"

# value_of is what a setting is; one that is read from elsewhere is set.
value_of(setting) := "set" if {
	setting.from
} else := setting.value

names_centre(name, value) if {
	not regex.match(`(?i)^\s*(false|off|no)?\s*$`, value)
	regex.match(centres, name)
	not regex.match(registration, name)
}

names_centre(name, value) if {
	name == "SPRING_CONFIG_IMPORT"
	regex.match(`(?i)(configserver|nacos|apollo|consul|zookeeper|vault|etcd|kubernetes|aws-[a-z]+):`, value)
}

# centres match the canonical names of the settings by which clients find their
# configuration centre.
centres := concat("|", [
	`^APOLLO_(META|CONFIG_SERVICE|CONFIGSERVICE|BOOTSTRAP|CLUSTER)`,
	`^NACOS_`,
	`^CONSUL_`,
	`^(ETCD|ETCDCTL)_`,
	`^VAULT_ADDR$`,
	`^SPRING_CLOUD_(CONFIG|NACOS|CONSUL|VAULT|ZOOKEEPER_CONFIG|KUBERNETES_CONFIG)_`,
	`^DUBBO_CONFIG_?CENTER_`,
])

# registration is about being found, not about configuration.
registration := `_(DISCOVERY|REGISTRY|REGISTRATION|SERVICE_REGISTRY)(_|$)`
