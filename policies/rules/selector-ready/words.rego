# What the sentences of this rule are made of.

package tealgate.rules.selector_ready

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

finding(message, field, extra) := {
	"message": message,
	"field": field,
	"subject": sprintf("%s to %s", [from_name.en, to.en]),
	"with": object.union(
		{
			"to_en": to.en,
			"to_zh": to.zh,
			"from_en": from.en,
			"from_zh": from.zh,
			"stays_en": stays.en,
			"stays_zh": stays.zh,
		},
		extra,
	),
}

to := {"en": traffic.color, "zh": traffic.color} if {
	traffic.color != ""
} else := {"en": "the new selector", "zh": "新 selector"}

from_name := {"en": traffic.old_color, "zh": traffic.old_color} if {
	traffic.old_color != ""
} else := {"en": "the Service", "zh": "Service"}

# from says what carries the traffic now.
from := {
	"en": sprintf("%s serves with %d, and one is enough to go back", [from_name.en, serving]),
	"zh": sprintf("%s 正以 %d 个 Pod 提供服务，切回时一个就够", [from_name.zh, serving]),
} if {
	serving > 0
	going_back
} else := {
	"en": sprintf("%s serves with %d", [from_name.en, serving]),
	"zh": sprintf("%s 正以 %d 个 Pod 提供服务", [from_name.zh, serving]),
} if {
	serving > 0
} else := {"en": "an external name serves now, one is enough", "zh": "当前由外部名称提供服务，一个就够"} if {
	traffic.is_external_name(traffic.old_spec)
} else := {"en": "nothing serves now, one is enough", "zh": "当前没有任何端点提供服务，一个就够"}

stays := {
	"en": sprintf("Traffic stays on %s.", [traffic.old_color]),
	"zh": sprintf("流量仍在 %s。", [traffic.old_color]),
} if {
	traffic.old_color != ""
	serving > 0
} else := {"en": "Nothing was created.", "zh": "没有创建任何对象。"} if {
	input.operation == "CREATE"
} else := {"en": "Nothing was changed.", "zh": "没有任何修改生效。"}

unready := [pod | some pod in traffic.pods; not pod.ready]

# pod_list shows at most five pods, in columns.
pod_list := concat("\n", array.concat(lines, rest)) if {
	listed := array.slice(unready, 0, 5)
	widest := max([count(pod.name) | some pod in listed])
	lines := [line |
		some pod in listed
		pad := concat("", [" " | some _ in numbers.range(0, widest - count(pod.name))])
		line := sprintf("%s%s %s", [pod.name, pad, workload.shown(pod.problem)])
	]
	rest := [sprintf("... (+%d)", [count(unready) - 5]) | count(unready) > 5]
}

# deployments are the Deployments that own the pods.
deployments := sort({pod.workload | some pod in traffic.pods; pod.workload != ""})

# scale names a Deployment only where it is the one to scale: by label the
# command would scale others too.
scale := [sprintf("%s scale deployment/%s --replicas=%d", [workload.kubectl, deployments[0], needed])] if {
	count(deployments) == 1
} else := []

wait := concat("\n", [sprintf("%s rollout status deployment/%s", [workload.kubectl, name]) | some name in deployments]) if {
	count(deployments) in {1, 2, 3}
} else := sprintf("%s wait pod --for=condition=Ready \\\n  -l %s", [workload.kubectl, traffic.written(traffic.selector)])

by_version[pod.version] contains pod.name if {
	some pod in traffic.pods
	pod.version != ""
}
