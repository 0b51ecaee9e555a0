# METADATA
# title: Sessions are not kept in the pods
# description: |
#   No Service of the app that carries traffic has sessionAffinity: ClientIP, and no setting
#   of the app keeps sessions in memory or in files: spring.session.store-type=none,
#   SESSION_DRIVER=file (Laravel), session.save_handler=files (PHP), SESSION_TYPE=filesystem
#   (Flask), SESSION_STORE=memory and others. Who takes no part in blue-green is not asked.
#
#   A switch moves all clients at once to pods that have never seen them. Sessions in Redis,
#   in a database or in a signed cookie survive it, and the way back as well.
# custom:
#   id: stateless-session
#   action: warn
#   zh:
#     title: 会话不保存在 Pod 中
#     description: |
#       承载流量的 Service 没有 sessionAffinity: ClientIP，应用的设置也不把会话放在内存或文件里：
#       spring.session.store-type=none、SESSION_DRIVER=file（Laravel）、session.save_handler=files（PHP）、
#       SESSION_TYPE=filesystem（Flask）、SESSION_STORE=memory 等。不参与蓝绿发布的不检查。
#
#       切换会把所有客户端一次移到从未见过它们的 Pod。放在 Redis、数据库或签名 Cookie 里的会话不受切换和回滚影响。
#   messages:
#     affinity:
#       en: |-
#         Service {{.service}} has sessionAffinity: ClientIP, and a switch moves every client. Keep
#         sessions in Redis or a signed cookie, then set None.
#       zh: |-
#         Service {{.service}} 设置了 sessionAffinity: ClientIP，而切换会移动所有客户端。请把会话放到 Redis 或签名 Cookie，然后改为 None。
#     setting:
#       en: |-
#         {{.setting}}={{.value}} keeps sessions in the pod, and a switch logs everybody out. Keep
#         them in Redis, a database or a signed cookie.
#       zh: |-
#         {{.setting}}={{.value}} 把会话保存在 Pod 里，切换会让所有用户掉线。请把会话放到 Redis、数据库或签名 Cookie。
package tealgate.rules.stateless_session

import data.tealgate.lib.settings
import data.tealgate.lib.workload

violation contains {
	"message": "affinity",
	"field": "spec.template.metadata.labels",
	"subject": sprintf("Service %s", [service.name]),
	"with": {"service": service.name},
} if {
	input.kind == "Deployment"
	some service in input.facts.services
	service.sessionAffinity == "ClientIP"
	service.role == ""
	workload.is_deployment
	not workload.without_colors
}

violation contains {
	"message": "setting",
	"field": "spec.template.spec",
	"subject": sprintf("setting %s", [setting.name]),
	"with": {"setting": setting.name, "value": setting.value},
} if {
	input.kind == "Deployment"
	contains(settings.text, "SESSION")
	not workload.without_colors
	some setting in settings.given
	contains(setting.name, "SESSION")
	some known in in_the_pod
	regex.match(known.name, setting.name)
	regex.match(known.value, setting.value)
}

in_the_pod := [
	{"name": `^SPRING_SESSION_STORE_?TYPE$`, "value": `(?i)^(none|hash[-_]?map)$`},
	{"name": `^SERVER_SERVLET_SESSION_PERSISTENT$`, "value": `(?i)^true$`},
	{"name": `(^|_)SESSION_SAVE_HANDLER$`, "value": `(?i)^files$`},
	{"name": `^SESSION_ENGINE$`, "value": `^django\.contrib\.sessions\.backends\.file$`},
	{
		"name": `(^|_)SESSION_(DRIVER|STORE|STORE_?TYPE|TYPE|BACKEND|STORAGE|PROVIDER|ADAPTER)$`,
		"value": `(?i)^(array|in[-_]?memory|memory([-_]?store)?|files?([-_]?(system|store))?|local)$`,
	},
]
