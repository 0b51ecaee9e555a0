# METADATA
# title: A managed Service is moved by its release only
# description: |
#   The selector of a Service that a BlueGreen names, as one that carries traffic or as a
#   preview, is moved by tealgate's switch controller and by nobody else: it checks both
#   colors before, proves the endpoints after, and knows the way back. A change of the type
#   to ExternalName, or back, moves it too. A color that is added to a selector which had none
#   passes, and other rules judge it. Of several BlueGreens that name a Service the oldest
#   has it.
#
#   In an emergency say kubectl tealgate rollback, which works whatever state the new color is
#   in, or break the glass. To move the Service by hand for good delete the BlueGreen.
# custom:
#   id: selector-owner
#   action: deny
#   concern: traffic
#   exempt: never
#   zh:
#     title: 受管理的 Service 只由发布切换
#     description: |
#       被 BlueGreen 写明的 Service（无论承载流量还是预览），selector 只由 tealgate 的切换控制器修改：它切换前检查两个颜色，
#       切换后核对端点，也知道退路。type 改成 ExternalName 或改回来也算切换。给原本没有颜色的 selector 加上颜色不算，由其他
#       规则检查。多个 BlueGreen 写了同一个 Service 时，最早的那个生效。
#
#       紧急情况下请用 kubectl tealgate rollback，新颜色处于什么状态都能回滚；或使用 break-glass。要长期手工切换，请删除 BlueGreen。
#   messages:
#     moved:
#       more: true
#       en: |-
#         BlueGreen {{.blue_green}} moves this Service, and nobody else does. Its selector stays
#         {{.selector}}. What is deployed to the idle color is released, and moves the Service
#         once people have decided. The BlueGreen is at {{.phase}}; see
#
#           {{.kubectl}} get bluegreen/{{.blue_green}}
#
#         To go back, whatever state the new color is in:
#
#           {{.rollback}}
#       zh: |-
#         这个 Service 由 BlueGreen {{.blue_green}} 切换，其他人不能修改。selector 仍是 {{.selector}}。部署到空闲颜色就会开始发布，决定之后由它切换。当前阶段是 {{.phase}}，请看
#
#           {{.kubectl}} get bluegreen/{{.blue_green}}
#
#         要切回旧颜色（新颜色处于什么状态都可以）：
#
#           {{.rollback}}
package tealgate.rules.selector_owner

import data.tealgate.lib.traffic
import data.tealgate.lib.workload

violation contains {
	"message": "moved",
	"field": "spec.selector",
	"subject": sprintf("BlueGreen %s", [traffic.managed.by]),
	"with": {
		"blue_green": traffic.managed.by,
		"selector": workload.shown(stays),
		"phase": phase,
		"kubectl": workload.kubectl,
		"rollback": rollback,
	},
} if {
	input.kind == "Service"
	traffic.managed.by != ""
	traffic.is_service
	traffic.selector_changed
	not traffic.narrowed
}

stays := traffic.written(traffic.old_selector) if {
	count(traffic.old_selector) > 0
} else := "empty"

# phase is empty until the controller has looked.
phase := traffic.managed.phase if {
	traffic.managed.phase != ""
} else := "Idle"

# kubectl takes no flag before the name of a plugin.
rollback := sprintf("kubectl tealgate rollback %s -n %s", [traffic.managed.by, input.namespace]) if {
	input.namespace != ""
} else := sprintf("kubectl tealgate rollback %s", [traffic.managed.by])
