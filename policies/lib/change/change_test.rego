package tealgate.lib.change_test

import data.tealgate.lib.change

test_named[note] if {
	some note, case in {
		"another image": {"image": "shop/web:1.5.0", "want": "changing the image of web from 1.4.0 to 1.5.0"},
		"another repository": {"image": "other/web:1.5.0", "want": "changing the image of web from shop/web:1.4.0 to other/web:1.5.0"},
		"from a tag to none": {"image": "shop/web", "want": "changing the image of web from shop/web:1.4.0 to shop/web"},
		"a registry with a port, by digest": {
			"image": "host:5000/web@sha256:abc",
			"want": "changing the image of web from shop/web:1.4.0 to host:5000/web@sha256:abc",
		},
		"the same": {"image": "shop/web:1.4.0", "want": "changing its pod template"},
	}
	found := change.named with input as update(deployment({"web": "shop/web:1.4.0"}), deployment({"web": case.image}))
	found.en == case.want
}

test_several[note] if {
	some note, case in {
		"two": {"names": ["a", "b"], "en": "changing the images of a from 1 to 2 and b from 1 to 2", "zh": "a 镜像 1 改为 2、b 镜像 1 改为 2"},
		"three": {"names": ["a", "b", "c"], "en": "changing 3 images", "zh": "3 个镜像"},
	}
	old := deployment({name: sprintf("%s:1", [name]) | some name in case.names})
	new := deployment({name: sprintf("%s:2", [name]) | some name in case.names})
	change.named == {"en": case.en, "zh": case.zh} with input as update(old, new)
}

test_replaces_pods[note] if {
	some note, case in {
		"another image": {"new": deployment({"web": "2"}), "want": true},
		"a label": {"new": with_metadata({"labels": {"tealgate.dev/color": "blue", "team": "shop"}}), "want": true},
		"annotations alone": {
			"new": with_metadata({"labels": {"tealgate.dev/color": "blue"}, "annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}),
			"want": false,
		},
		"nothing": {"new": deployment({"web": "1"}), "want": false},
		"no template any more": {"new": {}, "want": true},
	}
	answer(update(deployment({"web": "1"}), case.new)) == case.want
}

test_replaces_nothing[note] if {
	some note, given in {
		"created": object.union(update(null, deployment({"web": "1"})), {"operation": "CREATE"}),
		"deleted": object.union(update(deployment({"web": "1"}), null), {"operation": "DELETE"}),
		"a Scale": object.union(update({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}), {"kind": "Scale"}),
	}
	answer(given) == false
}

test_color[note] if {
	some note, case in {
		"blue": {"labels": {"tealgate.dev/color": "blue"}, "want": "blue"},
		"red": {"labels": {"tealgate.dev/color": "red"}, "want": ""},
		"none": {"labels": {}, "want": ""},
		"null": {"labels": null, "want": ""},
	}
	change.color == case.want with input as update({"spec": {"template": {"metadata": {"labels": case.labels}}}}, {})
}

test_scaled_down[note] if {
	some note, case in {
		"down": {"kind": "Deployment", "from": {"replicas": 4}, "to": {"replicas": 3}, "want": true},
		"up": {"kind": "Deployment", "from": {"replicas": 4}, "to": {"replicas": 5}, "want": false},
		"to absent, which is one": {"kind": "Deployment", "from": {"replicas": 2}, "to": {}, "want": true},
		"from absent": {"kind": "Deployment", "from": {}, "to": {"replicas": 1}, "want": false},
		"a Scale to absent, which is none": {"kind": "Scale", "from": {"replicas": 1}, "to": {}, "want": true},
		"of another kind": {"kind": "Service", "from": {"replicas": 4}, "to": {"replicas": 3}, "want": false},
	}
	given := object.union(update({"spec": case.from}, {"spec": case.to}), {"kind": case.kind})
	down(given) == case.want
}

down(given) if {
	# regal ignore:with-outside-test-context
	change.scaled_down with input as given
} else := false

answer(given) if {
	# regal ignore:with-outside-test-context
	change.replaces_pods with input as given
} else := false

update(old, new) := {"operation": "UPDATE", "kind": "Deployment", "old": old, "object": new}

deployment(images) := {"spec": {"template": {
	"metadata": {"labels": {"tealgate.dev/color": "blue"}},
	"spec": {"containers": [{"name": name, "image": image} | some name, image in images]},
}}}

with_metadata(metadata) := {"spec": {"template": {
	"metadata": metadata,
	"spec": {"containers": [{"name": "web", "image": "1"}]},
}}}
