package tealgate.rules.selector_pins_color_test

test_services[note] if {
	some note, case in {
		"one color, pinned": {"new": color("blue"), "pods": [pod("a", "blue")], "want": set()},
		"one color, unpinned": {"new": {"app": "shop"}, "pods": [pod("a", "blue")], "want": {"unpinned"}, "created": set()},
		"two colors, unpinned": {"new": {"app": "shop"}, "pods": [pod("a", "blue"), pod("b", "green")], "want": {"unpinned"}},
		"coloured and uncoloured pods": {"new": {"app": "shop"}, "pods": [pod("a", ""), pod("b", "green")], "want": {"unpinned"}},
		"an empty color": {"new": color(""), "pods": [pod("a", "blue")], "want": {"unpinned"}, "created": {"unpinned"}},
		"pods of an unknown color": {"new": {"app": "shop"}, "pods": [pod("a", "red")], "want": {"unpinned"}},
		"headless": {
			"new": {"app": "shop"},
			"spec": {"clusterIP": "None"},
			"pods": [pod("a", "blue")],
			"want": {"unpinned"},
			"created": set(),
		},
		"a selector of nothing but a color": {"new": {"tealgate.dev/color": "blue"}, "pods": [pod("a", "blue")], "want": set()},
		"no pods yet": {"new": {"app": "shop"}, "pods": [], "want": set()},
		"uncoloured pods": {"new": {"app": "db"}, "pods": [pod("a", "")], "want": set()},
		"coloured pods that terminate": {"new": {"app": "shop"}, "pods": [terminating(pod("a", "blue"))], "want": set()},
		"color red": {"new": color("red"), "pods": [], "want": {"unknown"}},
		"color Blue": {"new": color("Blue"), "pods": [], "want": {"unknown"}},
		"a color that is a number": {"new": color(1), "pods": [], "want": {"unknown"}},
		"color red on a preview": {"new": color("red"), "role": "preview", "pods": [], "want": {"unknown"}},
		"a preview sees both": {
			"new": {"app": "shop"},
			"role": "preview",
			"pods": [pod("a", "blue"), pod("b", "green")],
			"want": set(),
		},
		"metrics see both": {"new": {"app": "shop"}, "role": "metrics", "pods": [pod("a", "blue"), pod("b", "green")], "want": set()},
		"an unknown role sees one": {
			"new": {"app": "shop"},
			"role": "canary",
			"pods": [pod("a", "blue")],
			"want": {"unpinned"},
			"created": set(),
		},
		"workers without traffic": {"new": {"app": "shop"}, "pods": [worker("a")], "want": {"without-traffic"}},
		"workers without traffic for metrics": {
			"new": {"app": "shop"},
			"role": "metrics",
			"pods": [worker("a")],
			"want": {"without-traffic"},
		},
		"workers that terminate": {"new": {"app": "shop"}, "pods": [terminating(worker("a"))], "want": set()},
		"another declaration of traffic": {
			"new": {"app": "shop"},
			"pods": [object.union(worker("a"), {"traffic": "some"})],
			"want": set(),
		},
		"no selector": {"new": {}, "pods": [], "want": set()},
		"null selector": {"new": null, "pods": [], "want": set()},
		"ExternalName": {"new": color("red"), "spec": {"type": "ExternalName"}, "pods": [], "want": set()},
	}
	messages(created(case)) == object.get(case, "created", case.want)
	messages(update(case, {"old": case.new, "role": object.get(case, "role", "")})) == case.want
}

# A new Service over one color is pinned by tealgate; over two nobody could tell to which.
test_created_before_or_beside_its_pods[note] if {
	some note, case in {
		"one color to come": {"coming": ["blue"], "pods": [], "want": set()},
		"two colors to come": {"coming": ["blue", "green"], "pods": [], "want": {"unpinned"}},
		"one is there, another to come": {"coming": ["blue", "green"], "pods": [pod("a", "blue")], "want": {"unpinned"}},
		"the same is there and to come": {"coming": ["blue"], "pods": [pod("a", "blue")], "want": set()},
		"a color that nobody knows is to come": {"coming": ["red"], "pods": [], "want": {"unpinned"}},
		"pods without a color, and one to come": {"coming": ["blue"], "pods": [pod("a", "")], "want": {"unpinned"}},
		"nothing is to come": {"coming": [], "pods": [], "want": set()},
		"a preview, two colors to come": {"coming": ["blue", "green"], "pods": [], "role": "preview", "want": set()},
		"more pods than were read": {"coming": ["blue"], "pods": [pod("a", "blue")], "truncated": true, "want": {"unpinned"}},
	}
	messages(created(object.union({"new": {"app": "shop"}}, case))) == case.want
}

