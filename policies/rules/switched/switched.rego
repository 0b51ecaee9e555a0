# METADATA
# title: What a switch leaves is recorded, not claimed
# description: |
#   The annotation tealgate.dev/switched of a Service is written by tealgate when the
#   selector moves to the other color: from blue 1.4.0 to green 1.5.0. While the selector
#   stays, it stays. The way back, for which one ready pod is enough (selector-ready), rests
#   on it, so that it names the colors of the move and versions that their pods have.
# custom:
#   id: switched
#   action: deny
#   concern: traffic
#   zh:
#     title: 切换之前的版本由系统记录，不能自己填写
#     description: |
#       Service 的注解 tealgate.dev/switched 由 tealgate 在 selector 切到另一个颜色时写入，例如
#       from blue 1.4.0 to green 1.5.0；selector 不变时保持不变。切回时一个就绪的 Pod 就够
#       （selector-ready），以它为准，所以其中只能是这次切换的颜色和两边 Pod 实际的版本。
#   messages:
#     claimed:
#       more: true
#       en: |-
#         annotation tealgate.dev/switched says '{{.claimed}}', and that is not
#         what happens here. tealgate writes it itself when the selector moves to the other
#         color, to know the way back. Nothing was changed: take the annotation out
#         and apply again.
#       zh: |-
#         注解 tealgate.dev/switched 写的是 '{{.claimed}}'，与这次修改不符。它由 tealgate 在 selector 切到另一个颜色时写入，用来记住退路。没有任何修改生效：请删除该注解，然后重新 apply。
package tealgate.rules.switched

import data.tealgate.lib.switched
import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "claimed",
	"field": "metadata.annotations[tealgate.dev/switched]",
	"subject": claimed,
	"with": {"claimed": workload.shown(claimed)},
} if {
	input.kind == "Service"
	claimed != ""
	claimed != switched.text(input.old)
	not true_record
}

claimed := switched.text(input.object)

# true_record: tealgate could have written it. A pod may become ready or fail after it
# did, so that any version of the pods will do.
true_record if {
	traffic.selector_changed
	record := switched.read(claimed)
	record.from == traffic.old_color
	record.to == traffic.color
	record.from != record.to
	object.remove(traffic.selector, [traffic.color_label]) == object.remove(traffic.old_selector, [traffic.color_label])
	record.left in versions("leaving")
	record.taken in (versions("selected") | {""})
}

versions(pods) := {pod.version | some pod in object.get(input.facts, [pods, "pods"], [])}
