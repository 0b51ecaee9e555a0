package tealgate.rules.graceful_shutdown_test

import data.tealgate.rules.graceful_shutdown as rule

sleeping(seconds) := {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}

web(more) := object.union({"name": "web", "ports": [{"containerPort": 80}]}, more)

test_hooks[note] if {
	some note, case in {
		"a sleep": {"container": web(sleeping(5)), "want": set()},
		"a command": {"container": web({"lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}}), "want": set()},
		"a request": {"container": web({"lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 80}}}}), "want": set()},
		"absent": {"container": web({}), "want": {"missing"}},
		"null": {"container": web({"lifecycle": null}), "want": {"missing"}},
		"a null hook": {"container": web({"lifecycle": {"preStop": null}}), "want": {"missing"}},
		"a hook without a handler": {"container": web({"lifecycle": {"preStop": {"exec": null}}}), "want": {"missing"}},
		"another hook": {"container": web({"lifecycle": {"postStart": {"exec": {"command": ["a"]}}}}), "want": {"missing"}},
		"no port at all": {"container": {"name": "web"}, "want": {"missing"}},
	}
	found({}, {"containers": [case.container]}) == case.want
}

test_who_is_asked[note] if {
	some note, case in {
		"a worker beside": {"pod": {"containers": [web(sleeping(5)), {"name": "log"}]}, "want": set()},
		"a second server": {"pod": {"containers": [web(sleeping(5)), web({"name": "admin"})]}, "want": {"missing"}},
		"an injected sidecar": {
			"pod": {"containers": [web(sleeping(5)), web({"name": "istio-proxy"})]},
			"want": set(),
		},
		"a plain init container": {
			"pod": {"containers": [web(sleeping(5))], "initContainers": [web({"name": "init"})]},
			"want": set(),
		},
		"null containers": {"pod": {"containers": null}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	found({}, case.pod) == case.want
}

test_declarations[note] if {
	some note, case in {
		"handled": {"annotations": {"tealgate.dev/shutdown": "handled"}, "want": set()},
		"a worker": {"annotations": {"tealgate.dev/traffic": "none"}, "want": set()},
		"something else": {"annotations": {"tealgate.dev/shutdown": "later"}, "want": {"missing"}},
		"null": {"annotations": null, "want": {"missing"}},
	}
	found(case.annotations, {"containers": [web({})]}) == case.want
}

test_grace[note] if {
	some note, case in {
		"absent": {"grace": {}, "sleep": 5, "want": set()},
		"null": {"grace": {"terminationGracePeriodSeconds": null}, "sleep": 5, "want": set()},
		"enough": {"grace": {"terminationGracePeriodSeconds": 15}, "sleep": 5, "want": set()},
		"none": {"grace": {"terminationGracePeriodSeconds": 0}, "sleep": 0, "want": {["0", "", "30"]}},
		"as long as the sleep": {"grace": {"terminationGracePeriodSeconds": 20}, "sleep": 20, "want": {["20", "20", "50"]}},
		"the default is too short": {"grace": {}, "sleep": 25, "want": {["30", "25", "55"]}},
	}
	violations := rule.violation with input as deployment({}, object.union({"containers": [web(sleeping(case.sleep))]}, case.grace))
	{[violation.with.grace, violation.with.sleep, violation.with.needed] | some violation in violations} == case.want
}

test_grace_of_a_worker if {
	count(found({"tealgate.dev/traffic": "none"}, {"containers": [web({})], "terminationGracePeriodSeconds": 0})) == 0
}

test_sleep_in_a_command if {
	hook := {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 40 && nginx -s quit"]}}}}
	found({}, {"containers": [web(hook)]}) == {"grace"}
}

test_others_are_not_asked if {
	count(rule.violation) == 0 with input as {"kind": "Deployment", "object": null}
}

found(annotations, pod) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(annotations, pod)
}

deployment(annotations, pod) := {
	"kind": "Deployment",
	"settings": {"sidecars": ["istio-proxy"]},
	"object": {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}}},
}
