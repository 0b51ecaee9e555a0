package tealgate.rules.config_exists_test

import data.tealgate.rules.config_exists as rule

web(more) := {"containers": [object.union({"name": "web"}, more)]}

test_places[note] if {
	some note, case in {
		"envFrom": {"pod": web({"envFrom": [{"configMapRef": {"name": "gone"}}]}), "want": {"envFrom of web"}},
		"env": {
			"pod": web({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "a"}}}]}),
			"want": {"env A of web"},
		},
		"an init container": {
			"pod": {"initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "gone"}}]}]},
			"want": {"envFrom of init"},
		},
		"a volume": {"pod": {"volumes": [{"name": "a", "configMap": {"name": "gone"}}]}, "want": {"volume a"}},
		"a projected volume": {
			"pod": {"volumes": [{"name": "a", "projected": {"sources": [{"serviceAccountToken": {}}, {"configMap": {"name": "gone"}}]}}]},
			"want": {"volume a"},
		},
		"once for each ConfigMap": {
			"pod": object.union(web({"envFrom": [{"configMapRef": {"name": "gone"}}]}), {"volumes": [{"name": "a", "configMap": {"name": "gone"}}]}),
			"want": {"envFrom of web"},
		},
		"one that exists": {"pod": web({"envFrom": [{"configMapRef": {"name": "here"}}]}), "want": set()},
		"optional": {"pod": web({"envFrom": [{"configMapRef": {"name": "gone", "optional": true}}]}), "want": set()},
		"optional is null": {"pod": web({"envFrom": [{"configMapRef": {"name": "gone", "optional": null}}]}), "want": {"envFrom of web"}},
		"a Secret": {"pod": web({"envFrom": [{"secretRef": {"name": "gone"}}]}), "want": set()},
		"no name": {"pod": web({"envFrom": [{"configMapRef": {"name": null}}]}), "want": set()},
		"null references": {
			"pod": object.union(web({"envFrom": [{"configMapRef": null}], "env": [{"name": "A", "valueFrom": null}]}), {"volumes": [{"configMap": null}, {"projected": null}]}),
			"want": set(),
		},
		"null lists": {"pod": {"containers": null, "initContainers": null, "volumes": null}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	places(case.pod, {"config": {"known": true, "configMaps": ["here"]}}) == case.want
}

test_nobody_could_look[note] if {
	some note, facts in {
		"not known": {"config": {"known": false, "configMaps": []}},
		"absent": {},
	}
	count(places(web({"envFrom": [{"configMapRef": {"name": "gone"}}]}), facts)) == 0
}

test_example if {
	pod := web({"envFrom": [{"configMapRef": {"name": "shop-config"}}]})
	count(rule.violation) == 1 with input as {
		"kind": "Deployment", "example": true, "object": {"spec": {"template": {"spec": pod}}},
		"facts": {"config": {"known": true, "configMaps": []}},
	}
}

test_others_are_not_asked if {
	count(rule.violation) == 0 with input as {"kind": "Deployment", "object": null, "facts": {"config": {"known": true, "configMaps": []}}}
}

places(pod, facts) := {violation.with.place | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as {
		"kind": "Deployment",
		"object": {"spec": {"template": {"spec": pod}}},
		"facts": facts,
	}
}
