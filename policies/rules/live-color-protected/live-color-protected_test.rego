package tealgate.rules.live_color_protected_test

import data.tealgate.rules.live_color_protected as rule

test_deleted[note] if {
	some note, case in {
		"live": {"live": [carrier("blue", 3)], "want": {"deleted"}},
		"behind a Service that is not pinned yet": {"live": [carrier("", 3)], "want": {"deleted"}},
		"nothing is ready": {"live": [carrier("blue", 0)], "want": set()},
		"idle": {"live": [], "want": set()},
	}
	messages({"operation": "DELETE", "kind": "Deployment", "object": null, "old": deployment(3), "facts": {"live": case.live}}) == case.want
}

test_deleted_without_a_color[note] if {
	some note, old in {
		"no label": {"spec": {"template": {"metadata": {"labels": {"app": "shop"}}}}},
		"null labels": {"spec": {"template": {"metadata": {"labels": null}}}},
		"nothing": {},
		"null": null,
	}
	messages({"operation": "DELETE", "kind": "Deployment", "object": null, "old": old, "facts": {"live": [carrier("", 3)]}}) == set()
}

test_deleted_service if {
	messages({"operation": "DELETE", "kind": "Service", "object": null, "old": {}, "facts": {"live": [carrier("blue", 3)]}}) == set()
}

test_replicas[note] if {
	some note, case in {
		"to 0": {"from": 4, "to": 0, "want": {"scaled-away"}},
		"below half": {"from": 4, "to": 1, "want": {"scaled-hard"}},
		"to half": {"from": 4, "to": 2, "want": set()},
		"unchanged": {"from": 4, "to": 4, "want": set()},
		"up": {"from": 4, "to": 9, "want": set()},
		"still 0": {"from": 0, "to": 0, "want": set()},
	}
	every kind in ["Deployment", "Scale"] {
		messages(scaled(kind, deployment(case.from), deployment(case.to), "ada")) == case.want
	}
}

test_absent_replicas if {
	bare := {"spec": {"template": {"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}}}}}

	# A Deployment without replicas has 1, a Scale without has 0.
	messages(scaled("Deployment", deployment(4), bare, "ada")) == {"scaled-hard"}
	messages(scaled("Scale", deployment(4), bare, "ada")) == {"scaled-away"}
	messages(scaled("Scale", deployment(4), {"spec": null}, "ada")) == {"scaled-away"}
	messages(scaled("Scale", deployment(4), {}, "ada")) == {"scaled-away"}
}

test_by_an_autoscaler if {
	hpa := "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	messages(scaled("Scale", deployment(4), deployment(1), hpa)) == set()
	messages(scaled("Scale", deployment(4), deployment(0), hpa)) == {"scaled-away"}
}

test_idle_scaled_to_0 if {
	messages(object.union(scaled("Scale", deployment(4), deployment(0), "ada"), {"facts": {"live": []}})) == set()
	messages(object.union(scaled("Scale", deployment(4), deployment(0), "ada"), {"facts": {"live": [carrier("blue", 0)]}})) == set()
}

# Behind a Service of which the Deployment's own selector does not hold every label.
test_relabelled[note] if {
	some note, case in {
		"the other color": {"labels": {"app": "shop", "tealgate.dev/color": "green"}, "want": {"relabelled"}},
		"without the color": {"labels": {"app": "shop"}, "want": {"relabelled"}},
		"no labels": {"labels": null, "want": {"relabelled"}},
		"one more": {"labels": {"app": "shop", "tealgate.dev/color": "blue", "tier": "web"}, "want": set()},
		"the same": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}, "want": set()},
	}
	new := {"spec": {"replicas": 4, "template": {"metadata": {"labels": case.labels}}}}
	messages(scaled("Deployment", deployment(4), new, "ada")) == case.want
	messages(object.union(scaled("Deployment", deployment(4), new, "ada"), {"facts": {"live": [carrier("blue", 0)]}})) == set()
}

test_relabelled_field if {
	new := {"spec": {"replicas": 4, "template": {"metadata": {"labels": {"app": "shop"}}}}}
	[found] := [v | some v in rule.violation] with input as scaled("Deployment", deployment(4), new, "ada")
	found.field == "spec.template.metadata.labels"
	found["with"].selector == "app=shop,tealgate.dev/color=blue"
}

managed_facts(live) := {"facts": {"live": live, "managed": {"by": "shop", "service": "shop"}}}

test_managed[note] if {
	some note, case in {
		"to 0": {"from": 4, "to": 0, "want": {"scaled-away"}},
		"below half": {"from": 4, "to": 1, "want": {"scaled-hard-managed"}},
		"to half": {"from": 4, "to": 2, "want": set()},
	}
	asked := object.union(scaled("Scale", deployment(case.from), deployment(case.to), "ada"), managed_facts([carrier("blue", 4)]))
	messages(asked) == case.want
}

test_managed_by_an_autoscaler if {
	hpa := "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	messages(object.union(scaled("Scale", deployment(4), deployment(1), hpa), managed_facts([carrier("blue", 4)]))) == set()
}

test_half if {
	asked := object.union(scaled("Scale", deployment(5), deployment(1), "ada"), managed_facts([carrier("blue", 5)]))
	{3} == {found["with"].half | some found in rule.violation} with input as object.union(asked, {"name": "shop-blue"})
}

test_deleted_managed if {
	asked := object.union({"operation": "DELETE", "kind": "Deployment", "object": null, "old": deployment(3)}, managed_facts([carrier("blue", 3)]))
	messages(asked) == {"deleted"}
}

test_deleted_managed_service[note] if {
	some note, case in {
		"managed": {"managed": {"by": "shop", "service": "shop"}, "want": {"service-deleted"}},
		"unmanaged": {"managed": {"by": ""}, "want": set()},
		"nobody knows": {"managed": {}, "want": set()},
		"null": {"managed": null, "want": set()},
	}
	messages({"operation": "DELETE", "kind": "Service", "name": "shop", "object": null, "old": {}, "facts": {"live": [], "managed": case.managed}}) == case.want
}

test_fields if {
	every found in rule.violation { found.field == "spec.replicas" } with input as scaled("Scale", deployment(4), deployment(0), "ada")
}

messages(asked) := found if {
	# regal ignore:with-outside-test-context
	found := {violation.message | some violation in rule.violation} with input as object.union({"namespace": "shop", "name": "shop-blue", "user": "ada"}, asked)
}

scaled(kind, old, new, user) := {
	"operation": "UPDATE",
	"kind": kind,
	"namespace": "shop",
	"name": "shop-blue",
	"user": user,
	"old": old,
	"object": new,
	"facts": {"live": [carrier("blue", 4)]},
}

deployment(replicas) := {"spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "shop", "tealgate.dev/color": "blue"}}}}}

carrier(color, ready) := {
	"name": "shop",
	"color": color,
	"ready": ready,
	"workloads": ["shop-blue"],
	"selector": {"app": "shop", "tealgate.dev/color": color},
}
