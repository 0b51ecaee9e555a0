# METADATA
# title: Credentials and addresses come from outside the manifest
# description: |
#   No container or init container holds a literal credential, a private key, or the
#   connection string of a data store or broker outside the cluster, in env, args or
#   command. Other http and gRPC addresses outside the cluster warn. The patterns are
#   one list, in policies/lib/secrets/secrets.rego.
#
#   Names inside the cluster, localhost, telemetry endpoints, proxies and the bootstrap
#   addresses of configuration and registration centres pass as long as they hold no
#   password. Paths, switches, durations and references such as $(DB_PASSWORD) are no
#   credentials.
#
#   A literal can differ between blue and green: then green talks to another database
#   than blue, and the switch is no way back any more.
# custom:
#   id: external-config
#   action: deny
#   zh:
#     title: 凭据和地址不写在清单里
#     description: |
#       容器和 init 容器的 env、args、command 中不能直接写凭据、私钥，以及集群外的数据库、缓存、
#       消息队列的连接串。其他指向集群外的 http、gRPC 地址只给出警告。匹配规则集中在
#       policies/lib/secrets/secrets.rego。
#
#       集群内的名字、localhost、遥测端点、代理、配置中心和注册中心的引导地址，只要不含密码就放行。
#       路径、开关、时长和 $(DB_PASSWORD) 这样的引用不算凭据。
#
#       直接写的值可能蓝绿不一致：green 会连到另一个数据库，切换之后就回不来了。
#   messages:
#     shared-credential:
#       fix: &entry
#         at: spec.template.spec.{{.list}}[name={{.name}}].env
#         yaml: |-
#           - name: {{.env_yaml}}
#             valueFrom: {{.source}}
#       en: |-
#         env {{.env}} of {{.place}} holds {{.what_en}}{{if .shown}} ({{.shown}}){{end}}.
#         {{.reader_en}} reads {{.env}} from Secret {{.object}}; {{.own}} must read the same
#         one. Replace the whole entry:
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的环境变量 {{.env}} 里有{{.what_zh}}{{if .shown}}（{{.shown}}）{{end}}。{{.reader_zh}} 从 Secret {{.object}} 读取 {{.env}}，{{.own}} 必须读取同一个。请替换整个条目：
#
#           {{.fix}}
#       after: &printed
#         en: |-
#           kubectl may have printed the {{.printed_en}} above: change it.
#         zh: |-
#           kubectl 可能已经把上面的{{.printed_zh}}打印出来：请更换。
#     credential:
#       more: true
#       fix: *entry
#       en: |-
#         env {{.env}} of {{.place}} holds {{.what_en}}{{if .shown}} ({{.shown}}){{end}}.
#         Everyone who may read the Deployment can read it, and blue and green may come to
#         differ in it. Put the value into a file {{.key}}, without a line break at its end,
#         and create the Secret{{if .several}}, once for all its values{{end}}:
#
#           {{.create}}
#
#         Then replace the whole entry and apply again:
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的环境变量 {{.env}} 里有{{.what_zh}}{{if .shown}}（{{.shown}}）{{end}}。能读取这个 Deployment 的人都能看到它，蓝绿两边也可能不一致。请把值写入文件 {{.key}}（末尾不要换行），再创建 Secret{{if .several}}（所有值只需创建一次）{{end}}：
#
#           {{.create}}
#
#         然后替换整个条目，重新 apply：
#
#           {{.fix}}
#       after: *printed
#     shared-store:
#       more: true
#       fix: *entry
#       en: |-
#         env {{.env}} of {{.place}} names a data store outside the cluster
#         {{if .shown}}({{.shown}}) {{end}}as a literal. {{.reader_en}} reads {{.env}} from
#         {{.kind}} {{.object}}; {{.own}} must not talk to another store. Replace the whole
#         entry:
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的环境变量 {{.env}} 直接写了集群外的数据存储{{if .shown}}（{{.shown}}）{{end}}。{{.reader_zh}} 从 {{.kind}} {{.object}} 读取 {{.env}}，{{.own}} 不能连到另一个存储。请替换整个条目：
#
#           {{.fix}}
#     store:
#       more: true
#       fix: *entry
#       en: |-
#         env {{.env}} of {{.place}} names a data store outside the cluster
#         {{if .shown}}({{.shown}}) {{end}}as a literal. Green must not talk to another store
#         than blue, so both read it from one ConfigMap. Put the value into a file {{.key}},
#         without a line break at its end, and create it{{if .several}}, once for all its values{{end}}:
#
#           {{.create}}
#
#         Then replace the whole entry and apply again:
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的环境变量 {{.env}} 直接写了集群外的数据存储{{if .shown}}（{{.shown}}）{{end}}。green 不能连到与 blue 不同的存储，两边应该读取同一个 ConfigMap。请把值写入文件 {{.key}}（末尾不要换行），再创建{{if .several}}（所有值只需创建一次）{{end}}：
#
#           {{.create}}
#
#         然后替换整个条目，重新 apply：
#
#           {{.fix}}
#     address:
#       action: warn
#       en: |-
#         {{.subject}} names an address outside the cluster{{if .shown}} ({{.shown}}){{end}}.
#         Read it from ConfigMap {{.object}}.
#       zh: |-
#         {{.subject_zh}} 直接写了集群外的地址{{if .shown}}（{{.shown}}）{{end}}。请从 ConfigMap {{.object}} 读取，避免蓝绿不一致。
#     argument:
#       more: true
#       fix: &arguments
#         at: spec.template.spec.{{.list}}[name={{.name}}]
#         yaml: |-
#           {{if .entries}}env:
#           {{.entries}}
#           {{end}}{{.part}}:
#           {{.words}}
#       en: |-
#         {{.flag}} in {{.part}} of {{.place}} holds {{.what_en}}{{if .shown}} ({{.shown}}){{end}}.
#         Everyone who may read the Deployment or list processes can read it.
#         {{if .create}}Put each value into a file of the name below, without a line break at
#         its end, and create what holds them:
#
#           {{.create}}
#
#         Then take{{else}}Take{{end}} the value from an env entry (add to env, replace {{.part}}):
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的 {{.part}} 中 {{.flag}} 里有{{.what_zh}}{{if .shown}}（{{.shown}}）{{end}}。能读取这个 Deployment 或查看进程的人都能看到它。{{if .create}}请把每个值写入下面同名的文件（末尾不要换行），再创建：
#
#           {{.create}}
#
#         然后改为{{else}}请改为{{end}}从环境变量取值（env 中加入条目，替换整个 {{.part}}）：
#
#           {{.fix}}
#       after: *printed
#     argument-store:
#       more: true
#       fix: *arguments
#       en: |-
#         {{.flag}} in {{.part}} of {{.place}} names a data store outside the cluster
#         {{if .shown}}({{.shown}}) {{end}}as a literal. Green must not talk to another store
#         than blue. {{if .create}}Put each value into a file of the name below, without a line
#         break at its end, and create what holds them:
#
#           {{.create}}
#
#         Then take{{else}}Take{{end}} the value from an env entry (add to env, replace {{.part}}):
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 的 {{.part}} 中 {{.flag}} 直接写了集群外的数据存储{{if .shown}}（{{.shown}}）{{end}}。green 不能连到与 blue 不同的存储。{{if .create}}请把每个值写入下面同名的文件（末尾不要换行），再创建：
#
#           {{.create}}
#
#         然后改为{{else}}请改为{{end}}从环境变量取值（env 中加入条目，替换整个 {{.part}}）：
#
#           {{.fix}}
#     script:
#       more: true
#       en: |-
#         {{.flag}} in {{.part}} of {{.place}} holds {{.what_en}}{{if .shown}} ({{.shown}}){{end}}.
#         Everyone who may read the Deployment can read it. Write this in its place:
#
#           {{.reference}}
#
#         {{if .create}}Put each value into a file of the name below, without a line break at its
#         end, and create what holds them:
#
#           {{.create}}
#
#         Then add{{else}}And have{{end}} this in env of that container:
#
#           {{.entries}}
#       zh: |-
#         {{.place_zh}} 的 {{.part}} 中 {{.flag}} 里有{{.what_zh}}{{if .shown}}（{{.shown}}）{{end}}。能读取这个 Deployment 的人都能看到它。请把它换成：
#
#           {{.reference}}
#
#         {{if .create}}请把每个值写入下面同名的文件（末尾不要换行），再创建：
#
#           {{.create}}
#
#         然后在{{else}}并在{{end}}该容器的 env 中加入：
#
#           {{.entries}}
#       after: *printed
package tealgate.rules.external_config

