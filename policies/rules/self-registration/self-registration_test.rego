package tealgate.rules.self_registration_test

import data.tealgate.rules.self_registration as rule

test_settings[note] if {
	some note, case in {
		"Nacos": {"env": {"SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR": "nacos:8848"}, "want": {"nacos"}},
		"as a property": {"env": {"JAVA_OPTS": "-Dspring.cloud.nacos.discovery.server-addr=nacos:8848"}, "want": {"nacos"}},
		"Eureka": {"env": {"EUREKA_CLIENT_SERVICEURL_DEFAULTZONE": "http://eureka/eureka"}, "want": {"eureka"}},
		"Consul": {"env": {"SPRING_CLOUD_CONSUL_DISCOVERY_SERVICE_NAME": "shop"}, "want": {"consul"}},
		"ZooKeeper": {"env": {"SPRING_CLOUD_ZOOKEEPER_DISCOVERY_ROOT": "/x"}, "want": {"zookeeper"}},
		"Dubbo": {"env": {"DUBBO_REGISTRY_ADDRESS": "nacos://nacos:8848"}, "want": {"dubbo"}},
		"Kafka": {"env": {"SPRING_KAFKA_CONSUMER_GROUP_ID": "shop", "KAFKA_GROUP_ID": "shop"}, "want": {"kafka"}},
		"RocketMQ": {"env": {"ROCKETMQ_CONSUMER_GROUP": "shop"}, "want": {"rocketmq"}},
		"RabbitMQ": {"env": {"SPRING_RABBITMQ_LISTENER_SIMPLE_CONCURRENCY": "5"}, "want": {"rabbitmq"}},
		"XXL-JOB": {"env": {"XXL_JOB_ADMIN_ADDRESSES": "http://xxl/x"}, "want": {"xxl-job"}},
		"Quartz": {"env": {"SPRING_QUARTZ_JOB_STORE_TYPE": "jdbc"}, "want": {"quartz"}},
		"several": {
			"env": {"EUREKA_CLIENT_SERVICEURL_DEFAULTZONE": "http://eureka", "KAFKA_CONSUMER_GROUP": "a"},
			"want": {"eureka", "kafka"},
		},
		"only configuration": {"env": {"NACOS_SERVER_ADDR": "nacos:8848", "SPRING_CLOUD_NACOS_CONFIG_GROUP": "a"}, "want": set()},
		"only a producer": {"env": {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "KAFKA_TOPIC": "a"}, "want": set()},
		"switched off": {
			"env": {"SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR": "nacos:8848", "SPRING_CLOUD_NACOS_DISCOVERY_REGISTER_ENABLED": "false"},
			"want": set(),
		},
		"Eureka without registration": {
			"env": {"EUREKA_CLIENT_SERVICEURL_DEFAULTZONE": "http://eureka", "EUREKA_CLIENT_REGISTER_WITH_EUREKA": "false"},
			"want": set(),
		},
		"listeners that wait": {
			"env": {"SPRING_KAFKA_CONSUMER_GROUP_ID": "shop", "SPRING_KAFKA_LISTENER_AUTO_STARTUP": "false"},
			"want": set(),
		},
		"switched off, as Spring writes it": {
			"env": {"SPRING_CLOUD_NACOS_DISCOVERY_SERVERADDR": "nacos:8848", "SPRING_CLOUD_NACOS_DISCOVERY_REGISTERENABLED": "false"},
			"want": set(),
		},
		"Eureka without registration, as Spring writes it": {
			"env": {"EUREKA_CLIENT_SERVICEURL_DEFAULTZONE": "http://eureka", "EUREKA_CLIENT_REGISTERWITHEUREKA": "false"},
			"want": set(),
		},
		"listeners that wait, as Spring writes it": {
			"env": {"SPRING_KAFKA_CONSUMER_GROUPID": "shop", "SPRING_KAFKA_LISTENER_AUTOSTARTUP": "false"},
			"want": set(),
		},
		"queues that wait, as Spring writes it": {
			"env": {"SPRING_RABBITMQ_LISTENER_SIMPLE_CONCURRENCY": "5", "SPRING_RABBITMQ_LISTENER_SIMPLE_AUTOSTARTUP": "false"},
			"want": set(),
		},
		"Quartz that waits": {"env": {"SPRING_QUARTZ_JOBSTORETYPE": "jdbc", "SPRING_QUARTZ_AUTOSTARTUP": "false"}, "want": set()},
		"Quartz that starts": {"env": {"SPRING_QUARTZ_JOBSTORETYPE": "jdbc", "SPRING_QUARTZ_AUTOSTARTUP": "true"}, "want": {"quartz"}},
		"a null value": {"env": {"DUBBO_REGISTRY_ADDRESS": null}, "want": set()},
	}
	env := [{"name": name, "value": value} | some name, value in case.env]
	found({}, {}, {"containers": [{"name": "web", "env": env}]}) == case.want
}

