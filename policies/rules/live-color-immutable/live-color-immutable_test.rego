package tealgate.rules.live_color_immutable_test

import data.tealgate.rules.live_color_immutable as rule

test_updates[note] if {
	some note, case in {
		"another image": {"new": template("shop/web:1.5.0", {}), "want": {"changing the image of web from 1.4.0 to 1.5.0"}},
		"another repository": {"new": template("other/web:1.5.0", {}), "want": {"changing the image of web from shop/web:1.4.0 to other/web:1.5.0"}},
		"from a tag to none": {"new": template("shop/web", {}), "want": {"changing the image of web from shop/web:1.4.0 to shop/web"}},
		"a registry with a port, by digest": {
			"new": template("host:5000/web@sha256:abc", {}),
			"want": {"changing the image of web from shop/web:1.4.0 to host:5000/web@sha256:abc"},
		},
		"something else": {"new": template("shop/web:1.4.0", {"env": [{"name": "A", "value": "b"}]}), "want": {"changing its pod template"}},
		"a label": {
			"new": object.union(template("shop/web:1.4.0", {}), {"metadata": {"labels": {"team": "shop"}}}),
			"want": {"changing its pod template"},
		},
		"annotations alone": {
			"new": object.union(template("shop/web:1.4.0", {}), {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}),
			"want": set(),
		},
		"nothing": {"new": template("shop/web:1.4.0", {}), "want": set()},
		"no image any more": {
			"new": {"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}}, "spec": {"containers": [{"name": "web"}]}},
			"want": {"changing the image of web from shop/web:1.4.0 to none"},
		},
		"no template": {"new": null, "want": {"changing its pod template"}},
	}
	changes_of(update(case.new, [carrier("blue", 3)])) == case.want
}

test_several_images if {
	changes_of(update_of(deployment(named("1", ["a", "b", "c"])), named("2", ["a", "b", "c"]), [carrier("blue", 3)])) == {"changing 3 images"}
	changes_of(update_of(deployment(named("1", ["a", "b"])), named("2", ["a", "b"]), [carrier("blue", 3)])) == {"changing the images of a from 1 to 2 and b from 1 to 2"}
}

test_render[note] if {
	some note, case in {
		"by its color": {"asked": {}, "want": "kubectl tealgate render -f shop.yaml -n shop | kubectl -n shop apply -f -"},
		"by another name": {"asked": {"name": "shop"}, "want": "kubectl tealgate render -f shop.yaml -n shop | kubectl -n shop apply -f -"},
		"offline": {"asked": {"namespace": ""}, "want": "kubectl tealgate render -f shop.yaml | kubectl apply -f -"},
	}
	given := object.union(update(template("shop/web:1.5.0", {}), [carrier("blue", 3)]), case.asked)
	violations := rule.violation with input as given
	{violation["with"].render | some violation in violations} == {case.want}
}

test_not_live[note] if {
	some note, live in {
		"no Service": [],
		"nothing is ready": [carrier("blue", 0)],
	}
	changes_of(update(template("shop/web:1.5.0", {}), live)) == set()
}

test_managed if {
	given := update(template("shop/web:1.5.0", {}), [carrier("blue", 3)])
	messages(given) == {"changed"}
	messages(object.union(given, {"facts": {"live": [carrier("blue", 3)], "managed": {"by": ""}}})) == {"changed"}
	messages(object.union(given, {"facts": {"live": [carrier("blue", 3)], "managed": {"by": "shop"}}})) == {"changed-managed"}
	messages(object.union(given, {"example": true})) == {"changed"}
}

messages(asked) := found if {
	# regal ignore:with-outside-test-context
	found := {violation.message | some violation in rule.violation} with input as asked
}

test_without_a_color if {
	bare := {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "web", "image": "shop/web:1.4.0"}]}}
	changes_of(update_of(deployment(bare), template("shop/web:1.5.0", {}), [carrier("", 3)])) == set()
}

test_absent[note] if {
	some note, old in {"no template": {}, "null": null, "null spec": {"spec": null}}
	changes_of(update_of(old, template("shop/web:1.5.0", {}), [carrier("blue", 3)])) == set()
}

test_created_and_deleted if {
	changes_of({
		"operation": "CREATE",
		"kind": "Deployment",
		"object": deployment(template("shop/web:1.5.0", {})),
		"old": null,
		"facts": {"live": [carrier("blue", 3)]},
	}) == set()
	changes_of({
		"operation": "DELETE",
		"kind": "Deployment",
		"old": deployment(template("shop/web:1.5.0", {})),
		"object": null,
		"facts": {"live": [carrier("blue", 3)]},
	}) == set()
}

changes_of(asked) := found if {
	# regal ignore:with-outside-test-context
	found := {violation["with"].changes_en | some violation in rule.violation} with input as asked
}

update(new, live) := update_of(deployment(template("shop/web:1.4.0", {})), new, live)

update_of(old, new, live) := {
	"operation": "UPDATE",
	"kind": "Deployment",
	"namespace": "shop",
	"name": "shop-blue",
	"object": deployment(new),
	"old": old,
	"facts": {"live": live},
}

deployment(pod_template) := {"metadata": {"name": "shop-blue"}, "spec": {"template": pod_template}}

template(image, container) := {
	"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}},
	"spec": {"containers": [object.union({"name": "web", "image": image}, container)]},
}

carrier(color, ready) := {
	"name": "shop",
	"color": color,
	"ready": ready,
	"workloads": ["shop-blue"],
	"selector": {"app": "shop", "tealgate.dev/color": color},
}

named(tag, names) := {
	"metadata": {"labels": {"tealgate.dev/color": "blue"}},
	"spec": {"containers": [{"name": name, "image": concat(":", [name, tag])} | some name in names]},
}
