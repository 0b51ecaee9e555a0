# METADATA
# title: Containers that serve report readiness
# description: |
#   Each container that declares a port has a readinessProbe with a real handler,
#   native sidecars (init containers with restartPolicy Always) included, and a port
#   that a probe names exists. A pod that declares no port at all has a probe on at
#   least one container. Containers without ports beside serving ones, plain init
#   containers and sidecars that a mesh injects need none. A Deployment whose pods
#   declare tealgate.dev/traffic: none is not asked.
#
#   A pod that consists of nothing but such sidecars is asked like any other, and a
#   probe that always succeeds warns.
#
#   Without the probe a pod gets traffic as soon as its process starts, and a switch
#   cannot know whether the other color is able to serve.
# custom:
#   id: readiness-probe
#   action: deny
#   zh:
#     title: 提供服务的容器必须报告就绪状态
#     description: |
#       每个声明了端口的容器都要有 readinessProbe，并且有真实的检查动作；原生 sidecar
#       （restartPolicy 为 Always 的 initContainers）也一样。探针引用的端口名必须存在。整个 Pod
#       都没有声明端口时，至少一个容器要有探针。与服务容器并列且没有端口的容器、普通 init
#       容器、网格注入的 sidecar 不需要。声明了 tealgate.dev/traffic: none 的不检查。
#
#       只由这类 sidecar 组成的 Pod 与其他 Pod 一样检查；总是成功的探针给出警告。
#
#       没有探针，进程一启动 Pod 就会接到流量；切换时也无法知道另一个颜色能否提供服务。
#   messages:
#     missing:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             readinessProbe: {{.probe}}
#       en: |-
#         container {{.container}} has no readinessProbe. It would get traffic as
#         soon as its process starts, before it can answer.
#
#         Fix in {{.at}} ({{.guess_en}}), then apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 没有 readinessProbe。进程一启动它就会接到流量，而这时还不能应答。
#
#         在 {{.at}} 中加入（{{.guess_zh}}），然后重新 apply：
#
#           {{.fix}}
#     no-handler:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             readinessProbe: {{.probe}}
#       en: |-
#         the readinessProbe of container {{.container}} checks nothing: it has no
#         handler that could fail. The container would get traffic before it can answer.
#
#         Fix in {{.at}}: replace the whole readinessProbe ({{.guess_en}}), then
#         apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的 readinessProbe 什么也没有检查：没有可用的检查动作。容器还不能应答就会接到流量。
#
#         在 {{.at}} 中替换整个 readinessProbe（{{.guess_zh}}），然后重新 apply：
#
#           {{.fix}}
#     unknown-port:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             readinessProbe:
#               {{.handler}}: {port: {{.declared}}}
#       en: |-
#         the readinessProbe of container {{.container}} asks port {{.port}}, and the
#         container declares no port of that name, only {{join .ports ", "}}. The probe could never
#         succeed.
#
#         Fix in {{.at}}{{if .several}} (the port is a guess){{end}}, then apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的 readinessProbe 访问端口 {{.port}}，但容器没有声明这个名字的端口，只有 {{join .ports "、"}}。探针永远不会成功。
#
#         在 {{.at}} 中改为以下内容{{if .several}}（端口是猜测）{{end}}，然后重新 apply：
#
#           {{.fix}}
#     undeclared-port:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             ports:
#             - {name: {{.port_yaml}}, containerPort: 8080}
#       en: |-
#         the readinessProbe of container {{.container}} asks port {{.port}}, and the
#         container declares no port of that name. The probe could never succeed.
#
#         Fix in {{.at}} (8080 is a guess: write the number that the app listens on),
#         then apply again:
#
#           {{.fix}}
#       zh: |-
#         容器 {{.container}} 的 readinessProbe 访问端口 {{.port}}，但容器没有声明这个名字的端口。探针永远不会成功。
#
#         在 {{.at}} 中加入（8080 是猜测：请写应用监听的端口号），然后重新 apply：
#
#           {{.fix}}
#     nowhere:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           containers:
#           - name: {{.name}}
#             ports: [{name: http, containerPort: 8080}]
#             readinessProbe: {httpGet: {path: /readyz, port: http}}
#       en: |-
#         no container declares a port or has a readinessProbe. A Service that
#         selects these pods would send traffic as soon as their processes start.
#
#         Fix in {{.at}} (port and path are guesses: name the port that the app
#         listens on and a path that returns 200 only when it can serve):
#
#           {{.fix}}
#
#         A worker without traffic says so instead, in spec.template.metadata.annotations:
#
#           tealgate.dev/traffic: none
#       zh: |-
#         没有任何容器声明端口或 readinessProbe。选中这些 Pod 的 Service 会在进程一启动时就送来流量。
#
#         在 {{.at}} 中加入（端口和路径是猜测：请写应用监听的端口，以及只有能提供服务时才返回 200 的路径）：
#
#           {{.fix}}
#
#         没有流量的后台任务请在 spec.template.metadata.annotations 中声明：
#
#           tealgate.dev/traffic: none
#     proves-nothing:
#       action: warn
#       more: true
#       en: |-
#         the readinessProbe of container {{.container}} {{.runs_en}}, and so
#         always succeeds. Let it ask the app whether it can serve.
#       zh: |-
#         容器 {{.container}} 的 readinessProbe {{.runs_zh}}，总是成功。请让它检查应用能否提供服务。
package tealgate.rules.readiness_probe

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains found("missing", entry, proposal(entry)) if {
	input.kind == "Deployment"
	some entry in unprobed
	not has_probe(entry.container)
}

