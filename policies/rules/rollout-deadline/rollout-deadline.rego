# METADATA
# title: A rollout that hangs is noticed in time
# description: |
#   progressDeadlineSeconds leaves each pod the time that its startup and readiness probes
#   grant it, and is at most an hour, or twice that time where it is more. Absent it is ten
#   minutes.
#
#   When the deadline passes, Kubernetes says that the rollout made no progress; a release
#   and a pipeline wait for that word. Too long, and a hanging release holds everybody up.
#   Too short, and a color that only starts slowly counts as failed.
# custom:
#   id: rollout-deadline
#   action: advise
#   zh:
#     title: 卡住的发布能及时发现
#     description: |
#       progressDeadlineSeconds 不短于启动探针和就绪探针留给 Pod 的启动时间，并且不超过一小时；启动时间的两倍超过一小时时，以它为上限。不写时是 10 分钟。
#
#       超过期限后 Kubernetes 会报告发布没有进展，发布流程和流水线都在等这个结果。太长，卡住的发布会拖住所有人；太短，只是启动慢的颜色会被当作失败。
#   messages:
#     long:
#       fix: &fix
#         at: spec
#         yaml: |-
#           progressDeadlineSeconds: {{.seconds}}
#       en: |-
#         progressDeadlineSeconds is {{.now}}: a rollout that hangs is reported only after
#         that, and a release waits for it.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         progressDeadlineSeconds 为 {{.now}}：卡住的发布要到那时才会报告，发布流程会一直等待。
#
#         在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
#     short:
#       fix: *fix
#       en: |-
#         progressDeadlineSeconds is {{.now}}, and the probes grant a pod {{.needed}} seconds
#         to start: a color that only starts slowly would count as failed.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         progressDeadlineSeconds 为 {{.now}}，而探针允许 Pod 用 {{.needed}} 秒启动：只是启动慢的颜色会被当作失败。
#
#         在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.rollout_deadline

import data.tealgate.lib.workload

violation contains found("long", {}) if {
	input.kind == "Deployment"
	deadline > max([3600, proposed])
}

violation contains found("short", {"needed": sprintf("%d", [needed])}) if {
	input.kind == "Deployment"
	deadline < needed
}

# default_seconds is what Kubernetes takes where none is written.
default_seconds := 600

deadline := written if {
	written := input.object.spec.progressDeadlineSeconds
	is_number(written)
} else := default_seconds

soak := written if {
	written := input.object.spec.minReadySeconds
	is_number(written)
} else := 0

# proposed leaves a start twice the time that it is granted.
proposed := max([default_seconds, needed * 2])

# needed is how long the slowest container may take to become ready, and half a
# minute for the image in any case.
needed := max({30} | {granted(container) | some container in slow}) + soak

# slow are the containers that are granted any time.
slow contains entry.container if {
	some entry in workload.running
	is_object(entry.container.startupProbe)
}

slow contains entry.container if {
	some entry in workload.running
	entry.container.readinessProbe.initialDelaySeconds > 0
}

granted(container) := sum([seconds |
	some name in ["startupProbe", "readinessProbe"]
	is_object(container[name])
	seconds := workload.number(container[name], "initialDelaySeconds", 0) + attempts(name, container[name])
])

attempts("startupProbe", probe) := workload.number(probe, "periodSeconds", 10) * workload.number(probe, "failureThreshold", 3)

attempts("readinessProbe", _) := 0

found(message, more) := {
	"message": message,
	"field": "spec.progressDeadlineSeconds",
	"subject": "",
	"with": object.union(
		{
			"now": sprintf("%d", [deadline]),
			"seconds": sprintf("%d", [proposed]),
		},
		more,
	),
}
