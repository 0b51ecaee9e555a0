# METADATA
# title: The schema is cut back when one version is left
# description: |
#   A Job labelled tealgate.dev/migration: contract takes something away from a database: a
#   column, a table, a constraint that old code lives by. It begins only when no application of
#   its namespace runs in two versions. Pods count that a Service with traffic would select
#   without its color, until they have ended. A suspended Job is asked when it is resumed, one
#   of a CronJob when it is made. Migrations that only add need no label, and run before a
#   release.
#
#   Both colors work on the same database before, during and after a switch, and the way back
#   is a version that must find what it knows.
# custom:
#   id: contract-migration
#   action: deny
#   zh:
#     title: 只剩一个版本时才能收缩数据库结构
#     description: |
#       带标签 tealgate.dev/migration: contract 的 Job 会从数据库中去掉旧代码依赖的内容：列、表或约束。只有当命名空间中没有应用同时
#       运行两个版本时，它才能开始。计入的是承载流量的 Service 不看颜色时会选中的 Pod，直到它们结束。挂起的 Job 在恢复时检查，
#       CronJob 的 Job 在创建时检查。只做增加的迁移不需要这个标签，在发布之前运行。
#
#       切换之前、期间和之后，两个颜色都在同一个数据库上工作；回滚到旧版本时，它必须能找到自己认识的结构。
#   messages:
#     side-by-side:
#       more: true
#       en: |-
#         it is labelled tealgate.dev/migration: contract, and behind Service {{.service}} run
#         {{.versions_en}}. The older one may need what the Job takes away. Nothing was started:
#         apply again when one version is left.
#
#           {{.kubectl}} get pods -L app.kubernetes.io/version,tealgate.dev/color
#       zh: |-
#         它带有标签 tealgate.dev/migration: contract，而 Service {{.service}} 后面同时运行着{{.versions_zh}}。较旧的版本可能还需要这个 Job 要去掉的内容。没有启动任何操作，请在只剩一个版本时重新 apply。
#
#           {{.kubectl}} get pods -L app.kubernetes.io/version,tealgate.dev/color
package tealgate.rules.contract_migration

import data.tealgate.lib.workload

# The API server sends such a Job only, and only when it begins.
violation contains {
	"message": "side-by-side",
	"field": "metadata.labels[tealgate.dev/migration]",
	"subject": sprintf("Service %s", [application.service]),
	"with": {
		"service": application.service,
		"versions_en": shown(application.versions).en,
		"versions_zh": shown(application.versions).zh,
		"kubectl": workload.kubectl,
	},
} if {
	input.kind == "Job"
	some application in input.facts.sideBySide
}

# shown names the versions, and the pods whose labels name none. Of two versions one at
# least is named.
shown(versions) := {
	"en": sprintf("%s %s and pods without a version label", [noun(named), concat(", ", named)]),
	"zh": sprintf("版本 %s 和没有版本标签的 Pod", [concat("、", named)]),
} if {
	named := [version | some version in versions; version != ""]
	count(named) < count(versions)
} else := {
	"en": sprintf("versions %s", [concat(" and ", versions)]),
	"zh": sprintf("版本 %s", [concat("、", versions)]),
}

noun(named) := {true: "version", false: "versions"}[count(named) == 1]
