package tealgate.rules.pinned_image_test

import data.tealgate.rules.pinned_image as rule

test_images[image] if {
	some image, want in {
		"shop:1.4.0": set(),
		"host:5000/team/shop:1.4.0": set(),
		"shop@sha256:0123": set(),
		"shop:latest@sha256:0123": set(),
		"shop": {"untagged"},
		"host:5000/shop": {"untagged"},
		"shop:": {"untagged"},
		"shop:latest": {"latest"},
		"host:5000/shop:latest": {"latest"},
		"": {"absent"},
	}
	found({"containers": [{"name": "web", "image": image}]}) == want
}

test_places[note] if {
	some note, case in {
		"an init container": {"pod": {"initContainers": [{"name": "init", "image": "tool"}]}, "want": {"untagged"}},
		"no image": {"pod": {"containers": [{"name": "web"}]}, "want": {"absent"}},
		"a null image": {"pod": {"containers": [{"name": "web", "image": null}]}, "want": {"absent"}},
		"Istio's placeholder": {"pod": {"containers": [{"name": "istio-proxy", "image": "auto"}]}, "want": set()},
		"auto elsewhere": {"pod": {"containers": [{"name": "web", "image": "auto"}]}, "want": {"untagged"}},
		"null lists": {"pod": {"containers": null, "initContainers": null}, "want": set()},
		"no lists": {"pod": {}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	found(case.pod) == case.want
}

test_identity_and_field if {
	violations := rule.violation with input as deployment({"initContainers": [{"name": "init", "image": "tool"}]})
	{[violation.subject, violation.field] | some violation in violations} == {[
		"init container init",
		"spec.template.spec.initContainers[0].image",
	]}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": object.union(deployment({"containers": [{"name": "web", "image": "shop"}]}), {"kind": "Service"}),
	}
	count(rule.violation) == 0 with input as given
}

found(pod) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(pod)
}

deployment(pod) := {
	"kind": "Deployment",
	"object": {"spec": {"template": {"spec": pod}}},
	"settings": {"sidecars": ["istio-proxy"]},
}
