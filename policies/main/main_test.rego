package tealgate.main_test

import data.tealgate.main

# Every rule answers for every object, with an empty set when it has nothing to say.
test_each_rule_answers[note] if {
	asked := [name | some name; data.tealgate.rules[name].violation]
	some note, manifest in {"a deleted object": null, "an empty object": {}}
	verdict := main.verdict with input as {
		"operation": "DELETE", "kind": "None", "namespace": "", "name": "", "user": "", "old": null,
		"object": manifest,
		"asked": asked,
		"facts": {"services": [], "pair": [], "selected": {"pods": [], "truncated": false}, "serving": {"ready": 0, "truncated": false}, "mayExempt": false},
	}
	{name | some name, _ in verdict} == {name | some name in asked}
	count(verdict) > 4
	every violations in verdict { count(violations) == 0 }
}
