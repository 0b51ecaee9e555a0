package tealgate.rules.readiness_probe_test

import data.tealgate.rules.readiness_probe as rule

# The truth table of the documentation: what the pod is, and which messages it gets.
test_truth_table[note] if {
	some note, case in cases
	found(pod(case.pod)) == case.want
}

cases := {
	"a port and no probe": {"pod": {"containers": [web({})]}, "want": {"missing"}},
	"a port and a null probe": {"pod": {"containers": [web({"readinessProbe": null})]}, "want": {"missing"}},
	"a port and an http probe by name": {"pod": {"containers": [web(asking("http"))]}, "want": set()},
	"a port and an http probe by number": {"pod": {"containers": [web(asking(8080))]}, "want": set()},
	"a port and an http probe by a number in text": {"pod": {"containers": [web(asking("8080"))]}, "want": set()},
	"a port and a tcp probe": {"pod": {"containers": [web({"readinessProbe": {"tcpSocket": {"port": "http"}}})]}, "want": set()},
	"a port and a grpc probe": {"pod": {"containers": [web({"readinessProbe": {"grpc": {"port": 8080}}})]}, "want": set()},
	"a port and a command": {"pod": {"containers": [web(exec(["/app/ready"]))]}, "want": set()},
	"an empty probe": {"pod": {"containers": [web({"readinessProbe": {}})]}, "want": {"no-handler"}},
	"an empty http handler": {"pod": {"containers": [web({"readinessProbe": {"httpGet": {}}})]}, "want": {"no-handler"}},
	"a null handler": {"pod": {"containers": [web({"readinessProbe": {"httpGet": null, "exec": null}})]}, "want": {"no-handler"}},
	"an http probe at port 0": {"pod": {"containers": [web(asking(0))]}, "want": {"no-handler"}},
	"an http probe at an empty port": {"pod": {"containers": [web(asking(""))]}, "want": {"no-handler"}},
	"an http probe at a null port": {"pod": {"containers": [web(asking(null))]}, "want": {"no-handler"}},
	"an empty command": {"pod": {"containers": [web(exec([]))]}, "want": {"no-handler"}},
	"a null command": {"pod": {"containers": [web(exec(null))]}, "want": {"no-handler"}},
	"a probe that is text": {"pod": {"containers": [web({"readinessProbe": "yes"})]}, "want": {"no-handler"}},
	"a port name that does not exist": {"pod": {"containers": [web(asking("web"))]}, "want": {"unknown-port"}},
	"a port name of a container without ports": {"pod": {"containers": [worker(asking("web"))]}, "want": {"undeclared-port"}},
	"a port name beside a UDP port only": {"pod": {"containers": [object.union(udp, asking("web"))]}, "want": {"undeclared-port"}},
	"a UDP port and no probe": {"pod": {"containers": [udp]}, "want": {"missing"}},
	"a UDP port and a command": {"pod": {"containers": [object.union(udp, exec(["/app/ready"]))]}, "want": set()},
	"a probe that proves nothing": {"pod": {"containers": [web(exec(["true"]))]}, "want": {"proves-nothing"}},
	"no port and a probe": {"pod": {"containers": [worker(exec(["/app/ready"]))]}, "want": set()},
	"no port and no probe": {"pod": {"containers": [worker({})]}, "want": {"nowhere"}},
	"no port and a probe that proves nothing": {"pod": {"containers": [worker(exec(["true"]))]}, "want": {"proves-nothing"}},
	"null ports and no probe": {"pod": {"containers": [{"name": "web", "ports": null}]}, "want": {"nowhere"}},
	"a worker beside a serving container": {"pod": {"containers": [web(asking("http")), worker({})]}, "want": set()},
	"a second serving container without a probe": {"pod": {"containers": [web(asking("http")), named("api", web({}))]}, "want": {"missing"}},
	"a plain init container with a port": {
		"pod": {"containers": [web(asking("http"))], "initContainers": [named("init", web({}))]},
		"want": set(),
	},
	"a native sidecar with a port and no probe": {
		"pod": {"containers": [web(asking("http"))], "initContainers": [named("proxy", web({"restartPolicy": "Always"}))]},
		"want": {"missing"},
	},
	"a native sidecar with a port and a probe": {
		"pod": {"containers": [web(asking("http"))], "initContainers": [named("proxy", web(object.union(
			asking("http"),
			{"restartPolicy": "Always"},
		)))]},
		"want": set(),
	},
	"a native sidecar without a port": {
		"pod": {"containers": [web(asking("http"))], "initContainers": [worker({"restartPolicy": "Always"})]},
		"want": set(),
	},
	"a probe on the native sidecar only, and no port": {
		"pod": {"containers": [worker({})], "initContainers": [named("proxy", worker(object.union(
			exec(["/ready"]),
			{"restartPolicy": "Always"},
		)))]},
		"want": set(),
	},
	"an injected sidecar with a port and no probe": {
		"pod": {"containers": [web(asking("http")), named("istio-proxy", web({}))]},
		"want": set(),
	},
	"a probe on the injected sidecar only": {
		"pod": {"containers": [worker({}), named("istio-proxy", web(asking("http")))]},
		"want": {"nowhere"},
	},
	"nothing but an injected sidecar": {"pod": {"containers": [named("istio-proxy", web({}))]}, "want": {"missing"}},
	"nothing but an injected sidecar without a port": {"pod": {"containers": [named("istio-proxy", worker({}))]}, "want": {"nowhere"}},
	"a container without a name": {"pod": {"containers": [{"ports": [{"containerPort": 80}]}]}, "want": {"missing"}},
	"a container that is null": {"pod": {"containers": [null]}, "want": {"nowhere"}},
	"an empty list": {"pod": {"containers": []}, "want": {"nowhere"}},
	"a null list": {"pod": {"containers": null, "initContainers": null}, "want": {"nowhere"}},
	"no list": {"pod": {}, "want": {"nowhere"}},
	"a null pod": {"pod": null, "want": {"nowhere"}},
}