test_words_of_what_is_to_come if {
	[both] := [v | some v in violations(created({"new": {"app": "shop"}, "pods": [], "coming": ["blue", "green"]}))]
	both["with"].are_en == "are going to be"
	both["with"].are_zh == "将是"
	both["with"].colors_en == "blue and green"
	both["with"].both_en == "Both would answer at the same time."
	both["with"].color == "blue"

	[green] := [v | some v in violations(created({"new": {"app": "shop"}, "pods": [pod("a", "")], "coming": ["green"]}))]
	green["with"].color == "green"
}

test_changes[note] if {
	some note, case in {
		"the color goes over coloured pods": {"old": color("blue"), "new": {"app": "shop"}, "pods": [pod("a", "blue")], "want": {"unpinned"}},
		"the color goes over uncoloured pods": {"old": color("blue"), "new": {"app": "db"}, "pods": [pod("a", "")], "want": {"lost"}},
		"the color goes over no pods": {"old": color("blue"), "new": {"app": "shop"}, "pods": [], "want": {"lost"}},
		"unpinned, and leaves the blue pods that serve": {
			"old": {"app": "shop"},
			"new": {"app": "db"},
			"serves": ["blue"],
			"pods": [pod("a", "")],
			"want": {"lost"},
		},
		"the color is emptied": {"old": color("blue"), "new": color(""), "pods": [], "want": {"lost"}},
		"an unknown color goes": {"old": color("red"), "new": {"app": "shop"}, "pods": [], "want": set()},
		"the selector goes": {"old": color("blue"), "new": {}, "pods": [], "want": set()},
		"a preview loses its color": {"old": color("blue"), "new": {"app": "shop"}, "role": "preview", "was": "preview", "pods": [], "want": set()},
		"the color comes": {"old": {"app": "shop"}, "new": color("blue"), "pods": [pod("a", "blue")], "want": set()},
		"a live Service becomes a preview": {"new": color("blue"), "role": "preview", "pods": [], "want": {"became-role"}},
		"a live Service becomes metrics": {"new": color("blue"), "role": "metrics", "pods": [], "want": {"became-role"}},
		"it becomes a preview and loses its color": {
			"old": color("blue"),
			"new": {"app": "shop"},
			"role": "preview",
			"pods": [],
			"want": {"became-role"},
		},
		"it becomes a preview and loses its selector": {
			"old": color("blue"),
			"new": {},
			"role": "preview",
			"pods": [],
			"want": {"became-role"},
		},
		"an unpinned Service over coloured pods becomes a preview": {
			"new": {"app": "shop"},
			"role": "preview",
			"pods": [pod("a", "blue")],
			"want": {"became-role"},
		},
		"a live Service becomes a preview while nothing is ready": {
			"new": color("blue"),
			"role": "preview",
			"ready": 0,
			"pods": [pod("a", "blue")],
			"want": {"became-role"},
		},
		"it does while it has no pods": {"new": color("blue"), "role": "preview", "ready": 0, "pods": [], "want": {"became-role"}},
		"it moves too while nothing is ready": {
			"old": color("blue"),
			"new": color("green"),
			"role": "preview",
			"ready": 0,
			"pods": [],
			"want": {"became-role"},
		},
		"one of an unknown color becomes a preview": {
			"old": color("red"),
			"new": color("blue"),
			"role": "preview",
			"ready": 0,
			"pods": [],
			"want": set(),
		},
		"one that pins nothing becomes a preview while nothing is ready": {
			"new": {"app": "shop"},
			"role": "preview",
			"ready": 0,
			"pods": [pod("a", "blue")],
			"want": set(),
		},
		"a Service of uncoloured pods becomes metrics": {"new": {"app": "db"}, "role": "metrics", "pods": [pod("a", "")], "want": set()},
		"a preview stays one": {"new": color("blue"), "role": "preview", "was": "preview", "pods": [], "want": set()},
		"a preview becomes metrics": {"new": color("blue"), "role": "metrics", "was": "preview", "pods": [], "want": set()},
		"a preview goes live": {"new": color("blue"), "role": "", "was": "preview", "pods": [], "want": set()},
		"a preview over both goes live": {
			"new": {"app": "shop"},
			"role": "",
			"was": "preview",
			"pods": [pod("a", "blue"), pod("b", "green")],
			"want": {"unpinned"},
		},
		"an unknown role comes": {"new": color("blue"), "role": "canary", "pods": [], "want": set()},
	}
	given := update(case, {"old": object.get(case, "old", case.new), "role": object.get(case, "was", "")})
	messages(given) == case.want
}

