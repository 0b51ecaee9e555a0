package tealgate.rules.color_selector_test

import data.tealgate.rules.color_selector as rule

test_created[note] if {
	some note, case in {
		"everywhere blue": {"at": ["blue", "blue", "blue"], "want": set()},
		"everywhere green": {"at": ["green", "green", "green"], "want": set()},
		"nowhere": {"at": ["", "", ""], "want": {"unpinned"}},
		"on the Deployment only": {"at": ["blue", "", ""], "want": {"unpinned"}},
		"in the selector only": {"at": ["", "blue", ""], "want": {"unpinned"}},
		"on the pods only": {"at": ["", "", "blue"], "want": {"unpinned"}},
		"not on the Deployment": {"at": ["", "blue", "blue"], "want": {"unpinned"}},
		"disagreeing": {"at": ["green", "blue", "blue"], "want": {"unpinned"}},
		"everywhere red": {"at": ["red", "red", "red"], "want": {"unknown"}},
		"red in one place": {"at": ["", "red", ""], "want": {"unknown"}},
		"red beside blue": {"at": ["red", "blue", "blue"], "want": {"unknown"}},
		"Blue": {"at": ["Blue", "Blue", "Blue"], "want": {"unknown"}},
		"a number": {"at": [1, 1, 1], "want": {"unknown"}},
		"null": {"at": [null, null, null], "want": {"unpinned"}},
		"nowhere, and declined": {"at": ["", "", ""], "annotations": declined, "want": set()},
		"red, and declined": {"at": ["red", "red", "red"], "annotations": declined, "want": set()},
		"nowhere, and declined in other words": {
			"at": ["", "", ""],
			"annotations": {"tealgate.dev/blue-green": "Disabled"},
			"want": {"unpinned"},
		},
		"nowhere, and without traffic": {"at": ["", "", ""], "traffic": "none", "want": set()},
		"nowhere, and with some traffic": {"at": ["", "", ""], "traffic": "some", "want": {"unpinned"}},
		"declined under a live Service": {
			"at": ["", "", ""],
			"annotations": declined,
			"services": [unpinned_service],
			"want": set(),
		},
	}
	messages(created(case)) == case.want
}

test_updated[note] if {
	some note, case in {
		"everywhere blue": {"at": ["blue", "blue", "blue"], "want": set()},
		"from before": {"at": ["", "", ""], "want": {"before"}},
		"from before, with a color on its pods": {"at": ["", "", "blue"], "want": {"before"}},
		"from before, and red": {"at": ["", "", "red"], "want": {"before", "unknown"}},
		"from before, and declined": {"at": ["", "", ""], "annotations": declined, "old_annotations": declined, "want": set()},
		"from before, and without traffic": {"at": ["", "", ""], "traffic": "none", "want": set()},
		"the Deployment's own label differs": {"at": ["green", "blue", "blue"], "want": {"unpinned"}},
		"the Deployment's own label is missing": {"at": ["", "blue", "blue"], "want": {"unpinned"}},
		"null labels": {"at": [null, "blue", "blue"], "want": {"unpinned"}},
		"another color in all places": {"at": ["green", "green", "green"], "want": set()},
	}
	messages(update(case)) == case.want
}

# Colors are declined by an update of a Deployment that has been blue.
test_declined[note] if {
	some note, case in {
		"on live": {"services": [service("blue")], "want": {"declined-live"}},
		"on live by who may exempt": {"services": [service("blue")], "may": true, "want": set()},
		"on idle": {"services": [service("green")], "want": set()},
		"under an unpinned Service": {"services": [unpinned_service], "want": {"declined-live"}},
		"under a preview": {"services": [object.union(service("blue"), {"role": "preview"})], "want": set()},
		"without a Service": {"services": [], "want": set()},
		"as it was before": {"services": [service("blue")], "old_annotations": declined, "want": set()},
		"in other words before": {
			"services": [service("blue")],
			"old_annotations": {"tealgate.dev/blue-green": "enabled"},
			"want": {"declined-live"},
		},
		"where there were no annotations": {"services": [service("blue")], "old_annotations": null, "want": {"declined-live"}},
		"and the color taken off the pods": {"services": [service("blue")], "at": ["", "", ""], "want": {"declined-live"}},
		"and null labels": {"services": [service("blue")], "at": [null, null, null], "want": {"declined-live"}},
		"and the color put on the pods": {
			"services": [service("blue")],
			"at": ["", "", "blue"],
			"old_at": ["", "", ""],
			"want": {"declined-live"},
		},
		"from before, under an unpinned Service": {
			"services": [unpinned_service],
			"at": ["", "", ""],
			"old_at": ["", "", ""],
			"want": {"declined-live"},
		},
		"from before, beside a pinned Service": {
			"services": [service("blue")],
			"at": ["", "", ""],
			"old_at": ["", "", ""],
			"want": set(),
		},
	}
	messages(update(object.union(once_blue, case))) == case.want
}

