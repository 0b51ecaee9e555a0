package tealgate.rules.switched_test

import data.tealgate.rules.switched as rule

# The selector moves from blue, which runs 1.4.0 and, half rolled out, 1.4.1, to green
# with 1.5.0, if nothing else is said.
test_recorded[note] if {
	some note, case in {
		"the switch": {"says": "from blue 1.4.0 to green 1.5.0", "want": set()},
		"another version that is there": {"says": "from blue 1.4.1 to green 1.5.0", "want": set()},
		"no version taken": {"says": "from blue 1.4.0 to green", "want": set()},
		"nothing": {"says": "", "want": set()},
		"as before": {"says": "from green 1.3.0 to blue 1.4.0", "before": "from green 1.3.0 to blue 1.4.0", "want": set()},
		"taken away": {"says": "", "before": "from green 1.3.0 to blue 1.4.0", "want": set()},
		"a version that was never there": {"says": "from blue 1.6.0 to green 1.5.0", "want": {"claimed"}},
		"another version taken": {"says": "from blue 1.4.0 to green 1.6.0", "want": {"claimed"}},
		"the other way round": {"says": "from green 1.5.0 to blue 1.4.0", "want": {"claimed"}},
		"to itself": {"says": "from green 1.5.0 to green 1.5.0", "want": {"claimed"}},
		"anything": {"says": "yes", "want": {"claimed"}},
		"the selector stays": {
			"says": "from blue 1.4.0 to green 1.5.0",
			"old": {"app": "shop", "tealgate.dev/color": "green"},
			"want": {"claimed"},
		},
		"the selector stays, and the record does not": {
			"says": "from blue 1.6.0 to green 1.5.0",
			"before": "from blue 1.4.0 to green 1.5.0",
			"old": {"app": "shop", "tealgate.dev/color": "green"},
			"want": {"claimed"},
		},
		"the color is new": {"says": "from blue 1.4.0 to green 1.5.0", "old": {"app": "shop"}, "want": {"claimed"}},
		"another application": {
			"says": "from blue 1.4.0 to green 1.5.0",
			"old": {"app": "web", "tealgate.dev/color": "blue"},
			"want": {"claimed"},
		},
	}
	messages(update(case)) == case.want
}

test_created[note] if {
	some note, case in {
		"without it": {"object": {"metadata": {}}, "want": set()},
		"with it": {"object": service("from blue 1.4.0 to green 1.5.0", {"app": "shop", "tealgate.dev/color": "green"}), "want": {"claimed"}},
	}
	messages({"operation": "CREATE", "kind": "Service", "object": case.object, "old": null, "facts": {}}) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"no input": {},
		"a deleted Service": {"operation": "DELETE", "kind": "Service", "object": null, "old": service("x", {})},
		"a Deployment": {"operation": "CREATE", "kind": "Deployment", "object": service("x", {}), "old": null},
		"null metadata": {"operation": "UPDATE", "kind": "Service", "object": {"metadata": null}, "old": {"metadata": null}},
	}
	messages(given) == set()
}

# Without facts nobody can say that a record is true.
test_without_facts if {
	given := object.remove(update({"says": "from blue 1.4.0 to green 1.5.0"}), ["facts"])
	messages(object.union(given, {"facts": {}})) == {"claimed"}
}

test_words if {
	{"two 'words'"} == {violation["with"].claimed | some violation in violations(update({"says": "two\n\"words\""}))}
}

# ---- inputs ------------------------------------------------------------------

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

update(case) := {
	"operation": "UPDATE",
	"kind": "Service",
	"namespace": "shop",
	"name": "shop",
	"object": service(case.says, {"app": "shop", "tealgate.dev/color": "green"}),
	"old": service(object.get(case, "before", ""), object.get(case, "old", {"app": "shop", "tealgate.dev/color": "blue"})),
	"facts": {
		"leaving": {"pods": [{"version": "1.4.0"}, {"version": "1.4.1"}]},
		"selected": {"pods": [{"version": "1.5.0"}]},
	},
}

service("", selector) := {"metadata": {"annotations": {}}, "spec": {"selector": selector}}

service(record, selector) := {
	"metadata": {"annotations": {"tealgate.dev/switched": record}},
	"spec": {"selector": selector},
} if {
	record != ""
}
