# METADATA
# title: A color has at least two replicas
# description: |
#   A Deployment asks for two replicas or more. None at all is a color that was retired,
#   and workers that declare tealgate.dev/traffic: none are not asked. Where an HPA sets
#   the number, its minReplicas counts and spec.replicas is best left out of Git; an
#   absent number is one until the HPA has written it.
#
#   A single pod is gone whenever its node is drained, and the readiness of one pod says
#   little about the color before a switch.
# custom:
#   id: replicas
#   action: advise
#   zh:
#     title: 每个颜色至少两个副本
#     description: |
#       Deployment 至少要有两个副本。0 表示该颜色已下线；声明了 tealgate.dev/traffic: none 的后台任务不检查。
#       由 HPA 控制副本数时，以它的 minReplicas 为准，spec.replicas 最好不写进 Git；没有写时，在 HPA 写入之前就是 1。
#
#       只有一个 Pod 时，节点一排空服务就中断；切换前，一个 Pod 的就绪也说明不了整个颜色的情况。
#   messages:
#     single:
#       fix:
#         at: spec
#         yaml: |-
#           replicas: 2
#       en: |-
#         one replica: each drained node interrupts the app, and one ready pod says little
#         about the color before a switch.
#
#         Fix in {{.at}} (with an HPA set its minReplicas instead), then apply again:
#
#           {{.fix}}
#       zh: |-
#         只有一个副本：节点一排空服务就中断，切换前一个 Pod 就绪也说明不了整个颜色。
#
#         在 {{.at}} 中改为以下内容（有 HPA 时请改它的 minReplicas），然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.replicas

import data.tealgate.lib.workload

violation contains {
	"message": "single",
	"field": "spec.replicas",
	"subject": "",
	"with": {},
} if {
	input.kind == "Deployment"
	workload.is_deployment
	replicas == 1
	not workload.without_traffic
}

# replicas: one is what Kubernetes takes where none is written.
replicas := written if {
	written := input.object.spec.replicas
	is_number(written)
} else := 1
