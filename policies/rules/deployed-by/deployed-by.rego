# METADATA
# title: Who deployed is recorded, not claimed
# description: |
#   The annotation tealgate.dev/deployed-by is written by tealgate from the request
#   whenever the pod template changes. It is the requesting user, or unchanged while
#   the template is. Separation of duties in a release rests on it.
# custom:
#   id: deployed-by
#   action: deny
#   concern: traffic
#   exempt: never
#   zh:
#     title: 部署者由系统记录，不能自己填写
#     description: |
#       注解 tealgate.dev/deployed-by 在 Pod 模板变化时由 tealgate 按请求用户写入：只能是当前用户；
#       模板不变时保持不变。发布时的职责分离以它为准。
#   messages:
#     claimed:
#       en: |-
#         annotation tealgate.dev/deployed-by says {{.claimed}}, and the request came
#         from {{.user}}. tealgate records the user itself, and nothing was changed:
#         take the annotation out of the manifest and apply again.
#       zh: |-
#         注解 tealgate.dev/deployed-by 写的是 {{.claimed}}，而请求来自 {{.user}}。该注解由 tealgate 记录，没有任何修改生效：请从清单中删除它，然后重新 apply。
#     stale:
#       en: |-
#         the pod template changes, and annotation tealgate.dev/deployed-by still says
#         {{.before}}, while the request came from {{.user}}. tealgate did not get to
#         record it, and nothing was changed: apply again.
#       zh: |-
#         Pod 模板有变化，而注解 tealgate.dev/deployed-by 仍是 {{.before}}，请求却来自 {{.user}}。tealgate 未能记录，没有任何修改生效：请重新 apply。
#     unrecorded:
#       more: true
#       fix:
#         at: metadata
#         yaml: |-
#           annotations: {tealgate.dev/deployed-by: {{.user_yaml}}}
#       en: |-
#         annotation tealgate.dev/deployed-by is missing: tealgate did not get to record
#         who deploys, and nothing was changed. Apply again.
#
#         Fix in {{.at}}, if it stays missing:
#
#           {{.fix}}
#       zh: |-
#         缺少注解 tealgate.dev/deployed-by：tealgate 未能记录部署者，没有任何修改生效。请重新 apply。
#
#         若仍然缺少，请在 {{.at}} 中自行写上：
#
#           {{.fix}}
#     removed:
#       en: |-
#         annotation tealgate.dev/deployed-by was removed; it said {{.before}}. Leave
#         it on the object: kubectl apply keeps it, kubectl replace does not.
#       zh: |-
#         注解 tealgate.dev/deployed-by 被删除了，原值是 {{.before}}。请保留它：kubectl apply 会保留，kubectl replace 不会。
package tealgate.rules.deployed_by

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains found("claimed", {"claimed": workload.shown(claimed), "user": workload.shown(input.user)}) if {
	input.kind == "Deployment"
	not claimed in {"", input.user}
	claimed != before
	asked
}

# stale: the webhook that records fails open. Without this the one who deploys could
# wait for that, and decide on the own release in the name of the one before.
violation contains found("stale", {"before": workload.shown(before), "user": workload.shown(input.user)}) if {
	input.kind == "Deployment"
	input.operation == "UPDATE"
	asked
	claimed == before
	not before in {"", input.user}
	template_changed
}

violation contains found("unrecorded", {"user_yaml": yaml.scalar(input.user)}) if {
	input.kind == "Deployment"
	claimed == ""
	before == ""
	asked
	deploys
}

violation contains found("removed", {"before": workload.shown(before)}) if {
	input.kind == "Deployment"
	claimed == ""
	before != ""
	asked
}

# asked: someone asks. Offline there is no user.
asked if {
	workload.is_deployment
	input.user != ""
}

# deploys: pods of a new template come of it.
deploys if input.operation == "CREATE"

deploys if template_changed

template_changed if {
	input.operation == "UPDATE"
	template(input.object) != template(input.old)
}

template(deployment) := object.get(workload.as_map(deployment), ["spec", "template"], {})

claimed := name if {
	name := input.object.metadata.annotations["tealgate.dev/deployed-by"]
	is_string(name)
} else := ""

before := name if {
	name := input.old.metadata.annotations["tealgate.dev/deployed-by"]
	is_string(name)
} else := ""

found(message, with_values) := {
	"message": message,
	"field": "metadata.annotations[tealgate.dev/deployed-by]",
	"subject": claimed,
	"with": with_values,
}
