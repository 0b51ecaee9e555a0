# METADATA
# title: Containers request what they need
# description: |
#   Each container that runs while the pod serves requests CPU and memory; a limit counts,
#   because Kubernetes takes it for the request as well. Sidecars that a mesh injects are
#   not asked.
#
#   During a switch both colors run at full size. Without requests the scheduler packs them
#   onto nodes that cannot carry both, and the live color pays for it.
# custom:
#   id: resources
#   action: advise
#   zh:
#     title: 容器声明所需资源
#     description: |
#       Pod 提供服务期间运行的每个容器都声明 CPU 和内存 requests；写了 limits 也算，Kubernetes 会把它当作
#       request。网格注入的 sidecar 不检查。
#
#       切换期间两个颜色都以完整规模运行。没有 requests，调度器会把它们挤在承受不住的节点上，受影响的是线上颜色。
#   messages:
#     missing:
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             resources:
#               requests: {{.requests}}
#       en: |-
#         container {{.container}} requests no {{.what_en}}. While both colors run, nodes can
#         be packed beyond what they carry.
#
#         Fix in {{.at}} (the numbers are guesses: take what the app uses), then apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 没有声明 {{.what_zh}} requests。两个颜色同时运行时，节点可能被挤到超出承受能力。
#
#         在 {{.at}} 中加入（数值是猜测：请按应用实际用量填写），然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.resources

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": "missing",
	"field": sprintf("%s.resources.requests", [entry.path]),
	"subject": sprintf("container %s", [entry.name]),
	"with": {
		"container": entry.name,
		"list": entry.list,
		"name": yaml.scalar(entry.name),
		"what_en": concat(" and no ", lacking),
		"what_zh": concat("、", lacking),
		"requests": sprintf("{%s}", [concat(", ", [guesses[resource] | some resource in lacking])]),
	},
} if {
	input.kind == "Deployment"
	count(sized) < count(workload.running)
	some entry in workload.running
	not entry.path in sized
	not entry.name in workload.injected_sidecars
	lacking := [resource |
		some resource in ["cpu", "memory"]
		not has(entry.container, resource)
	]
	count(lacking) > 0
}

# sized are the containers that say it as it should be said.
sized := {entry.path |
	some entry in workload.running
	requests := entry.container.resources.requests
	requests.cpu != null
	requests.memory != null
}

has(container, resource) if {
	some kind in ["requests", "limits"]
	container.resources[kind][resource] != null
}

guesses := {"cpu": "cpu: 100m", "memory": "memory: 256Mi"}
