package tealgate.lib.traffic_test

import data.tealgate.lib.traffic

test_absent_fields_are_empty_values[note] if {
	some note, content in {
		"nothing": {},
		"null spec and labels": {"metadata": {"labels": null}, "spec": null},
		"null metadata and selector": {"metadata": null, "spec": {"selector": null}},
		"a spec that is text": {"metadata": "x", "spec": "x"},
		"a deleted object": null,
	}
	given := {"kind": "Service", "operation": "UPDATE", "object": content, "old": content}
	seen := {
		"selector": traffic.selector,
		"old selector": traffic.old_selector,
		"color": traffic.color,
		"old color": traffic.old_color,
		"role": traffic.role,
		"old role": traffic.old_role,
	} with input as given
	seen == {"selector": {}, "old selector": {}, "color": "", "old color": "", "role": "", "old role": ""}
	not traffic.routes with input as given
	not traffic.coloured with input as given
	not traffic.selector_changed with input as given
}

test_only_a_service_that_stays_is_one[note] if {
	some note, case in {
		"created": {"given": {"kind": "Service", "object": {}}, "want": true},
		"deleted": {"given": {"kind": "Service", "object": null}, "want": false},
		"a Deployment": {"given": {"kind": "Deployment", "object": {}}, "want": false},
	}
	found := [true | traffic.is_service] with input as case.given
	count(found) == 1 == case.want
}

test_role[note] if {
	some note, case in {
		"preview": {"labels": {"tealgate.dev/role": "preview"}, "want": "preview"},
		"metrics": {"labels": {"tealgate.dev/role": "metrics"}, "want": "metrics"},
		"a role that nobody knows is none": {"labels": {"tealgate.dev/role": "Preview"}, "want": ""},
		"no role": {"labels": {"app": "shop"}, "want": ""},
	}
	role := traffic.role with input as {"object": {"metadata": {"labels": case.labels}}}
	role == case.want
}

test_ExternalName_ignores_its_selector if {
	selector := {"app": "shop", "tealgate.dev/color": "blue"}
	given := {"operation": "UPDATE", "object": {"spec": {"type": "ExternalName", "selector": selector}}, "old": {"spec": {"selector": selector}}}
	traffic.selector == {} with input as given
	traffic.color == "" with input as given
	not traffic.routes with input as given
	traffic.selector_changed with input as given
	traffic.old_color == "blue" with input as given
}

test_narrowed[note] if {
	some note, case in {
		"a color is added": {"old": {"app": "shop"}, "new": {"app": "shop", "tealgate.dev/color": "blue"}, "want": true},
		"a color and a key are added": {
			"old": {"app": "shop"},
			"new": {"app": "shop", "tier": "web", "tealgate.dev/color": "blue"},
			"want": false,
		},
		"a color comes for a key": {"old": {"app": "shop"}, "new": {"tealgate.dev/color": "blue"}, "want": false},
		"a color where there was no selector": {"old": {}, "new": {"tealgate.dev/color": "blue"}, "want": false},
		"a color where it was empty": {
			"old": {"app": "shop", "tealgate.dev/color": ""},
			"new": {"app": "shop", "tealgate.dev/color": "blue"},
			"want": false,
		},
		"another color": {
			"old": {"app": "shop", "tealgate.dev/color": "blue"},
			"new": {"app": "shop", "tealgate.dev/color": "green"},
			"want": false,
		},
		"an empty color is added": {"old": {"app": "shop"}, "new": {"app": "shop", "tealgate.dev/color": ""}, "want": false},
		"nothing changes": {"old": {"app": "shop"}, "new": {"app": "shop"}, "want": false},
	}
	found := [true | traffic.narrowed] with input as {
		"operation": "UPDATE",
		"object": {"spec": {"selector": case.new}},
		"old": {"spec": {"selector": case.old}},
	}
	count(found) == 1 == case.want
}

test_selects[note] if {
	some note, case in {
		"all keys": {"selector": {"app": "shop", "tier": "web"}, "labels": {"app": "shop", "tier": "web", "x": "y"}, "want": true},
		"another value": {"selector": {"app": "shop"}, "labels": {"app": "other"}, "want": false},
		"a key is absent": {"selector": {"app": "shop", "tier": "web"}, "labels": {"app": "shop"}, "want": false},
		"an empty value wants the key": {"selector": {"app": ""}, "labels": {}, "want": false},
		"an empty value": {"selector": {"app": ""}, "labels": {"app": ""}, "want": true},
		"an empty selector selects nothing": {"selector": {}, "labels": {"app": "shop"}, "want": false},
	}
	found := [true | traffic.selects(case.selector, case.labels)]
	count(found) == 1 == case.want
}

test_pods_that_terminate_do_not_count if {
	given := {"facts": {"selected": {"pods": [
		{"name": "a", "color": "blue", "ready": true, "terminating": false},
		{"name": "b", "color": "blue", "ready": false, "terminating": false},
		{"name": "c", "color": "", "ready": false, "terminating": false},
		{"name": "d", "color": "green", "ready": false, "terminating": true},
	]}}}
	[pod.name | some pod in traffic.pods] == ["a", "b", "c"] with input as given
	[pod.name | some pod in traffic.ready_pods] == ["a"] with input as given
	traffic.pod_colors == {"blue"} with input as given
}

test_live[note] if {
	some note, case in {
		"it pins a color": {"new": {"app": "shop", "tealgate.dev/color": "blue"}, "old": {}, "pods": [], "role": "", "want": true},
		"it pinned a color": {"new": {"app": "shop"}, "old": {"tealgate.dev/color": "blue"}, "pods": [], "role": "", "want": true},
		"its pods have a color": {"new": {"app": "shop"}, "old": {}, "pods": ["blue"], "role": "", "want": true},
		"its pods have none": {"new": {"app": "shop"}, "old": {}, "pods": [""], "role": "", "want": false},
		"it is a preview": {"new": {"tealgate.dev/color": "blue"}, "old": {}, "pods": ["blue"], "role": "preview", "want": false},
	}
	found := [true | traffic.live] with input as {
		"kind": "Service",
		"operation": "UPDATE",
		"object": {"metadata": {"labels": {"tealgate.dev/role": case.role}}, "spec": {"selector": case.new}},
		"old": {"spec": {"selector": case.old}},
		"facts": {"selected": {"pods": [{"color": color, "terminating": false} | some color in case.pods]}},
	}
	count(found) == 1 == case.want
}

test_written if {
	traffic.written({"tier": "web", "app": "shop", "version": 2}) == "app=shop,tier=web,version=2"
	traffic.written({}) == ""
}

test_some_names if {
	traffic.some_names([]) == {"en": "", "zh": ""}
	traffic.some_names(["a", "b", "c"]) == {"en": "a, b, c", "zh": "a、b、c"}
	traffic.some_names(["a", "b", "c", "d", "e"]) == {"en": "a, b, c and 2 more", "zh": "a、b、c 等 5 个"}
}
