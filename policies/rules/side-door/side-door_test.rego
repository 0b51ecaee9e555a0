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

test_a_worker_without_traffic if {
	worker := object.union(deployment, {"spec": {"template": {"metadata": {"annotations": {"tealgate.dev/traffic": "none"}}}}})
	messages(created(worker, [door("blue", 3, ["shop-blue"])])) == set()
}

test_relabelled if {
	asked := object.union(
		created(deployment, [door("blue", 3, ["shop-blue"])]),
		{"operation": "UPDATE", "old": {"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}}},
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
