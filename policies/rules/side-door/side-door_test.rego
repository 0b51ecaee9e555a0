package tealgate.rules.side_door_test

import data.tealgate.rules.side_door as rule

test_created[note] if {
	some note, case in {
		"beside the live color": {"doors": [door("blue", 3, ["shop-blue"])], "want": {"beside-live"}},
		"beside several": {"doors": [door("blue", 9, ["a", "b", "c", "d"])], "want": {"beside-live"}},
		"beside addresses that are no pods": {"doors": [door("blue", 3, [])], "want": {"beside-live"}},
		"beside its own pods": {"doors": [door("blue", 3, ["shop2"])], "want": set()},
		"beside its own and others": {"doors": [door("blue", 3, ["shop-blue", "shop2"])], "want": {"beside-live"}},
		"where nothing is ready": {"doors": [door("blue", 0, [])], "want": set()},
		"where there is no Service": {"doors": [], "want": set()},
		"a color that nobody knows": {"doors": [door("red", 3, ["shop-blue"])], "want": set()},
		"labels that it does not select": {"doors": [door("green", 3, ["shop-green"])], "want": set()},
	}
	messages(created(deployment, case.doors)) == case.want
}

# legacy stands behind a Service that names no color, from before tealgate.
test_beside_what_names_no_color[note] if {
	some note, case in {
		"another version": {"version": "1.5.0", "example": true, "want": {"beside-uncoloured"}},
		"the same version and images": {"want": set()},
		"the same where it has no version": {"other": {"version": ""}, "want": set()},
		"other images in the same version": {"image": "shop/web:1.5.0", "want": {"beside-uncoloured"}},
		"a container more": {"other": {"images": [{"container": "web", "image": "shop/web:1.4.0"}, {"container": "log", "image": "log:1"}]}, "want": {"beside-uncoloured"}},
		"images that nobody knows": {"other": {"images": []}, "want": {"beside-uncoloured"}},
		"the same, of its own color": {"other": {"color": "blue"}, "want": {"beside-uncoloured"}},
		"a Deployment that nobody knows": {"other": {"name": "cart"}, "workloads": ["legacy"], "want": {"beside-uncoloured"}},
		"a StatefulSet too": {"workloads": ["db", "legacy"], "want": {"beside-uncoloured"}},
		"addresses that are no pods": {"workloads": [], "want": {"beside-uncoloured"}},
		"its own pods": {"workloads": ["shop2"], "want": set()},
		"nothing that is ready": {"ready": 0, "want": set()},
		"the other color: selector-pins-color says it": {"other": {"color": "green"}, "version": "1.5.0", "want": set()},
		"one that declined, as this one does": {"other": {"declined": true}, "version": "1.5.0", "annotations": declined, "want": set()},
		"one that did not, unlike this one": {"version": "1.5.0", "annotations": declined, "want": {"beside-uncoloured"}},
		"one that declined, unlike this one": {"other": {"declined": true}, "version": "1.5.0", "want": {"beside-uncoloured"}},
		"pods of a long name, cut off": {"other": {"name": long_name}, "workloads": [substring(long_name, 0, 45)], "want": set()},
		"pods of another long name": {
			"other": {"name": long_name},
			"workloads": [replace(substring(long_name, 0, 45), "a", "b")],
			"want": {"beside-uncoloured"},
		},
	}
	messages(beside(case)) == case.want
}

test_said_of_what_names_no_color[note] if {
	some note, case in {
		"the version": {
			"given": {"version": "1.5.0"},
			"want": ["they are not version 1.4.0, which serves", "legacy"],
		},
		"the images": {
			"given": {"image": "shop/web:1.5.0"},
			"want": ["they do not run the same images", "legacy"],
		},
		"no version of its own": {
			"given": {"version": null},
			"want": ["they are not version 1.4.0, which serves", "legacy"],
		},
		"none to adopt": {
			"given": {"workloads": ["db"]},
			"want": ["they do not run the same images", ""],
		},
		"one that declined": {
			"given": {"version": "1.5.0", "other": {"declined": true}},
			"want": ["they are not version 1.4.0, which serves", ""],
		},
	}

	# regal ignore:with-outside-test-context
	[case.want] == [[found["with"].differs_en, found["with"].adopt] | some found in rule.violation] with input as beside(case.given)
}

