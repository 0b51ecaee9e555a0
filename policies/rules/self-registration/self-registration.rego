# METADATA
# title: Nothing takes traffic around the Service
# description: |
#   The app does not become live by starting: it does not register itself in Nacos, Eureka,
#   Consul, ZooKeeper or Dubbo's registry, does not consume from Kafka, RocketMQ or RabbitMQ,
#   and runs no job scheduler such as XXL-JOB, Quartz, Celery or Sidekiq. Recognised by their
#   own settings in env, options and properties, and by command lines. What its settings
#   switch off does not count. The annotation tealgate.dev/self-registration, on the
#   Deployment or its pods, lists what the release switches by a hook: nacos, kafka. Who takes
#   no part in blue-green is not asked.
#
#   A Service's selector is the switch of a release. An idle color that registers or consumes
#   works on live requests and messages before anybody has decided, and goes on after a
#   rollback. It warns, and denies where a BlueGreen manages the Service.
# custom:
#   id: self-registration
#   action: warn
#   zh:
#     title: 不绕过 Service 接入流量
#     description: |
#       应用不会一启动就上线：不自行注册到 Nacos、Eureka、Consul、ZooKeeper 或 Dubbo 注册中心，不消费 Kafka、RocketMQ、
#       RabbitMQ，也不运行 XXL-JOB、Quartz、Celery、Sidekiq 等任务调度。根据 env、参数、属性中各自的设置以及命令行识别，
#       设置中已关闭的不算。由发布钩子切换的，请在 Deployment 或 Pod 的注解 tealgate.dev/self-registration 中列出，例如
#       nacos, kafka。不参与蓝绿发布的不检查。
#
#       发布靠 Service 的 selector 切换。空闲颜色一旦自行注册或消费，在有人做出决定之前就已经在处理线上请求和消息，回滚之后也不会停。
#       一般只警告；Service 由 BlueGreen 管理时会拒绝。
#   messages:
#     undeclared:
#       en: |-
#         {{.found}} lets pods {{.what_en}} before a switch. If meant, declare
#         tealgate.dev/self-registration: {{.id}}.
#
#         Better leave it to a hook of the release, and declare it all the same.
#       zh: |-
#         {{.found}} 会让 Pod 在切换之前就{{.what_zh}}。如果确实如此，请声明 tealgate.dev/self-registration: {{.id}}。
#
#         最好交给发布钩子控制，同样加上声明。
#     undeclared-managed:
#       action: deny
#       more: true
#       en: |-
#         {{.found}} lets pods {{.what_en}} before a switch, and BlueGreen {{.blue_green}} moves
#         nothing but Service {{.service}}. Let a hook of the BlueGreen (spec.hooks) start and stop
#         it. Declare that in metadata.annotations, then apply again:
#
#           tealgate.dev/self-registration: {{.all}}
#       zh: |-
#         {{.found}} 会让 Pod 在切换之前就{{.what_zh}}，而 BlueGreen {{.blue_green}} 只切换 Service {{.service}}。请由 BlueGreen 的钩子（spec.hooks）启动和停止。请在 metadata.annotations 中声明，然后重新 apply：
#
#           tealgate.dev/self-registration: {{.all}}
package tealgate.rules.self_registration

import data.tealgate.lib.settings
import data.tealgate.lib.traffic
import data.tealgate.lib.workload

# One finding for each kind, named by the first setting that shows it.
violation contains {
	"message": said,
	"field": "spec.template.spec",
	"subject": id,
	"with": {
		"found": workload.shown(shown),
		"what_en": family.en,
		"what_zh": family.zh,
		"id": id,
		"all": workload.shown(concat(", ", sort(declared | object.keys(undeclared)))),
		"blue_green": traffic.managed.by,
		"service": traffic.managed.service,
	},
} if {
	input.kind == "Deployment"
	mentioned
	some id, shown in undeclared
	family := families[id]
}

said := "undeclared-managed" if {
	traffic.managed.by != ""
} else := "undeclared"

# undeclared are the families that show, each with the first setting that shows it.
undeclared[id] := shown if {
	not workload.without_colors
	count(candidates) + count(candidate_lines) > 0
	some id, family in families
	not id in declared
	shown := sort(evidence(family))[0]
}

# mentioned: a family can only show if one of these words is there.
mentioned if glob.match(
	"{*NACOS*,*EUREKA*,*CONSUL*,*ZOOKEEPER*,*DUBBO*,*KAFKA*,*ROCKETMQ*,*RABBIT*,*JOB*,*QUARTZ*,*CELERY*,*SIDEKIQ*,*ARTISAN*}",
	null, settings.text,
)

declared := {trim_space(lower(part)) |
	some annotations in [workload.annotations, workload.pod_annotations]
	some part in split(workload.as_text(object.get(annotations, "tealgate.dev/self-registration", "")), ",")
	trim_space(part) != ""
}