test_a_role_at_creation_is_free if {
	messages(created({"new": color("blue"), "role": "preview", "pods": []})) == set()
}

# The cure is the whole selector: it replaces the one in the manifest, and is
# admitted as it stands.
test_cure[note] if {
	some note, case in {
		"every key stays": {
			"new": {"tier": "web", "app": "shop"},
			"pods": [pod("a", "blue")],
			"want": {"app": "shop", "tier": "web", "tealgate.dev/color": "blue"},
		},
		"what YAML would misread is quoted": {
			"new": {"app": "1.0", "on": "true", "0": "", "release": "1e3"},
			"pods": [pod("a", "blue")],
			"want": {"app": "1.0", "on": "true", "0": "", "release": "1e3", "tealgate.dev/color": "blue"},
		},
		"an empty color is replaced": {
			"new": color(""),
			"pods": [pod("a", "blue")],
			"want": color("blue"),
		},
		"the color with most ready pods": {
			"new": {"app": "shop"},
			"pods": [pod("a", "blue"), pod("b", "green"), pod("c", "green")],
			"want": color("green"),
		},
		"blue in doubt": {"new": {"app": "shop"}, "pods": [pod("a", "green"), pod("b", "blue")], "want": color("blue")},
		"the only color, though not ready": {"new": {"app": "shop"}, "pods": [unready(pod("a", "green"))], "want": color("green")},
		"never an unknown color": {"new": {"app": "shop"}, "pods": [pod("a", "red")], "want": color("blue")},
		"the color that was pinned": {
			"old": color("green"),
			"new": {"app": "shop"},
			"pods": [pod("a", "blue"), pod("b", "blue")],
			"want": color("green"),
		},
		"the color that was lost": {"old": color("green"), "new": {"app": "shop"}, "pods": [], "want": color("green")},
	}
	given := update(case, {"old": object.get(case, "old", {}), "role": ""})
	[violation] := [v | some v in violations(given)]
	selector := yaml.unmarshal(violation["with"].selector)
	selector == case.want
	messages(update(object.union(object.remove(case, ["new"]), {"new": selector}), {"old": object.get(case, "old", {}), "role": ""})) == set()
}

test_words_of_unpinned if {
	selector := {"app": "shop", "tier": "web"}
	[one] := [v | some v in violations(update({"new": selector, "pods": [pod("a", "blue")]}, {"old": selector, "role": ""}))]
	one.subject == "selector app=shop,tier=web"
	one["with"].colors_en == "blue"
	one["with"].are_en == "are"
	one["with"].selector == "app: shop\ntier: web\ntealgate.dev/color: blue"
	one["with"].guess == true
	one["with"].both_en == "The other color would answer beside it as soon as it is deployed."

	[both] := [v | some v in violations(created({"new": {"app": "shop"}, "pods": [pod("a", "green"), pod("b", "blue")]}))]
	both["with"].colors_en == "blue and green"
	both["with"].colors_zh == "blue 和 green"
	both["with"].both_en == "Both would answer at the same time."

	[was] := [v | some v in violations(update({"new": {"app": "shop"}, "pods": [pod("a", "blue")]}, {"old": color("blue"), "role": ""}))]
	was["with"].guess == false
}

