package tealgate.rules.replicas_test

import data.tealgate.rules.replicas as rule

test_numbers[note] if {
	some note, case in {
		"one": {"spec": {"replicas": 1}, "want": {"single"}},
		"two": {"spec": {"replicas": 2}, "want": set()},
		"retired": {"spec": {"replicas": 0}, "want": set()},
		"absent": {"spec": {}, "want": {"single"}},
		"null": {"spec": {"replicas": null}, "want": {"single"}},
		"a null spec": {"spec": null, "want": {"single"}},
		"a worker": {
			"spec": {"replicas": 1, "template": {"metadata": {"annotations": {"tealgate.dev/traffic": "none"}}}},
			"want": set(),
		},
	}
	found({"kind": "Deployment", "object": {"spec": case.spec}}) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Scale": {"kind": "Scale", "object": {"spec": {"replicas": 1}}},
	}
	count(found(given)) == 0
}

found(given) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as given
}