import data.tealgate.lib.secrets
import data.tealgate.lib.workload
import data.tealgate.lib.yaml

# A message is chosen by what was found and by whether the other color shows
# where to read it from.
violation contains {
	"message": sprintf("%s%s", [source.prefix, finding.type]),
	"field": sprintf("%s.env[%d].value", [finding.entry.path, finding.index]),
	"subject": sprintf("env %s of %s", [workload.shown(finding.name), place(finding.entry).en]),
	"with": object.union_n([described(finding), read_by(source), {
		"env": workload.shown(finding.name),
		"env_yaml": yaml.scalar(finding.name),
		"key": source.key,
		"source": source.yaml,
		"kind": source.kind,
		"object": source.name,
		"create": create({source.kind}),
		"several": count(keys_of(source.kind)) > 1,
	}]),
} if {
	input.kind == "Deployment"
	some finding in found_in_env
	finding.type != "address"
	source := source_of(finding)
}

violation contains {
	"message": argument_message(finding, list),
	"field": sprintf("%s.%s[%d]", [finding.entry.path, finding.part, finding.element]),
	"subject": sprintf("%s in %s of %s", [finding.flag, finding.part, place(finding.entry).en]),
	"with": object.union(described(finding), {
		"flag": finding.flag,
		"part": finding.part,
		"reference": sprintf("$(%s)", [finding.name]),
		"entries": concat("\n", [entry | some entry in missing_entries(list)]),
		"words": yaml.list(rewritten(list)),
		"create": create({source.kind |
			some item in list
			source := source_of(item)
			source.prefix == ""
		}),
	}),
} if {
	input.kind == "Deployment"
	some findings in found_in_arguments
	list := [finding | some finding in findings; finding.type != "address"]
	some finding in list
}