test_words_of_without_traffic if {
	[violation] := [v | some v in violations(created({"new": {"app": "shop"}, "pods": [worker(name) | some name in ["a", "b", "c", "d"]]}))]
	violation["with"] == {"pods_en": "a, b, c and 1 more", "pods_zh": "a、b、c 等 4 个"}
}

test_deployments[note] if {
	some note, case in {
		"a second color while the Service is unpinned": {"labels": color("green"), "services": [service("")], "pair": [side("blue")], "want": {"second-color"}},
		"blue beside green": {"labels": color("blue"), "services": [service("")], "pair": [side("green")], "want": {"second-color"}},
		"a second color while the Service is pinned": {"labels": color("green"), "services": [service("blue")], "pair": [side("blue")], "want": set()},
		"the same color": {"labels": color("blue"), "services": [service("")], "pair": [side("blue")], "want": set()},
		"the first color": {"labels": color("blue"), "services": [service("")], "pair": [], "want": set()},
		"beside pods without color": {"labels": color("blue"), "services": [service("")], "pair": [side("")], "want": set()},
		"a side that is not live": {
			"labels": color("green"),
			"services": [service("")],
			"pair": [object.union(side("blue"), {"live": false})],
			"want": set(),
		},
		"an unpinned preview": {
			"labels": color("green"),
			"services": [object.union(service(""), {"role": "preview"})],
			"pair": [side("blue")],
			"want": set(),
		},
		"a color while colors are declined": {
			"labels": color("green"),
			"annotations": {"tealgate.dev/blue-green": "disabled"},
			"services": [service("")],
			"pair": [side("blue")],
			"want": {"second-color"},
		},
		"no color": {"labels": {"app": "shop"}, "services": [service("")], "pair": [side("blue")], "want": set()},
		"null labels": {"labels": null, "services": [service("")], "pair": [side("blue")], "want": set()},
		"an unknown color": {"labels": color("red"), "services": [service("")], "pair": [side("blue")], "want": set()},
		"a worker that a Service selects": {
			"labels": {"app": "shop"},
			"traffic": "none",
			"services": [service("")],
			"pair": [],
			"want": {"selected-worker"},
		},
		"a worker that a preview selects": {
			"labels": color("green"),
			"traffic": "none",
			"services": [object.union(service("green"), {"role": "preview"})],
			"pair": [side("blue")],
			"want": {"selected-worker"},
		},
		"a worker whose color no Service asks for": {
			"labels": color("green"),
			"traffic": "none",
			"services": [service("blue")],
			"pair": [side("blue")],
			"want": set(),
		},
		"a worker without a Service": {"labels": {"app": "shop"}, "traffic": "none", "services": [], "pair": [], "want": set()},
		"another declaration of traffic": {"labels": {"app": "shop"}, "traffic": "some", "services": [service("")], "pair": [], "want": set()},
	}
	messages(deployment(case)) == case.want
}

test_words_of_second_color if {
	[violation] := [v | some v in violations(deployment({"labels": color("green"), "services": [service("")], "pair": [side("blue")]}))]
	violation.subject == "Service shop"
	violation["with"] == {
		"service": "shop",
		"kubectl": "kubectl -n shop",
		"name": "shop-green",
		"color": "green",
		"present": "blue",
		"other": "shop-blue",
	}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"no input": {},
		"a deleted Service": object.union(created({"new": color("red"), "pods": []}), {"operation": "DELETE", "object": null}),
		"a deleted Deployment": object.union(
			deployment({"labels": color("green"), "services": [service("")], "pair": [side("blue")]}),
			{"operation": "DELETE", "object": null},
		),
		"a Scale": object.union(created({"new": color("red"), "pods": []}), {"kind": "Scale"}),
		"a Service without anything": {"kind": "Service", "operation": "CREATE", "object": {}, "old": null},
		"a Service with a null spec": {"kind": "Service", "operation": "UPDATE", "object": {"spec": null}, "old": {"spec": null}},
		"a Deployment without anything": {"kind": "Deployment", "operation": "CREATE", "object": {}, "old": null},
		"a Deployment with a null spec": {"kind": "Deployment", "operation": "CREATE", "object": {"spec": null}, "old": null},
	}
	messages(given) == set()
}