test_template_absent_or_null[note] if {
	some note, manifest in {
		"no spec": {},
		"null spec": {"spec": null},
		"null template": {"spec": {"template": null}},
		"no pod spec": {"spec": {"template": {"metadata": {}}}},
	}
	found(manifest) == {"nowhere"}
}

test_no_traffic_is_not_asked if {
	count(found({"spec": {"template": {
		"metadata": {"annotations": {"tealgate.dev/traffic": "none"}},
		"spec": {"containers": [web(exec(["true"]))]},
	}}})) == 0
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": {"kind": "Service", "object": pod({"containers": [web({})]})},
	}
	count(rule.violation) == 0 with input as given
}

# The probe uses what the container declares, and YAML reads it as it is meant.
test_proposed_probe[note] if {
	some note, case in {
		"a named port": {"ports": [{"name": "http", "containerPort": 80}], "want": "{httpGet: {path: /readyz, port: http}}"},
		"a name that YAML takes for a boolean": {
			"ports": [{"name": "on", "containerPort": 80}],
			"want": "{httpGet: {path: /readyz, port: 'on'}}",
		},
		"a number": {"ports": [{"containerPort": 80, "protocol": ""}], "want": "{httpGet: {path: /readyz, port: 80}}"},
		"grpc": {"ports": [{"name": "grpc-api", "containerPort": 81}], "want": "{grpc: {port: 81}}"},
		"UDP": {"ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}], "want": "{exec: {command: [/app/ready]}}"},
		"UDP before TCP": {
			"ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}, {"containerPort": 80}],
			"want": "{httpGet: {path: /readyz, port: 80}}",
		},
	}
	some violation in rule.violation with input as deployment(pod({"containers": [{"name": "web", "ports": case.ports}]}))
	violation.with.probe == case.want
}

test_commands_that_prove_nothing[command] if {
	some command in [
		["true"],
		["/bin/true"],
		["sh", "-c", "exit 0"],
		["/bin/sh", "-c", "true"],
		["bash", "-lc", "sleep 5"],
		["sleep", "10"],
		["echo", "ok"],
		["sh", "-c", "curl -f localhost:8080/ || true"],
		["sh", "-c", "curl localhost:8080/; exit 0"],
		["sh", "-c", "if curl localhost:8080/; then exit 0; fi; echo ok"],
		["sh", "-c", "curl localhost:8080/ || true\n"],
	]
	found(pod({"containers": [web(exec(command))]})) == {"proves-nothing"}
}

test_commands_that_ask[command] if {
	some command in [
		["cat", "/tmp/ready"],
		["ls", "/tmp/ready"],
		["sh", "-c", "sleep 1; curl -f localhost:8080/"],
		["sh", "-c", "curl -f localhost:8080/ || exit 1"],
		["/app/true-check"],
		["redis-cli", "ping"],
		["sh", "-ec", "redis-cli ping | grep PONG; echo ok"],
		["/bin/bash", "-e", "-c", "pg_isready; true"],
		["bash", "-o", "errexit", "-c", "pg_isready; true"],
		["sh", "-c", "set -e; pg_isready; echo ok"],
		["sh", "-c", "if ! pg_isready; then exit 1; fi; echo ok"],
		["sh", "-c", "curl localhost:8080/ || echo down\nexit 1"],
		["sh", "-c", "pg_isready\ncurl localhost:8080/ || true"],
	]
	count(found(pod({"containers": [web(exec(command))]}))) == 0
}

# What a command holds beside its end is not repeated: it may be a password.
test_what_is_said_of_a_command[text] if {
	some text, want in {
		"redis-cli -a s3cret ping || true": ["ends in || true", "以 || true 结尾"],
		"redis-cli -a s3cret ping; echo s3cret": ["ends in ; echo", "以 ; echo 结尾"],
		"echo s3cret": ["runs sh -c echo", "执行 sh -c echo"],
		"exit 0": ["runs sh -c exit 0", "执行 sh -c exit 0"],
	}
	violations := rule.violation with input as deployment(pod({"containers": [web(exec(["sh", "-c", text]))]}))
	{[violation.with.runs_en, violation.with.runs_zh] | some violation in violations} == {want}
}

test_example if {
	asked := deployment(pod({"containers": [web(exec(["sh", "-c", "curl -f localhost:8080/ || true"]))]}))
	count(rule.violation) == 1 with input as object.union(asked, {"example": true})
}

test_identity_and_field if {
	violations := rule.violation with input as deployment(pod({"containers": [web({})]}))
	{[violation.subject, violation.field] | some violation in violations} == {[
		"container web",
		"spec.template.spec.containers[0].readinessProbe",
	]}
}

found(manifest) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(manifest)
}

deployment(manifest) := {
	"kind": "Deployment",
	"name": "shop",
	"namespace": "shop",
	"object": manifest,
	"settings": {"sidecars": ["istio-proxy"]},
}

pod(spec) := {"spec": {"template": {"spec": spec}}}

web(more) := object.union({"name": "web", "ports": [{"name": "http", "containerPort": 8080}]}, more)

worker(more) := object.union({"name": "worker"}, more)

udp := {"name": "dns", "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]}

named(name, container) := object.union(container, {"name": name})

asking(port) := {"readinessProbe": {"httpGet": {"path": "/readyz", "port": port}}}

exec(command) := {"readinessProbe": {"exec": {"command": command}}}
