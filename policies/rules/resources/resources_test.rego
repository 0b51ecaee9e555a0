package tealgate.rules.resources_test

import data.tealgate.rules.resources as rule

test_requests[note] if {
	some note, case in {
		"both": {"resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}, "want": set()},
		"numbers": {"resources": {"requests": {"cpu": 1, "memory": 1000000}}, "want": set()},
		"limits": {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "want": set()},
		"one of each": {"resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}}, "want": set()},
		"no memory": {"resources": {"requests": {"cpu": "1"}}, "want": {["container web", "{memory: 256Mi}"]}},
		"nothing": {"resources": {}, "want": {["container web", "{cpu: 100m, memory: 256Mi}"]}},
		"null": {"resources": null, "want": {["container web", "{cpu: 100m, memory: 256Mi}"]}},
		"null maps": {
			"resources": {"requests": null, "limits": {"cpu": null}},
			"want": {["container web", "{cpu: 100m, memory: 256Mi}"]},
		},
	}
	found(pod({"containers": [{"name": "web", "resources": case.resources}]})) == case.want
}

test_places[note] if {
	some note, case in {
		"absent": {"pod": {"containers": [{"name": "web"}]}, "want": 1},
		"a native sidecar": {"pod": {"initContainers": [{"name": "log", "restartPolicy": "Always"}]}, "want": 1},
		"a plain init container": {"pod": {"initContainers": [{"name": "init"}]}, "want": 0},
		"an injected sidecar": {"pod": {"containers": [{"name": "istio-proxy"}]}, "want": 0},
		"null lists": {"pod": {"containers": null, "initContainers": null}, "want": 0},
		"a null pod": {"pod": null, "want": 0},
	}
	count(found(pod(case.pod))) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": object.union(pod({"containers": [{"name": "web"}]}), {"kind": "Service"}),
	}
	count(found(given)) == 0
}

found(given) := {[violation.subject, violation.with.requests] | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as given
}

pod(spec) := {
	"kind": "Deployment",
	"object": {"spec": {"template": {"spec": spec}}},
	"settings": {"sidecars": ["istio-proxy"]},
}
