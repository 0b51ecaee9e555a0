package tealgate.rules.version_label_test

import data.tealgate.rules.version_label as rule

long := "app.kubernetes.io/version"

test_labels[note] if {
	some note, case in {
		"the recommended label": {"labels": {long: "1.4.0"}, "want": set()},
		"the short label": {"labels": {"version": "v1"}, "want": set()},
		"both": {"labels": {long: "1.4.0", "version": "v1"}, "want": set()},
		"63 characters": {"labels": {long: long_value(63)}, "want": set()},
		"none": {"labels": {"app": "shop"}, "want": {["missing", ""]}},
		"null": {"labels": {long: null}, "want": {["missing", ""]}},
		"null labels": {"labels": null, "want": {["missing", ""]}},
		"empty": {"labels": {long: ""}, "want": {["malformed", long]}},
		"64 characters": {"labels": {long: long_value(64)}, "want": {["malformed", long]}},
		"a dash at the end": {"labels": {"version": "1.4-"}, "want": {["malformed", "version"]}},
		"a plus": {"labels": {long: "1.4.0+build"}, "want": {["malformed", long]}},
		"a list": {"labels": {long: ["1"]}, "want": {["malformed", long]}},
		"latest": {"labels": {long: "latest"}, "want": {["latest", long]}},
		"Latest": {"labels": {"version": "Latest"}, "want": {["latest", "version"]}},
		"one good, one bad": {"labels": {long: "1.4.0", "version": "latest"}, "want": {["latest", "version"]}},
		"one bad, one good": {"labels": {long: "", "version": "v1"}, "want": {["malformed", long]}},
		"both bad": {"labels": {long: "", "version": "latest"}, "want": {["malformed", long], ["latest", "version"]}},
		"a number": {"labels": {long: 1.4}, "want": set()},
	}
	found(case.labels, {}, []) == case.want
}

long_value(length) := concat("", [char | some _ in numbers.range(1, length); char := "1"])

test_pinned_label_is_left_alone if count(found({long: "1.4.0", "version": "latest"}, {"version": "latest"}, [])) == 0

test_pinned_label_alone_denies if {
	found({"version": "latest"}, {"version": "latest"}, []) == {["latest", "version"]}
	fix({"version": "latest"}, {"version": "latest"}, []) == {[long, "'1.0.0'"]}
}

test_pinned_labels_both_bad if {
	labels := {long: "latest", "version": "latest"}
	fix(labels, labels, []) == {[long, "'1.0.0'"]}
}

test_fix_takes_the_image_tag[note] if {
	some note, case in {
		"a tag": {"images": ["shop:1.27"], "want": "'1.27'"},
		"a registry with a port": {"images": ["host:5000/team/shop:1.4.0"], "want": "'1.4.0'"},
		"a registry with a port, no tag": {"images": ["host:5000/shop"], "want": "'1.0.0'"},
		"a tag and a digest": {"images": ["shop:1.4.0@sha256:0123"], "want": "'1.4.0'"},
		"a digest": {"images": ["shop@sha256:0123"], "want": "'1.0.0'"},
		"latest": {"images": ["shop:latest"], "want": "'1.0.0'"},
		"untagged": {"images": ["shop"], "want": "'1.0.0'"},
		"a tag with odd ends": {"images": ["shop:_1.4.0-"], "want": "'1.4.0'"},
		"a tag of nothing else": {"images": ["shop:___"], "want": "'1.0.0'"},
		"a long tag": {"images": [sprintf("shop:%s.x", [long_value(62)])], "want": sprintf("'%s'", [long_value(62)])},
		"no image": {"images": [null], "want": "'1.0.0'"},
		"no container": {"images": [], "want": "'1.0.0'"},
	}
	fix({}, {}, [{"name": "web", "image": image} | some image in case.images]) == {[long, case.want]}
}

test_fix_passes_over_injected_sidecars if {
	containers := [{"name": "istio-proxy", "image": "istio:1.30.0"}, {"name": "web", "image": "shop:1.4.0"}]
	fix({}, {}, containers) == {[long, "'1.4.0'"]}
}

test_applies_without_traffic if {
	given := object.union(deployment({}, {}, []), {"object": {"spec": {"template": {"metadata": {
		"annotations": {"tealgate.dev/traffic": "none"},
	}}}}})
	count(rule.violation) == 1 with input as given
}

test_absent_or_null[note] if {
	some note, manifest in {
		"empty": {},
		"null spec": {"spec": null},
		"null template": {"spec": {"template": null}},
		"null metadata": {"spec": {"template": {"metadata": null}, "selector": null}},
	}
	violations := rule.violation with input as {"kind": "Deployment", "name": "", "namespace": "", "object": manifest}
	{violation.message | some violation in violations} == {"missing"}
}

test_examples[message] if {
	some message, labels in {"malformed": {"app": "shop", long: "1.5.0+build.7"}, "missing": {"app": "shop"}}
	given := deployment(labels, {"app": "shop"}, [{"name": "web", "image": "team/shop:1.5.0"}])
	violations := rule.violation with input as object.union(given, {"example": true})
	{violation.message | some violation in violations} == {message}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": {"kind": "Service", "object": {}},
	}
	count(rule.violation) == 0 with input as given
}

found(labels, pinned, containers) := {[violation.message, violation.subject] | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(labels, pinned, containers)
}

fix(labels, pinned, containers) := {[violation.with.key, violation.with.value] | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(labels, pinned, containers)
}

deployment(labels, pinned, containers) := {
	"kind": "Deployment",
	"name": "shop",
	"namespace": "shop",
	"object": {"spec": {
		"selector": {"matchLabels": pinned},
		"template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
	}},
	"settings": {"sidecars": ["istio-proxy"]},
}
