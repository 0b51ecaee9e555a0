# What the tests of this rule are made of.

package tealgate.rules.selector_ready_test

import data.tealgate.rules.selector_ready as rule

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

# update is a change of Service shop/shop; old_spec and new_spec go beside the selectors.
update(case, old_spec, new_spec) := {
	"operation": "UPDATE",
	"kind": "Service",
	"namespace": "shop",
	"name": "shop",
	"user": "alice",
	"object": {"metadata": {"annotations": {"changed": "yes"}}, "spec": spec(object.get(case, "new", color("green")), new_spec)},
	"old": {"metadata": {}, "spec": spec(object.get(case, "old", color("blue")), old_spec)},
	"facts": {
		"services": [],
		"pair": [],
		"selected": {"pods": case.pods, "truncated": object.get(case, "truncated", false)},
		"serving": object.get(case, "serving", serving(3)),
		"mayExempt": false,
	},
}

# back is an update of a Service with a record.
back(case) := object.union(
	update(case, {}, {}),
	{"old": {"metadata": {"annotations": {"tealgate.dev/switched": object.get(case, "record", "from green 1.4.0 to blue 1.5.0")}}}},
)

# created is a new Service.
created(service_spec, pods) := object.union(
	object.remove(update({"pods": pods, "serving": serving(0)}, {}, {}), ["object"]),
	{"operation": "CREATE", "object": {"spec": service_spec}, "old": null},
)

spec(_, null) := null

# An object in extra replaces the selector: object.union would merge the two.
spec(selector, extra) := object.union(object.remove({"selector": selector}, object.keys(extra)), extra) if {
	extra != null
}

color(value) := {"app": "shop", "tealgate.dev/color": value}

serving(0) := pods_serving([])

serving(3) := pods_serving(["a", "b", "c"])

both := pods_serving(["a", "b", "c", "x", "y"])

pods_serving(names) := {
	"ready": count(names),
	"pods": [sprintf("shop-green-7d9f-%s", [name]) | some name in names],
	"truncated": false,
}

addresses(number) := {"ready": number, "pods": [], "truncated": false}

three := [ready("a"), ready("b"), ready("c")]

ready(suffix) := {
	"name": sprintf("shop-green-7d9f-%s", [suffix]),
	"color": "green",
	"version": "1.4.0",
	"ready": true,
	"terminating": false,
	"traffic": "",
	"workload": "shop-green",
	"ports": [],
	"problem": "",
}

waiting(suffix) := object.union(ready(suffix), {"ready": false, "problem": "web: ImagePullBackOff"})

late(suffix) := object.union(ready(suffix), {"ready": false, "problem": "web: running, not ready"})

terminating(suffix) := object.union(ready(suffix), {"ready": false, "terminating": true, "problem": "terminating"})

with_version(pod, version) := object.union(pod, {"version": version})

with_ports(pod) := object.union(pod, {"ports": ["http", "admin"]})

uncoloured(pod) := object.union(pod, {"color": ""})

of(name, pod) := object.union(pod, {"workload": name})

targets(port) := {"ports": [{"port": 80, "protocol": "TCP", "targetPort": port}]}

external := {"type": "ExternalName", "externalName": "shop.example.com"}

local_sessions := {
	"ports": [{"port": 80, "targetPort": 8080}],
	"internalTrafficPolicy": "Local",
	"sessionAffinity": "ClientIP",
}