test_from_elsewhere_counts if {
	env := [{"name": "DUBBO_REGISTRY_ADDRESS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}]
	found({}, {}, {"containers": [{"name": "web", "env": env}]}) == {"dubbo"}
}

test_commands[text] if {
	some text, want in {
		"celery -A shop worker": {"celery"},
		"celery -A shop beat -l info": {"celery"},
		"celery --broker=redis://:s3cret@redis/0 worker": {"celery"},
		"bundle exec sidekiq -C config/sidekiq.yml": {"sidekiq"},
		"php artisan queue:work": {"laravel"},
		"celery inspect ping": set(),
		"gunicorn shop": set(),
	}
	found({}, {}, {"containers": [{"name": "web", "command": ["sh", "-c", text]}]}) == want
}

# The options of a command are not repeated: they hold passwords.
test_what_is_said_of_a_command[text] if {
	some text, want in {
		"celery -A shop -b redis://:s3cret@redis:6379/0 worker": {"celery worker"},
		"celery --broker=redis://:s3cret@redis/0 beat": {"celery beat"},
		"celery worker --broker=redis://:s3cret@redis/0": {"celery worker"},
		"bundle exec sidekiq -C config/sidekiq.yml": {"sidekiq"},
		"php artisan queue:work redis": {"artisan queue:work"},
	}
	found := rule.violation with input as deployment({}, {}, {"containers": [{"name": "web", "args": [text]}]})
	{violation.with.found | some violation in found} == want
}

consuming := {"containers": [{"name": "web", "env": [
	{"name": "SPRING_CLOUD_NACOS_DISCOVERY_GROUP", "value": "a"},
	{"name": "KAFKA_GROUP_ID", "value": "a"},
]}]}

test_declarations[note] if {
	some note, case in {
		"all": {"own": {"tealgate.dev/self-registration": "nacos, Kafka"}, "pod": {}, "want": set()},
		"one": {"own": {}, "pod": {"tealgate.dev/self-registration": "nacos"}, "want": {"kafka"}},
		"another": {"own": {"tealgate.dev/self-registration": "eureka"}, "pod": {}, "want": {"nacos", "kafka"}},
		"null": {"own": {"tealgate.dev/self-registration": null}, "pod": null, "want": {"nacos", "kafka"}},
		"a worker": {"own": {}, "pod": {"tealgate.dev/traffic": "none"}, "want": set()},
		"without blue-green": {"own": {"tealgate.dev/blue-green": "disabled"}, "pod": {}, "want": set()},
	}
	found(case.own, case.pod, consuming) == case.want
}

test_the_sentence_names_what_was_seen if {
	violations := rule.violation with input as deployment({}, {"tealgate.dev/self-registration": "kafka"}, consuming)
	{violation.with | some violation in violations} == {{
		"found": "SPRING_CLOUD_NACOS_DISCOVERY_GROUP",
		"what_en": "register in Nacos",
		"what_zh": "注册到 Nacos",
		"id": "nacos",
		"all": "kafka, nacos",
		"blue_green": "",
		"service": "",
	}}
}

test_managed[note] if {
	some note, case in {
		"nobody": {"managed": {"by": ""}, "want": {"undeclared"}},
		"null": {"managed": null, "want": {"undeclared"}},
		"a BlueGreen": {"managed": {"by": "shop", "service": "shop"}, "want": {"undeclared-managed"}},
	}
	asked := object.union(deployment({}, {}, consuming), {"facts": {"managed": case.managed}})
	said(asked) == case.want
}

said(asked) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as asked
}

test_nothing[note] if {
	some note, pod in {"null": null, "absent": {}, "null lists": {"containers": null, "initContainers": null}}
	count(found({}, {}, pod)) == 0
}

test_example if {
	pod := {"containers": [{"name": "web", "env": [{"name": "SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR", "value": "nacos:8848"}]}]}
	count(rule.violation) == 1 with input as {"kind": "Deployment", "example": true, "object": {"spec": {"template": {"spec": pod}}}}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": object.union(deployment({}, {}, consuming), {"kind": "Service"}),
	}
	count(rule.violation) == 0 with input as given
}

found(own, annotations, pod) := {violation.subject | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(own, annotations, pod)
}

deployment(own, annotations, pod) := {"kind": "Deployment", "object": {
	"metadata": {"annotations": own},
	"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}},
}}
