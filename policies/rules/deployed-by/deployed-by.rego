# METADATA
# title: Who deployed is recorded, not claimed
# description: |
#   The annotation tealgate.dev/deployed-by is written by tealgate from the request
#   whenever the pod template changes. It is the requesting user, or unchanged.
#   Separation of duties in a release rests on it.
# custom:
#   id: deployed-by
#   action: deny
#   concern: traffic
#   zh:
#     title: 部署者由系统记录，不能自己填写
#     description: |
#       注解 tealgate.dev/deployed-by 在 Pod 模板变化时由 tealgate 按请求用户写入：只能是当前用户，
#       或保持不变。发布时的职责分离以它为准。
#   messages:
#     claimed:
#       en: |-
#         annotation tealgate.dev/deployed-by says {{.claimed}}, and the request came
#         from {{.user}}. tealgate records the user itself: take the annotation out
#         of the manifest and apply again.
#       zh: |-
#         注解 tealgate.dev/deployed-by 写的是 {{.claimed}}，而请求来自 {{.user}}。该注解由 tealgate 记录：请从清单中删除它，然后重新 apply。
#     removed:
#       en: |-
#         annotation tealgate.dev/deployed-by was removed; it said {{.before}}. Leave
#         it on the object: kubectl apply keeps it, kubectl replace does not.
#       zh: |-
#         注解 tealgate.dev/deployed-by 被删除了，原值是 {{.before}}。请保留它：kubectl apply 会保留，kubectl replace 不会。
package tealgate.rules.deployed_by

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "claimed",
	"field": "metadata.annotations[tealgate.dev/deployed-by]",
	"subject": claimed,
	"with": {"claimed": claimed, "user": input.user},
} if {
	workload.is_deployment
	input.user != ""
	claimed != ""
	not claimed in {input.user, before}
}

violation contains {
	"message": "removed",
	"field": "metadata.annotations",
	"subject": before,
	"with": {"before": before},
} if {
	workload.is_deployment
	input.user != ""
	claimed == ""
	before != ""
}

claimed := object.get(workload.annotations, "tealgate.dev/deployed-by", "")

before := object.get(
	workload.as_map(object.get(traffic.old, ["metadata", "annotations"], {})),
	"tealgate.dev/deployed-by",
	"",
)
