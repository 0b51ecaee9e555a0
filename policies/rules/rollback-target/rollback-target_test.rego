package tealgate.rules.rollback_target_test

import data.tealgate.rules.rollback_target as rule

kept := {"by": "shop", "service": "shop", "phase": "Watching", "kept": "blue", "release": "shop-17", "keeps": true}

test_updates[note] if {
	some note, case in {
		"another image": {"new": deployment("shop/web:1.5.0", 3), "want": {"changed"}},
		"fewer replicas": {"new": deployment("shop/web:1.4.0", 1), "want": {"scaled"}},
		"none": {"new": deployment("shop/web:1.4.0", 0), "want": {"scaled"}},
		"both": {"new": deployment("shop/web:1.5.0", 1), "want": {"changed", "scaled"}},
		"more replicas": {"new": deployment("shop/web:1.4.0", 5), "want": set()},
		"nothing": {"new": deployment("shop/web:1.4.0", 3), "want": set()},
		"a restart": {
			"new": object.union(
				deployment("shop/web:1.4.0", 3),
				{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}},
			),
			"want": set(),
		},
	}
	messages(update("Deployment", deployment("shop/web:1.4.0", 3), case.new)) == case.want
}

test_scale if {
	messages(update("Scale", {"spec": {"replicas": 3}}, {"spec": {"replicas": 1}})) == {"scaled"}
	messages(update("Scale", {"spec": {"replicas": 3}}, {"spec": {}})) == {"scaled"}
	messages(update("Scale", {"spec": {"replicas": 3}}, {"spec": {"replicas": 4}})) == set()
}

test_an_autoscaler_is_no_exception if {
	asked := object.union(update("Scale", {"spec": {"replicas": 3}}, {"spec": {"replicas": 1}}), {"user": "system:serviceaccount:kube-system:horizontal-pod-autoscaler"})
	messages(asked) == {"scaled"}
}

test_deleted if {
	messages(object.union(update("Deployment", deployment("shop/web:1.4.0", 3), null), {"operation": "DELETE"})) == {"deleted"}
}

test_created if {
	messages(object.union(update("Deployment", null, deployment("shop/web:1.4.0", 3)), {"operation": "CREATE"})) == set()
}

test_a_service_is_none if {
	messages(object.union(update("Service", {"spec": {}}, null), {"operation": "DELETE"})) == set()
}

test_not_kept[note] if {
	some note, managed in {
		"the other color": object.union(kept, {"keeps": false}),
		"no release": {"by": "shop", "keeps": false},
		"nobody manages it": {"by": ""},
		"absent": {},
		"null": null,
	}
	asked := object.union(
		object.remove(update("Deployment", deployment("shop/web:1.4.0", 3), deployment("shop/web:1.5.0", 1)), ["facts"]),
		{"facts": {"managed": managed}},
	)
	messages(asked) == set()
}

test_words if {
	asked := update("Deployment", deployment("shop/web:1.4.0", 3), deployment("shop/web:1.5.0", 3))
	{"Changing the image of web from 1.4.0 to 1.5.0"} == words(asked, "changes_en")
	labelled := object.union(deployment("shop/web:1.4.0", 3), {"spec": {"template": {"metadata": {"labels": {"team": "a"}}}}})
	{"Changing its pod template"} == words(update("Deployment", deployment("shop/web:1.4.0", 3), labelled), "changes_en")
	{"green"} == words(asked, "other")
}

words(given, key) := found if {
	# regal ignore:with-outside-test-context
	found := {violation["with"][key] | some violation in rule.violation} with input as given
}

messages(given) := found if {
	# regal ignore:with-outside-test-context
	found := {violation.message | some violation in rule.violation} with input as given
}

update(kind, old, new) := {
	"operation": "UPDATE",
	"kind": kind,
	"namespace": "shop",
	"name": "shop-blue",
	"user": "ci",
	"old": old,
	"object": new,
	"facts": {"managed": kept},
}

deployment(image, replicas) := {"spec": {
	"replicas": replicas,
	"template": {
		"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}},
		"spec": {"containers": [{"name": "web", "image": image}]},
	},
}}