violation contains address(finding, place(finding.entry), path) if {
	input.kind == "Deployment"
	some finding in found_in_env
	finding.type == "address"
	path := sprintf("env[%d].value", [finding.index])
}

violation contains address(finding, place(finding.entry), path) if {
	input.kind == "Deployment"
	some list in found_in_arguments
	some finding in list
	finding.type == "address"
	path := sprintf("%s[%d]", [finding.part, finding.element])
}

# told is what stands in the manifest itself, each once: env entries with a value, also
# one with valueFrom beside it, and command lines.
told := [literal | some literal in (env_literals | command_lines)]

env_literals := {variable |
	some entry in workload.listed
	some variable in entry.container.env
	variable.value != ""
}

command_lines := {line |
	some entry in workload.listed
	some part in ["command", "args"]
	line := entry.container[part]
}

# suspects are those to look into, mostly none. An address inside the cluster, in which
# there could be nothing but a host, is not one of them.
suspects := {literal |
	secrets.may_hold_credential(sprintf("%v", [told]))
	some literal in told
	secrets.may_hold_credential(sprintf("%v", [literal]))
} | {literal |
	some literal in told
	secrets.may_name_host(sprintf("%v", [literal]))
	not stays_inside(literal)
}

stays_inside(variable) if {
	is_string(variable.value)
	secrets.plainly_inside(variable.value)
}

found_in_env contains object.union(problem, {
	"entry": named(entry),
	"index": i,
	"name": name,
	"literal": literal,
}) if {
	count(suspects) > 0
	some entry in workload.listed
	some i, variable in entry.container.env
	variable in suspects
	name := workload.as_text(object.get(variable, "name", ""))
	literal := workload.as_text(variable.value)
	literal != ""
	problem := problem_of(name, literal)
}

# found_in_arguments has one list of findings for each command line that has any;
# the cure rewrites a command line as a whole.
found_in_arguments contains list if {
	count(suspects) > 0
	some entry in workload.listed
	some part in ["command", "args"]
	entry.container[part] in suspects
	list := [finding |
		some option in secrets.options(workload.as_list(entry.container[part]))
		problem := problem_of(option.name, option.literal)
		finding := object.union_n([option, problem, {
			"entry": named(entry),
			"part": part,
			"flag": flag(option),
			"name": variable_name(option, problem),
		}])
	]
	count(list) > 0
}

# named is a container without what is in it: findings are compared with one another.
named(entry) := object.remove(entry, ["container"])

problem_of(name, literal) := {"type": "credential", "what": kind} if {
	kind := secrets.credential(name, literal)
} else := {"type": "store", "what": "store"} if {
	secrets.store(name, literal)
} else := {"type": "address", "what": "address"} if {
	secrets.address(name, literal)
}

# described has what every message of this rule may say.
described(finding) := {
	"list": finding.entry.list,
	"name": yaml.scalar(finding.entry.name),
	"place": place(finding.entry).en,
	"place_zh": place(finding.entry).zh,
	"shown": secrets.masked(finding.literal),
	"what_en": words[finding.what].en,
	"what_zh": words[finding.what].zh,
	"printed_en": words[finding.what].printed,
	"printed_zh": words[finding.what].zh,
}

words := {
	"password": {"en": "a password", "printed": "password", "zh": "密码"},
	"private-key": {"en": "a private key", "printed": "key", "zh": "私钥"},
	"key": {"en": "an access key", "printed": "key", "zh": "访问密钥"},
	"token": {"en": "a token", "printed": "token", "zh": "令牌"},
	"secret": {"en": "a secret", "printed": "secret", "zh": "机密值"},
	"store": {"en": "the address of a data store", "printed": "address", "zh": "数据存储的地址"},
}

place(entry) := {
	"en": sprintf("%s %s", [{"containers": "container", "initContainers": "init container"}[entry.list], entry.name]),
	"zh": sprintf("%s %s", [{"containers": "容器", "initContainers": "init 容器"}[entry.list], entry.name]),
}

address(finding, where, path) := {
	"message": "address",
	"field": sprintf("%s.%s", [finding.entry.path, path]),
	"subject": sprintf("%s of %s", [named.en, where.en]),
	"with": {
		"subject": sprintf("%s of %s", [named.en, where.en]),
		"subject_zh": sprintf("%s 的%s", [where.zh, named.zh]),
		"shown": secrets.origin(finding.literal),
		"object": workload.proposed_name("config"),
	},
} if {
	named := name_of(finding)
}

name_of(finding) := {
	"en": sprintf("%s in %s", [finding.flag, finding.part]),
	"zh": sprintf(" %s 中的 %s", [finding.part, finding.flag]),
} if {
	finding.part
} else := {
	"en": sprintf("env %s", [workload.shown(finding.name)]),
	"zh": sprintf("环境变量 %s", [workload.shown(finding.name)]),
}
