package tealgate.rules.selector_owner_test

import data.tealgate.rules.selector_owner as rule

blue := {"app": "shop", "tealgate.dev/color": "blue"}

green := {"app": "shop", "tealgate.dev/color": "green"}

test_updates[note] if {
	some note, case in {
		"to the other color": {"old": {"selector": blue}, "new": {"selector": green}, "want": {"moved"}},
		"another label": {"old": {"selector": blue}, "new": {"selector": object.union(blue, {"tier": "web"})}, "want": {"moved"}},
		"without its color": {"old": {"selector": blue}, "new": {"selector": {"app": "shop"}}, "want": {"moved"}},
		"emptied": {"old": {"selector": blue}, "new": {}, "want": {"moved"}},
		"null": {"old": {"selector": blue}, "new": {"selector": null}, "want": {"moved"}},
		"to ExternalName": {"old": {"selector": blue}, "new": {"selector": blue, "type": "ExternalName"}, "want": {"moved"}},
		"from ExternalName": {"old": {"selector": blue, "type": "ExternalName"}, "new": {"selector": blue}, "want": {"moved"}},
		"a port": {"old": {"selector": blue, "ports": []}, "new": {"selector": blue, "ports": [{"port": 80}]}, "want": set()},
		"nothing": {"old": {"selector": blue}, "new": {"selector": blue}, "want": set()},
		"a first color": {"old": {"selector": {"app": "shop"}}, "new": {"selector": blue}, "want": set()},
		"a first color and more": {"old": {"selector": {"app": "web"}}, "new": {"selector": blue}, "want": {"moved"}},
	}
	messages(update(case.old, case.new, {"by": "shop", "service": "shop", "phase": "Idle"})) == case.want
}

test_unmanaged[note] if {
	some note, managed in {"nobody": {"by": ""}, "absent": {}, "null": null}
	messages(update({"selector": blue}, {"selector": green}, managed)) == set()
}

test_created_and_deleted[note] if {
	some note, given in {
		"created": {"operation": "CREATE", "object": {"spec": {"selector": green}}, "old": null},
		"deleted": {"operation": "DELETE", "object": null, "old": {"spec": {"selector": green}}},
		"a Deployment": {"kind": "Deployment"},
	}
	asked := object.union(update({"selector": blue}, {"selector": green}, {"by": "shop"}), given)
	messages(asked) == set()
}

test_without_facts if {
	messages(object.remove(update({"selector": blue}, {"selector": green}, {}), ["facts"])) == set()
}

test_words if {
	{"app=shop,tealgate.dev/color=blue"} == words(update({"selector": blue}, {"selector": green}, {"by": "shop"}), "selector")
	{"empty"} == words(update({}, {"selector": green}, {"by": "shop"}), "selector")
	{"Idle"} == words(update({"selector": blue}, {"selector": green}, {"by": "shop"}), "phase")
	{"Watching"} == words(update({"selector": blue}, {"selector": green}, {"by": "shop", "phase": "Watching"}), "phase")
	{"kubectl tealgate rollback shop -n shop"} == words(update({"selector": blue}, {"selector": green}, {"by": "shop"}), "rollback")
	nowhere := object.remove(update({"selector": blue}, {"selector": green}, {"by": "shop"}), ["namespace"])
	{"kubectl tealgate rollback shop"} == words(nowhere, "rollback")
}

words(given, key) := found if {
	# regal ignore:with-outside-test-context
	found := {violation["with"][key] | some violation in rule.violation} with input as given
}

messages(given) := found if {
	# regal ignore:with-outside-test-context
	found := {violation.message | some violation in rule.violation} with input as given
}

update(old, new, managed) := {
	"operation": "UPDATE",
	"kind": "Service",
	"namespace": "shop",
	"name": "shop",
	"old": {"spec": old},
	"object": {"spec": new},
	"facts": {"managed": managed},
}
