package tealgate.rules.rollout_deadline_test

import data.tealgate.rules.rollout_deadline as rule

test_deadlines[note] if {
	some note, case in {
		"absent": {"spec": {}, "want": set()},
		"null": {"spec": {"progressDeadlineSeconds": null}, "want": set()},
		"a null spec": {"spec": null, "want": set()},
		"ten minutes": {"spec": {"progressDeadlineSeconds": 600}, "want": set()},
		"an hour": {"spec": {"progressDeadlineSeconds": 3600}, "want": set()},
		"never": {"spec": {"progressDeadlineSeconds": 2147483647}, "want": {["long", "600"]}},
		"at once": {"spec": {"progressDeadlineSeconds": 10}, "want": {["short", "600"]}},
		"text": {"spec": {"progressDeadlineSeconds": "10"}, "want": set()},
		"shorter than its soak": {"spec": {"progressDeadlineSeconds": 100, "minReadySeconds": 90}, "want": {["short", "600"]}},
	}
	found({"kind": "Deployment", "object": {"spec": case.spec}}) == case.want
}

test_slow_starts[note] if {
	some note, case in {
		"a startup probe": {"probes": {"startupProbe": {"periodSeconds": 10, "failureThreshold": 90}}, "want": {["short", "1800"]}},
		"longer than half an hour": {"probes": {"startupProbe": {"periodSeconds": 10, "failureThreshold": 200}}, "want": {["short", "4000"]}},
		"longer than an hour": {"probes": {"startupProbe": {"periodSeconds": 10, "failureThreshold": 400}}, "want": {["short", "8000"]}},
		"with defaults": {"probes": {"startupProbe": {"httpGet": {"port": 80}}}, "want": set()},
		"a readiness delay": {"probes": {"readinessProbe": {"initialDelaySeconds": 900}}, "want": {["short", "1800"]}},
		"null probes": {"probes": {"startupProbe": null, "readinessProbe": null}, "want": set()},
		"null fields": {"probes": {"startupProbe": {"periodSeconds": null, "failureThreshold": null}}, "want": set()},
	}
	found({"kind": "Deployment", "object": {"spec": {"template": {"spec": {"containers": [object.union({"name": "web"}, case.probes)]}}}}}) == case.want
}

# A deadline that a slow start needs is not too long.
test_long_for_a_slow_start[note] if {
	some note, case in {
		"as proposed": {"deadline": 4000, "want": set()},
		"longer": {"deadline": 4001, "want": {["long", "4000"]}},
		"an hour": {"deadline": 3600, "want": set()},
	}
	found({"kind": "Deployment", "object": {"spec": {
		"progressDeadlineSeconds": case.deadline,
		"template": {"spec": {"containers": [{"name": "web", "startupProbe": {"periodSeconds": 10, "failureThreshold": 200}}]}},
	}}}) == case.want
}

test_example if {
	count(rule.violation) == 1 with input as {"kind": "Deployment", "example": true, "object": {"spec": {"progressDeadlineSeconds": 7200}}}
}

test_others_are_not_asked if {
	count(found({"kind": "Deployment", "object": null})) == 0
	count(found({"kind": "Service", "object": {"spec": {"progressDeadlineSeconds": 1}}})) == 0
}

found(given) := {[violation.message, violation.with.seconds] | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as given
}