test_words[note] if {
	some note, case in {
		"nowhere": {"given": created({"at": ["", "", ""]}), "key": "seen_en", "want": "is missing"},
		"one place": {
			"given": created({"at": ["", "blue", ""]}),
			"key": "seen_en",
			"want": "stands only at spec.selector.matchLabels (blue)",
		},
		"one place in Chinese": {
			"given": created({"at": ["", "blue", ""]}),
			"key": "seen_zh",
			"want": "只出现在 spec.selector.matchLabels（blue）中",
		},
		"disagreeing": {
			"given": created({"at": ["green", "blue", ""]}),
			"key": "seen_en",
			"want": "differs: metadata.labels (green), spec.selector.matchLabels (blue)",
		},
		"the selector's color is proposed": {"given": created({"at": ["green", "blue", "green"]}), "key": "color", "want": "blue"},
		"else the pods'": {"given": created({"at": ["blue", "", "green"]}), "key": "color", "want": "green"},
		"else the Deployment's": {"given": created({"at": ["green", "", ""]}), "key": "color", "want": "green"},
		"else that of the name": {"given": created({"at": ["", "", ""], "name": "shop-green"}), "key": "color", "want": "green"},
		"else blue": {"given": created({"at": ["", "", ""]}), "key": "color", "want": "blue"},
		"what is copied": {"given": update({"at": ["", "", ""], "name": "pay"}), "key": "name", "want": "pay"},
		"what stands there": {"given": created({"at": ["red", "", ""]}), "key": "value", "want": "red"},
		"where it stands": {"given": created({"at": ["red", "", ""]}), "key": "where", "want": "metadata.labels"},
		"which Service": {
			"given": update({"at": ["blue", "blue", "blue"], "annotations": declined, "services": [service("blue")]}),
			"key": "service",
			"want": "shop",
		},
	}
	[case.want] == [violation["with"][case.key] | some violation in violations(case.given)]
}

test_others_are_not_asked[note] if {
	some note, given in {
		"no input": {},
		"a deleted Deployment": object.union(update({"at": ["", "", ""]}), {"operation": "DELETE", "object": null}),
		"a Service": object.union(created({"at": ["", "", ""]}), {"kind": "Service"}),
	}
	messages(given) == set()
}

test_fields_that_are_missing[note] if {
	some note, deployment in {
		"nothing": {},
		"null metadata and spec": {"metadata": null, "spec": null},
		"null selector and template": {"metadata": {}, "spec": {"selector": null, "template": null}},
		"null labels": {"metadata": {"labels": null}, "spec": {
			"selector": {"matchLabels": null},
			"template": {"metadata": {"labels": null, "annotations": null}},
		}},
		"a selector of expressions": {"spec": {"selector": {"matchExpressions": [{
			"key": "tealgate.dev/color",
			"operator": "In",
			"values": ["blue"],
		}]}}},
	}
	given := object.union(object.remove(created({"at": ["", "", ""]}), ["object"]), {"object": deployment})
	messages(given) == {"unpinned"}
	messages(object.union(given, {"operation": "UPDATE", "old": deployment})) == {"before"}
}

# ---- inputs ------------------------------------------------------------------

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

once_blue := {
	"at": ["blue", "blue", "blue"], "old_at": ["blue", "blue", "blue"],
	"annotations": declined, "old_annotations": {},
}

declined := {"tealgate.dev/blue-green": "disabled"}

created(case) := {
	"operation": "CREATE",
	"kind": "Deployment",
	"namespace": "shop",
	"name": object.get(case, "name", "shop"),
	"user": "alice",
	"object": deployment(case.at, object.get(case, "annotations", {}), object.get(case, "traffic", "")),
	"old": null,
	"facts": {
		"services": object.get(case, "services", []),
		"pair": [],
		"selected": {"pods": [], "truncated": false},
		"serving": {"ready": 0, "pods": [], "truncated": false},
		"mayExempt": object.get(case, "may", false),
	},
}

update(case) := object.union(created(case), {
	"operation": "UPDATE",
	"old": deployment(object.get(case, "old_at", case.at), object.get(case, "old_annotations", {}), object.get(case, "traffic", "")),
})

# deployment has a color on itself, in its selector and on its pods, in this order.
deployment(at, annotations, traffic) := {
	"metadata": {"labels": labels(at[0]), "annotations": annotations},
	"spec": {
		"selector": {"matchLabels": labels(at[1])},
		"template": {"metadata": {"labels": labels(at[2]), "annotations": {"tealgate.dev/traffic": traffic}}},
	},
}

labels("") := {"app": "shop"}

labels(null) := null

labels(color) := {"app": "shop", "tealgate.dev/color": color} if not color in {"", null}

unpinned_service := {"name": "shop", "color": "", "role": "", "selector": {"app": "shop"}}

service(color) := {"name": "shop", "color": color, "role": "", "selector": labels(color)}
