# METADATA
# title: Pods finish their requests before they end
# description: |
#   A container that serves has a preStop hook, or the pod template declares with the
#   annotation tealgate.dev/shutdown: handled that the app goes on answering for some
#   seconds after SIGTERM. terminationGracePeriodSeconds is longer than the hook sleeps, and
#   at least ten seconds. Containers without ports beside serving ones, sidecars that a mesh
#   injects, and workers that declare tealgate.dev/traffic: none are not asked.
#
#   SIGTERM and the removal of a pod from the endpoints happen at the same time. For a few
#   seconds load balancers and kube-proxy still send requests to a process that has ended
#   already: each retired color and each rollout costs errors. preStop sleep needs
#   Kubernetes 1.30 and no shell in the image.
# custom:
#   id: graceful-shutdown
#   action: warn
#   zh:
#     title: Pod 处理完请求再退出
#     description: |
#       提供服务的容器要有 preStop，或者在 Pod 模板上用注解 tealgate.dev/shutdown: handled 声明：应用收到 SIGTERM 后
#       会继续应答几秒。terminationGracePeriodSeconds 要长于 preStop 的等待时间，并且至少 10 秒。与服务容器并列且没有端口的
#       容器、网格注入的 sidecar、声明了 tealgate.dev/traffic: none 的后台任务不检查。
#
#       SIGTERM 和从端点中移除 Pod 是同时发生的。在几秒之内，负载均衡和 kube-proxy 仍会把请求送给已经退出的进程：每次下线一个颜色、
#       每次滚动更新都会出错。preStop sleep 需要 Kubernetes 1.30，镜像里不需要 shell。
#   messages:
#     missing:
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             lifecycle: {preStop: {sleep: {seconds: 5}}}
#       en: |-
#         container {{.container}} stops on SIGTERM while requests still arrive: add
#         lifecycle: {preStop: {sleep: {seconds: 5}}}.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#
#         An app that goes on answering for some seconds after SIGTERM says so instead, in
#         spec.template.metadata.annotations:
#
#           tealgate.dev/shutdown: handled
#       zh: |-
#         容器 {{.container}} 收到 SIGTERM 就停止，而请求还在到达：请加上 lifecycle: {preStop: {sleep: {seconds: 5}}}。
#
#         在 {{.at}} 中加入，然后重新 apply：
#
#           {{.fix}}
#
#         收到 SIGTERM 后还会继续应答几秒的应用，请改在 spec.template.metadata.annotations 中声明：
#
#           tealgate.dev/shutdown: handled
#     grace:
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           terminationGracePeriodSeconds: {{.needed}}
#       en: |-
#         terminationGracePeriodSeconds is {{.grace}}{{if .sleep}} and preStop sleeps {{.sleep}} of them{{end}}:
#         requests are cut off. Set {{.needed}}.
#
#         Fix in {{.at}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         terminationGracePeriodSeconds 为 {{.grace}}{{if .sleep}}，其中 preStop 等待 {{.sleep}} 秒{{end}}，来不及处理完请求。请改为 {{.needed}}。
#
#         在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.graceful_shutdown

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": "missing",
	"field": sprintf("%s.lifecycle", [entry.path]),
	"subject": sprintf("container %s", [entry.name]),
	"with": {"container": entry.name, "list": entry.list, "name": yaml.scalar(entry.name)},
} if {
	input.kind == "Deployment"
	count(waiting) < count(workload.serving)
	some entry in workload.serving
	not entry.path in waiting
	not declared
}

violation contains {
	"message": "grace",
	"field": "spec.template.spec.terminationGracePeriodSeconds",
	"subject": "",
	"with": {
		"grace": sprintf("%d", [grace]),
		"sleep": sleep_text,
		"needed": sprintf("%d", [longest_sleep + 30]),
	},
} if {
	input.kind == "Deployment"
	workload.is_deployment
	grace < longest_sleep + 10
	not workload.without_traffic
}

declared if workload.without_traffic

declared if workload.pod_annotations["tealgate.dev/shutdown"] == "handled"

# waiting are the containers with a preStop hook that does something.
waiting := {entry.path |
	some entry in workload.serving
	some handler in entry.container.lifecycle.preStop
	is_object(handler)
}

# grace: 30 is what Kubernetes takes where none is written.
grace := written if {
	written := input.object.spec.template.spec.terminationGracePeriodSeconds
	is_number(written)
} else := 30

longest_sleep := max({0} | sleeps)

sleeps contains seconds if {
	some entry in workload.running
	seconds := entry.container.lifecycle.preStop.sleep.seconds
	is_number(seconds)
}

# In the commands that images with a shell use.
sleeps contains to_number(groups[1]) if {
	some entry in workload.running
	command := entry.container.lifecycle.preStop.exec.command
	text := concat(" ", [workload.as_text(word) | some word in command])
	groups := regex.find_all_string_submatch_n(`\bsleep ([0-9]{1,5})\b`, text, 1)[0]
}

sleep_text := "" if {
	longest_sleep == 0
} else := sprintf("%d", [longest_sleep])
