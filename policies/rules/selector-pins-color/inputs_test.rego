# What the tests of this rule are made of.

package tealgate.rules.selector_pins_color_test

import data.tealgate.rules.selector_pins_color as rule

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

created(case) := input_of("Service", {
	"operation": "CREATE",
	"name": "shop",
	"object": service_of(case.new, object.get(case, "role", ""), object.get(case, "spec", {})),
	"old": null,
	"facts": service_facts(case),
})

update(case, before) := input_of("Service", {
	"operation": "UPDATE",
	"name": "shop",
	"object": service_of(case.new, object.get(case, "role", ""), object.get(case, "spec", {})),
	"old": service_of(before.old, before.role, object.get(case, "spec", {})),
	"facts": service_facts(case),
})

service_of(selector, role, spec) := {
	"metadata": {"labels": {"tealgate.dev/role": role}},
	"spec": object.union({"selector": selector}, spec),
}

service_facts(case) := {
	"services": [],
	"pair": [],
	"selected": {"pods": case.pods, "truncated": object.get(case, "truncated", false)},
	"coming": object.get(case, "coming", []),
	"serving": {
		"ready": object.get(case, "ready", 3),
		"pods": [],
		"colors": object.get(case, "serves", []),
		"truncated": false,
	},
	"mayExempt": false,
}

deployment(case) := input_of("Deployment", {
	"operation": "CREATE",
	"name": "shop-green",
	"object": {
		"metadata": {"annotations": object.get(case, "annotations", {})},
		"spec": {"template": {"metadata": {
			"labels": case.labels,
			"annotations": {"tealgate.dev/traffic": object.get(case, "traffic", "")},
		}}},
	},
	"old": null,
	"facts": {
		"services": case.services,
		"pair": case.pair,
		"selected": {"pods": [], "truncated": false},
		"serving": {"ready": 0, "pods": [], "truncated": false},
		"mayExempt": false,
	},
})

input_of(kind, rest) := object.union({"kind": kind, "namespace": "shop", "user": "alice"}, rest)

color(value) := {"app": "shop", "tealgate.dev/color": value}

pod(name, value) := {
	"name": name,
	"color": value,
	"version": "1.4.0",
	"ready": true,
	"terminating": false,
	"traffic": "",
	"workload": "",
	"ports": [],
	"problem": "",
}

unready(p) := object.union(p, {"ready": false})

terminating(p) := object.union(p, {"ready": false, "terminating": true})

worker(name) := object.union(pod(name, ""), {"traffic": "none"})

service("") := {"name": "shop", "color": "", "role": "", "selector": {"app": "shop"}}

service(value) := {"name": "shop", "color": value, "role": "", "selector": color(value)} if value != ""

side(value) := {"name": sprintf("shop-%s", [value]), "color": value, "version": "1.4.0", "live": true, "references": []}