violation contains found("no-handler", entry, proposal(entry)) if {
	input.kind == "Deployment"
	some entry in unprobed
	has_probe(entry.container)
}

violation contains found("unknown-port", entry, {
	"handler": handler,
	"port": workload.shown(port),
	"ports": ports,
	"several": count(ports) > 1,
	"declared": ports[0],
}) if {
	input.kind == "Deployment"
	some [entry, handler, port] in unknown_ports
	ports := tcp_ports(entry.container)
	count(ports) > 0
}

violation contains found("undeclared-port", entry, {
	"port": workload.shown(port),
	"port_yaml": yaml.scalar(port),
}) if {
	input.kind == "Deployment"
	some [entry, _, port] in unknown_ports
	count(tcp_ports(entry.container)) == 0
}

violation contains {
	"message": "nowhere",
	"field": "spec.template.spec.containers",
	"subject": "",
	"with": {"name": yaml.scalar(workload.main_container)},
} if {
	input.kind == "Deployment"
	count(doubtful) == count(workload.running)
	traffic_expected
	count(serving) == 0
	count(probed) == 0
}

violation contains object.union(
	found("proves-nothing", entry, runs(command)),
	{"field": sprintf("%s.readinessProbe.exec", [entry.path])},
) if {
	input.kind == "Deployment"
	some entry in probed
	command := trim_space(concat(" ", exec_command(entry.container)))
	proves_nothing(command)
}

# proves_nothing: the outcome of the command does not depend on the app. A text of several
# lines, one that stops at the first error and one that leaves elsewhere may fail; they are
# taken for honest.
proves_nothing(command) if regex.match(always_succeeds, command)

proves_nothing(command) if {
	regex.match(ends_well, command)
	not regex.match(`\n|\b(ba|da|a)?sh\s(-\S+\s+)*-[a-z]*e|\bset\s+-[a-z]*e|\berrexit\b`, command)
	not regex.match(`\b(exit|return)\b`, replace(command, "exit 0", ""))
}

always_succeeds := sprintf(`^((/usr)?/bin/)?((ba|da|a)?sh -[a-z]*c )?(%s|sleep( [0-9.]+[smh]?)?|date|pwd|hostname|ls /?);?$`, [succeeds])

ends_well := sprintf(`(;|\|\|) *(%s);?$`, [succeeds])

succeeds := `((/usr)?/bin/)?(true|:|exit 0|echo( [^;&|\n]*)?)`

# runs says what the probe does. What stands before the end, and what echo says, may hold a
# password, and is not repeated.
runs(command) := {
	"runs_en": sprintf("runs %s", [shown]),
	"runs_zh": sprintf("执行 %s", [shown]),
} if {
	regex.match(always_succeeds, command)
	shown := regex.replace(command, `\becho .*`, "echo")
} else := {
	"runs_en": sprintf("ends in %s", [shown]),
	"runs_zh": sprintf("以 %s 结尾", [shown]),
} if {
	groups := regex.find_all_string_submatch_n(ends_well, command, 1)[0]
	shown := sprintf("%s %s", [groups[1], regex.replace(groups[2], `\becho .*`, "echo")])
}