test_relabelled_into_what_names_no_color if {
	asked := object.union(beside({"version": "1.5.0"}), {"operation": "UPDATE", "old": {}})
	messages(asked) == {"relabelled"}
}

test_a_worker_without_traffic if {
	worker := object.union(deployment, {"spec": {"template": {"metadata": {"annotations": {"tealgate.dev/traffic": "none"}}}}})
	messages(created(worker, [door("blue", 3, ["shop-blue"])])) == set()
}

test_relabelled if {
	asked := object.union(
		created(deployment, [door("blue", 3, ["shop-blue"])]),
		{
			"operation": "UPDATE",
			"old": {"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}},
			"example": true,
		},
	)
	messages(asked) == {"relabelled"}
}

test_absent[note] if {
	some note, manifest in {"nothing": {}, "null spec": {"spec": null}, "null labels": {"spec": {"template": {"metadata": {"labels": null}}}}}
	messages(created(manifest, [door("blue", 3, ["shop-blue"])])) == set()
}

test_deleted if {
	messages({
		"operation": "DELETE",
		"kind": "Deployment",
		"namespace": "shop",
		"name": "shop2",
		"object": null,
		"old": deployment,
		"facts": {"doors": [door("blue", 3, ["shop-blue"])]},
	}) == set()
}

test_owners if {
	owners(["a", "b", "c", "d"]) == {"a, b, c and 1 more"}
	owners(["a", "b"]) == {"a, b"}
	owners([]) == {"addresses"}
}

owners(workloads) := found if {
	# regal ignore:with-outside-test-context
	found := {violation["with"].workloads_en | some violation in rule.violation} with input as created(deployment, [door("blue", 3, workloads)])
}

messages(asked) := found if {
	# regal ignore:with-outside-test-context
	found := {violation.message | some violation in rule.violation} with input as asked
}

created(manifest, doors) := {
	"operation": "CREATE",
	"kind": "Deployment",
	"namespace": "shop",
	"name": "shop2",
	"object": manifest,
	"old": null,
	"facts": {"doors": doors},
}

# beside is asked about a Deployment behind a Service that names no color.
beside(case) := object.union(
	created(
		{
			"metadata": {"name": "shop2", "annotations": object.get(case, "annotations", {})},
			"spec": {"template": {
				"metadata": {"labels": {
					"app": "shop", "tealgate.dev/color": "blue",
					"app.kubernetes.io/version": object.get(case, "version", "1.4.0"),
				}},
				"spec": {"containers": [{"name": "web", "image": object.get(case, "image", "shop/web:1.4.0")}]},
			}},
		},
		[{
			"name": "shop",
			"color": "",
			"ready": object.get(case, "ready", 2),
			"workloads": object.get(case, "workloads", [other.name]),
			"selector": {"app": "shop"},
		}],
	),
	object.union({"facts": {"pair": [other]}}, object.filter(case, ["example"])),
) if {
	other := object.union(
		{
			"name": "legacy", "color": "", "version": "1.4.0", "live": true, "declined": false,
			"images": [{"container": "web", "image": "shop/web:1.4.0"}],
		},
		object.get(case, "other", {}),
	)
}

declined := {"tealgate.dev/blue-green": "disabled"}

long_name := "a-name-that-is-so-long-that-the-names-of-pods-do-not-hold-it"

deployment := {
	"metadata": {"name": "shop2", "labels": {"tealgate.dev/color": "blue"}},
	"spec": {
		"selector": {"matchLabels": {"app": "shop", "tealgate.dev/color": "blue"}},
		"template": {"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}}},
	},
}

door(color, ready, workloads) := {
	"name": "shop",
	"color": color,
	"ready": ready,
	"workloads": workloads,
	"selector": {"app": "shop", "tealgate.dev/color": color},
}