# evidence are the settings and commands that show a family. Of a command only the tool and
# what it is asked to do: options between them hold passwords and addresses.
evidence(family) := {name |
	some name in candidates
	regex.match(family.settings, name)
	not switched_off(family)
} | {regex.replace(found, `(?s)^(celery)\s.*\s`, "$1 ") |
	some text in candidate_lines
	some found in regex.find_n(family.commands, text, 1)
}

# candidates are what any family could be about: one question to each setting and
# each command line, before those of all families.
candidates contains setting.name if {
	some setting in settings.on
	regex.match(`NACOS|EUREKA|CONSUL|ZOOKEEPER|DUBBO|KAFKA|ROCKETMQ|RABBIT|JOB|QUARTZ`, setting.name)
}

candidate_lines contains line.text if {
	some line in settings.command_lines
	regex.match(`celery|sidekiq|artisan`, line.text)
}

switched_off(family) if {
	some name in settings.off
	regex.match(family.off, name)
}

never := `^\b$`

registry(name, pattern, off) := {
	"en": sprintf("register in %s", [name]),
	"zh": sprintf("注册到 %s", [name]),
	"settings": pattern,
	"off": off,
	"commands": never,
}

consumer(name, pattern, off) := {
	"en": sprintf("consume from %s", [name]),
	"zh": sprintf("消费 %s", [name]),
	"settings": pattern,
	"off": off,
	"commands": never,
}

scheduler(name, pattern, off, commands) := {
	"en": sprintf("run jobs of %s", [name]),
	"zh": sprintf("执行 %s 任务", [name]),
	"settings": pattern,
	"off": off,
	"commands": commands,
}

# families by the word that declares them. Settings are matched against canonical names; where
# a property has a dash, Spring leaves it out and others write an underscore.
families := {
	"nacos": registry("Nacos", `^(SPRING_CLOUD_)?NACOS_DISCOVERY_`, `NACOS_DISCOVERY_(REGISTER_?|INSTANCE_?)?ENABLED$`),
	"eureka": registry(
		"Eureka",
		`^EUREKA_(CLIENT_|INSTANCE_|(URLS?|URI|SERVERS?|SERVICE_?URL|HOST)$)`,
		`^EUREKA_CLIENT_(ENABLED|REGISTER_?WITH_?EUREKA)$`,
	),
	"consul": registry("Consul", `^SPRING_CLOUD_CONSUL_DISCOVERY_`, `^SPRING_CLOUD_CONSUL_(DISCOVERY_)?(ENABLED|REGISTER)$`),
	"zookeeper": registry("ZooKeeper", `^SPRING_CLOUD_ZOOKEEPER_DISCOVERY_`, `^SPRING_CLOUD_ZOOKEEPER_(DISCOVERY_)?(ENABLED|REGISTER)$`),
	"dubbo": registry("a Dubbo registry", `^DUBBO_REGISTR(Y|IES)_(\w+_)?ADDRESS$`, `^DUBBO_REGISTRY_REGISTER$`),
	"kafka": consumer(
		"Kafka",
		`(^|_)KAFKA_(\w+_)?(CONSUMER_\w+|GROUP_?ID|CONSUMER_?GROUP(_ID)?)$`,
		`KAFKA_(LISTENER_AUTO_?STARTUP|CONSUMER_ENABLED)$`,
	),
	"rocketmq": consumer("RocketMQ", `(^|_)ROCKETMQ_(\w+_)?CONSUMER_\w+$`, `ROCKETMQ_CONSUMER_ENABLED$`),
	"rabbitmq": consumer(
		"RabbitMQ",
		`(^|_)RABBIT(MQ)?_(LISTENER|CONSUMER)_\w+$`,
		`RABBIT(MQ)?_(LISTENER_(SIMPLE_|DIRECT_)?AUTO_?STARTUP|CONSUMER_ENABLED)$`,
	),
	"xxl-job": scheduler("XXL-JOB", `^XXL_JOB_(ADMIN_ADDRESSES|EXECUTOR_\w+)$`, `^XXL_JOB_(EXECUTOR_)?ENABLED$`, never),
	"quartz": scheduler("Quartz", `^SPRING_QUARTZ_`, `^SPRING_QUARTZ_AUTO_?STARTUP$`, never),
	"elastic-job": scheduler("ElasticJob", `^ELASTIC_?JOB_`, `^ELASTIC_?JOB_ENABLED$`, never),
	"powerjob": scheduler("PowerJob", `^POWERJOB_WORKER_`, `^POWERJOB_WORKER_ENABLED$`, never),
	"celery": scheduler("Celery", never, never, `\bcelery\s+(--\S+=\S+\s+|-\S+\s+\S+\s+)*(worker|beat)\b`),
	"sidekiq": scheduler("Sidekiq", never, never, `\bsidekiq\b`),
	"laravel": scheduler("Laravel's queue", never, never, `\bartisan\s+(queue:work|queue:listen|schedule:work|horizon)\b`),
}