traffic_expected if {
	workload.is_deployment
	not workload.without_traffic
}

# sound are the containers that ask one of their ports over http, as nearly all do.
sound := {entry.path |
	some entry in workload.running
	port := entry.container.readinessProbe.httpGet.port
	port == entry.container.ports[_].name
	port != ""
} | {entry.path |
	some entry in workload.running
	port := entry.container.readinessProbe.httpGet.port
	port == entry.container.ports[_].containerPort
	port > 0
}

# doubtful are the others, to look into.
doubtful := [] if {
	count(sound) == count(workload.running)
} else := [entry |
	some entry in workload.running
	not entry.path in sound
]

# serving are the containers that a port says are spoken to.
serving := [entry |
	some entry in doubtful
	entry.container.ports[0] != null
]

# unprobed are those that must have a probe and have none that could fail.
unprobed := [entry |
	some entry in serving
	not has_handler(entry.container)
	traffic_expected
]

# probed are all whose probe counts.
probed := [entry |
	some entry in doubtful
	has_handler(entry.container)
	traffic_expected
]

# unknown_ports are the ports that probes ask by a name that the container does not
# declare.
unknown_ports contains [entry, handler, port] if {
	some entry in probed
	some handler in ["httpGet", "tcpSocket"]
	port := entry.container.readinessProbe[handler].port
	is_string(port)
	not regex.match(`^[0-9]*$`, port)
	not port in port_names(entry.container)
}

has_probe(container) if object.get(container, "readinessProbe", null) != null

exec_command(container) := [workload.as_text(word) | some word in container.readinessProbe.exec.command]

has_handler(container) if count(exec_command(container)) > 0

has_handler(container) if {
	some handler in ["httpGet", "tcpSocket", "grpc"]
	port := container.readinessProbe[handler].port
	not port in {0, "", null}
}

found(message, entry, extra) := {
	"message": message,
	"field": sprintf("%s.readinessProbe", [entry.path]),
	"subject": sprintf("container %s", [entry.name]),
	"with": object.union(
		{"container": entry.name, "name": yaml.scalar(entry.name), "list": entry.list},
		extra,
	),
}

proposal(entry) := {
	"probe": proposed.yaml,
	"guess_en": guesses[proposed.guess].en,
	"guess_zh": guesses[proposed.guess].zh,
} if {
	proposed := proposed_probe(entry.container)
}

guesses := {
	"path": {
		"en": "path is a guess: name one that returns 200 only when the app can serve",
		"zh": "path 是猜测：请写只有能提供服务时才返回 200 的路径",
	},
	"grpc": {
		"en": "the app must answer the gRPC health protocol",
		"zh": "应用需要实现 gRPC 健康检查协议",
	},
	"command": {
		"en": "the command is a guess: name one that exits 0 only when the app can serve",
		"zh": "命令是猜测：请写只有能提供服务时才以 0 退出的命令",
	},
}

# proposed_probe uses the first TCP port that the container has.
proposed_probe(container) := {"guess": "grpc", "yaml": sprintf("{grpc: {port: %v}}", [port.containerPort])} if {
	port := declared_tcp(container)[0]
	startswith(port_name(port), "grpc")
} else := {"guess": "path", "yaml": sprintf("{httpGet: {path: /readyz, port: %s}}", [tcp_ports(container)[0]])} if {
	count(tcp_ports(container)) > 0
} else := {"guess": "command", "yaml": "{exec: {command: [/app/ready]}}"}

declared_tcp(container) := [port |
	some port in container.ports
	is_object(port)
	object.get(port, "protocol", "TCP") in {"TCP", "", null}
	is_number(object.get(port, "containerPort", null))
]

# tcp_ports are the ports as a probe may ask for them: by name, else by number.
tcp_ports(container) := [asked_as(port) | some port in declared_tcp(container)]

asked_as(port) := yaml.scalar(port_name(port)) if {
	port_name(port) != ""
} else := sprintf("%v", [port.containerPort])

port_name(port) := workload.as_text(object.get(port, "name", ""))

port_names(container) := [port_name(port) | some port in container.ports; is_object(port)]
