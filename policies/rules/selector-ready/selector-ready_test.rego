package tealgate.rules.selector_ready_test

# The selector moves from one to another; what is not said is a switch from blue,
# which serves with three, to green.
test_moves[note] if {
	some note, case in {
		"1 ready of 3": {"pods": [ready("a"), waiting("b"), waiting("c")], "want": {"not-ready"}},
		"2 ready of 3": {"pods": [ready("a"), ready("b"), waiting("c")], "want": {"not-ready"}},
		"3 ready of 3": {"pods": three, "want": set()},
		"3 ready and one more that is not": {"pods": array.concat(three, [waiting("d")]), "want": set()},
		"2 ready and no more": {"pods": [ready("a"), ready("b")], "want": {"too-few"}},
		"no pods": {"pods": [], "want": {"no-pods"}},
		"terminating pods are not counted": {"pods": [ready("a"), ready("b"), terminating("c")], "want": {"too-few"}},
		"only terminating pods": {"pods": [terminating("a"), terminating("b")], "want": {"no-pods"}},
		"nothing serves and one is ready": {"pods": [ready("a"), waiting("b")], "serving": serving(0), "want": set()},
		"nothing serves and none is ready": {"pods": [waiting("a")], "serving": serving(0), "want": {"not-ready"}},
		"nothing serves and no pods": {"pods": [], "serving": serving(0), "want": {"no-pods"}},
		"pods of two versions": {"pods": [ready("a"), ready("b"), with_version(ready("c"), "1.5.0")], "want": {"versions"}},
		"an unready pod of another version": {
			"pods": array.concat(three, [with_version(waiting("d"), "1.5.0")]),
			"want": {"versions"},
		},
		"a terminating pod of another version": {
			"pods": array.concat(three, [with_version(terminating("d"), "1.3.0")]),
			"want": set(),
		},
		"pods without version": {"pods": [ready("a"), ready("b"), with_version(ready("c"), "")], "want": {"unlabelled"}},
		"no selector before": {"old": {}, "serving": serving(0), "pods": [waiting("a")], "want": {"not-ready"}},
		"addresses by hand before": {"old": {}, "serving": addresses(3), "pods": [ready("a")], "want": {"too-few"}},
		"addresses by hand, and a selector of nothing but a color": {
			"old": {},
			"new": {"tealgate.dev/color": "green"},
			"serving": addresses(3),
			"pods": [ready("a")],
			"want": {"too-few"},
		},
		"another key, same color": {"old": {"app": "web", "tealgate.dev/color": "green"}, "pods": [ready("a")], "want": {"too-few"}},
		"an unknown color is judged as well": {"new": color("red"), "pods": [], "want": {"no-pods"}},
		"the color is lost over uncoloured pods": {
			"new": {"app": "shop"},
			"pods": [uncoloured(waiting("a"))],
			"want": {"not-ready"},
		},
		"the color is lost over no pods": {"new": {"app": "shop"}, "pods": [], "want": {"no-pods"}},
		"the color is empty": {"new": color(""), "pods": [], "want": {"no-pods"}},
		"uncoloured to coloured": {"old": {"app": "legacy"}, "pods": [waiting("a")], "want": {"not-ready"}},
		"StatefulSet pods without color": {
			"old": {"app": "db"},
			"new": {"app": "db", "shard": "1"},
			"pods": [uncoloured(waiting("a"))],
			"want": set(),
		},
		"more pods than are read": {"pods": three, "truncated": true, "want": {"truncated"}},
		"more pods than are read, some not ready": {"pods": [ready("a"), waiting("b")], "truncated": true, "want": {"truncated"}},
		"more endpoints than are read": {
			"pods": three,
			"serving": object.union(serving(3), {"truncated": true}),
			"want": {"truncated"},
		},
	}
	messages(update(case, {}, {})) == case.want
}

# Traffic was moved from green 1.4.0 to blue, which serves with three, and moves back.
test_going_back[note] if {
	some note, case in {
		"one ready": {"pods": [ready("a")], "want": set()},
		"one ready and one that is not": {"pods": [ready("a"), waiting("b")], "want": set()},
		"none ready": {"pods": [waiting("a")], "want": {"not-ready"}},
		"no pods": {"pods": [], "want": {"no-pods"}},
		"only terminating pods": {"pods": [terminating("a")], "want": {"no-pods"}},
		"no record": {"pods": [ready("a")], "record": "", "want": {"too-few"}},
		"a record of nothing": {"pods": [ready("a")], "record": "yes", "want": {"too-few"}},
		"a record of no version": {"pods": [ready("a")], "record": "from green to blue", "want": {"too-few"}},
		"without what was moved to": {"pods": [ready("a")], "record": "from green 1.4.0 to blue", "want": set()},
		"another version": {"pods": [with_version(ready("a"), "1.5.0")], "want": {"too-few"}},
		"another version beside it": {"pods": [ready("a"), with_version(waiting("b"), "1.5.0")], "want": {"versions", "not-ready"}},
		"no version": {"pods": [with_version(ready("a"), "")], "want": {"too-few", "unlabelled"}},
		"a record of the move before": {"pods": [ready("a")], "record": "from blue 1.3.0 to green 1.4.0", "want": {"too-few"}},
		"of another application": {
			"pods": [ready("a")],
			"old": {"app": "web", "tealgate.dev/color": "blue"},
			"want": {"too-few"},
		},
		"more pods than are read": {"pods": [ready("a")], "truncated": true, "want": {"truncated"}},
	}
	messages(back(case)) == case.want
}

# What was a preview does not go back to anything.
test_a_preview_goes_back_nowhere if {
	was_preview := object.union(back({"pods": [ready("a")]}), {"old": {"metadata": {"labels": {"tealgate.dev/role": "preview"}}}})
	messages(was_preview) == {"too-few"}
}

# A color is added to a selector that had none, as the cure of selector-pins-color
# asks. Both colors serve: blue with a, b, c and green with x, y.
test_narrowing[note] if {
	some note, case in {
		"to the color that serves with most": {"pods": three, "serving": both, "want": set()},
		"to the color that serves with fewer": {"pods": [ready("x"), ready("y")], "serving": both, "want": {"too-few"}},
		"to a color that serves as much": {
			"pods": [ready("x"), ready("y")],
			"serving": pods_serving(["a", "b", "x", "y"]),
			"want": set(),
		},
		"to a color that is not ready": {"pods": [waiting("x")], "serving": serving(3), "want": {"not-ready"}},
		"to a color without pods": {"pods": [], "serving": serving(3), "want": {"no-pods"}},
		"to the only color": {"pods": three, "serving": serving(3), "want": set()},
		"to the only color, whose rollout is under way": {
			"pods": [ready("a"), with_version(ready("b"), "1.5.0"), with_version(waiting("c"), "1.5.0")],
			"serving": pods_serving(["a", "b"]),
			"want": set(),
		},
		"to the only color, without version": {"pods": [with_version(ready("a"), "")], "serving": pods_serving(["a"]), "want": set()},
		"beside uncoloured pods that serve with more": {
			"pods": [ready("x")],
			"serving": pods_serving(["a", "b", "x"]),
			"want": {"too-few"},
		},
		"while nothing serves": {"pods": [waiting("a")], "serving": serving(0), "want": set()},
		"while nothing serves and without pods": {"pods": [], "serving": serving(0), "want": set()},
		"while nothing serves, and more pods than are read": {
			"pods": [waiting("a")],
			"serving": serving(0),
			"truncated": true,
			"want": set(),
		},
		"more pods than are read": {"pods": three, "serving": both, "truncated": true, "want": {"truncated"}},
	}
	given := update(object.union(case, {"old": {"app": "shop"}}), {}, local_sessions)
	messages(given) - {"numeric-port"} == case.want
}

# Without a color in its selector a Service may serve one all the same.
test_unpinned_service_that_serves_blue[note] if {
	some note, case in {
		"emptied": {"spec": {"selector": null}, "want": {"emptied"}},
		"to ExternalName": {"spec": external, "want": {"external-name"}},
		"to nothing": {"spec": {"selector": {"app": "gone"}}, "want": {"no-pods"}},
	}
	given := object.union(
		update({"old": {"app": "shop"}, "pods": []}, {}, case.spec),
		{"facts": {"serving": object.union(serving(3), {"colors": ["blue"]})}},
	)
	messages(given) == case.want
}

test_changes_beside_the_selector[note] if {
	some note, case in {
		"metadata only": {"old": {}, "new": {}, "want": set()},
		"named targetPort that all pods declare": {"old": targets("http"), "new": targets("admin"), "want": set()},
		"named targetPort that pods do not declare": {"old": targets("http"), "new": targets("grpc"), "want": {"port"}},
		"from a number to a name": {"old": targets(8080), "new": targets("grpc"), "want": {"port"}},
		"a name that was missing before": {"old": targets("grpc"), "new": targets("grpc"), "want": set()},
		"a second port": {
			"old": targets("http"),
			"new": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": "grpc"}]},
			"want": {"port"},
		},
		"names change places": {
			"old": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": "grpc"}]},
			"new": {"ports": [{"port": 80, "targetPort": "grpc"}, {"port": 81, "targetPort": "http"}]},
			"want": {"port"},
		},
		"another protocol": {
			"old": {"ports": [{"port": 80, "targetPort": "grpc"}]},
			"new": {"ports": [{"port": 80, "protocol": "UDP", "targetPort": "grpc"}]},
			"want": {"port"},
		},
		"another number": {"old": targets(8080), "new": targets(9090), "want": {"numeric-port"}},
		"a number that stays": {"old": targets(8080), "new": targets(8080), "want": set()},
		"another nodePort": {
			"old": {"ports": [{"port": 80, "targetPort": "grpc", "nodePort": 30000}]},
			"new": {"ports": [{"port": 80, "targetPort": "grpc", "nodePort": 30001}]},
			"want": set(),
		},
		"ports that are none": {"old": {"ports": ["x", null]}, "new": {"ports": "x"}, "want": set()},
		"null ports": {"old": {"ports": null}, "new": {"ports": null}, "want": set()},
		"publishNotReadyAddresses": {"old": {}, "new": {"publishNotReadyAddresses": true}, "want": {"publishes-not-ready"}},
		"publishNotReadyAddresses false": {"old": {}, "new": {"publishNotReadyAddresses": false}, "want": set()},
		"publishNotReadyAddresses null": {"old": {}, "new": {"publishNotReadyAddresses": null}, "want": set()},
		"to ExternalName": {"old": {}, "new": external, "want": {"external-name"}},
		"to ExternalName, and the selector goes": {
			"old": {},
			"new": object.union(external, {"selector": null}),
			"want": {"external-name"},
		},
		"emptied selector": {"old": {}, "new": {"selector": {}}, "want": {"emptied"}},
		"null selector": {"old": {}, "new": {"selector": null}, "want": {"emptied"}},
		"null spec": {"old": {}, "new": null, "want": {"emptied"}},
		"Local that stays on its color": {"old": {}, "new": {"internalTrafficPolicy": "Local"}, "want": set()},
		"ClientIP that stays on its color": {"old": {}, "new": {"sessionAffinity": "ClientIP"}, "want": set()},
	}
	given := update({"old": color("blue"), "new": color("blue"), "pods": [with_ports(waiting("a")), with_ports(ready("b"))]}, case.old, case.new)
	messages(given) == case.want
}

test_from_ExternalName[note] if {
	some note, case in {
		"onto ready pods": {"pods": [ready("a")], "want": set()},
		"onto pods that are not": {"pods": [waiting("a")], "want": {"not-ready"}},
		"onto nothing": {"pods": [], "want": {"no-pods"}},
	}
	given := update({"old": color("green"), "pods": case.pods, "serving": serving(0)}, external, {"type": "ClusterIP"})
	messages(given) == case.want
}

test_switch_of_a_service_with[note] if {
	some note, case in {
		"a numeric targetPort": {"spec": targets(8080), "want": {"numeric-port"}},
		"no targetPort": {"spec": {"ports": [{"port": 8080}]}, "want": {"numeric-port"}},
		"a named targetPort that one pod lacks": {"spec": targets("http"), "want": {"port"}},
		"Local inside": {"spec": {"internalTrafficPolicy": "Local"}, "want": {"local-policy"}},
		"Local outside": {"spec": {"externalTrafficPolicy": "Local"}, "want": {"local-policy"}},
		"ClientIP": {"spec": {"sessionAffinity": "ClientIP"}, "want": {"session-affinity"}},
		"Cluster and None": {"spec": {"internalTrafficPolicy": "Cluster", "sessionAffinity": "None"}, "want": set()},
		"publishNotReadyAddresses": {"spec": {"publishNotReadyAddresses": true}, "want": {"publishes-not-ready"}},
		"no cluster address (headless)": {"spec": {"clusterIP": "None"}, "want": set()},
	}
	messages(update({"pods": [with_ports(ready("a")), with_ports(ready("b")), ready("c")]}, case.spec, case.spec)) == case.want
}

test_headless_is_judged_like_any_other if {
	messages(update({"pods": [waiting("a")]}, {"clusterIP": "None"}, {"clusterIP": "None"})) == {"not-ready"}
}

test_a_move_that_keeps_the_color_warns_of_no_switch if {
	moved := {"old": {"app": "web", "tealgate.dev/color": "green"}, "pods": three}
	messages(update(moved, local_sessions, local_sessions)) == {"numeric-port"}
}

# A preview that loses its role carries traffic from then on.
test_preview_becomes_live[note] if {
	some note, case in {
		"ready": {"pods": three, "want": set()},
		"not ready": {"pods": [waiting("a")], "want": {"not-ready"}},
		"no pods": {"pods": [], "want": {"no-pods"}},
	}
	given := object.union(
		update({"old": color("green"), "pods": case.pods, "serving": serving(0)}, {}, {}),
		{"old": {"metadata": {"labels": {"tealgate.dev/role": "preview"}}}},
	)
	messages(given) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"no input": {},
		"a deleted Service": object.union(update({"pods": []}, {}, {}), {"operation": "DELETE", "object": null}),
		"a Deployment": object.union(update({"pods": []}, {}, {}), {"kind": "Deployment"}),
		"a Service without anything": {"kind": "Service", "operation": "CREATE", "object": {}, "old": null},
		"a Service with a null spec": {"kind": "Service", "operation": "UPDATE", "object": {"spec": null}, "old": {"spec": null}},
	}
	messages(given) == set()
}

# The sentence of the design.
test_words_of_not_ready if {
	[violation] := [v | some v in violations(update({"pods": [ready("abcde"), waiting("fghij"), late("kl")]}, {}, {}))]
	violation.subject == "blue to green"
	violation.field == "spec.selector"
	violation["with"] == {
		"to_en": "green",
		"to_zh": "green",
		"ready": 1,
		"from_en": "blue serves with 3",
		"from_zh": "blue 正以 3 个 Pod 提供服务",
		"list": "shop-green-7d9f-fghij  web: ImagePullBackOff\nshop-green-7d9f-kl     web: running, not ready",
		"stays_en": "Traffic stays on blue.",
		"stays_zh": "流量仍在 blue。",
		"wait": "kubectl -n shop rollout status deployment/shop-green",
	}
}

test_words[note] if {
	some note, case in {
		"at most five pods are listed": {
			"given": update({"pods": [waiting(name) | some name in ["a", "b", "c", "d", "e", "f", "g"]]}, {}, {}),
			"key": "list",
			"want": concat("\n", array.concat(
				[sprintf("shop-green-7d9f-%s  web: ImagePullBackOff", [name]) | some name in ["a", "b", "c", "d", "e"]],
				["... (+2)"],
			)),
		},
		"one Deployment is scaled": {
			"given": update({"pods": [ready("a")]}, {}, {}),
			"key": "commands",
			"want": "kubectl -n shop scale deployment/shop-green --replicas=3\nkubectl -n shop rollout status deployment/shop-green",
		},
		"of two Deployments none is": {
			"given": update({"pods": [ready("a"), of("shop-green-2", ready("b"))]}, {}, {}),
			"key": "commands",
			"want": "kubectl -n shop rollout status deployment/shop-green\nkubectl -n shop rollout status deployment/shop-green-2",
		},
		"pods of nobody are waited for": {
			"given": update({"pods": [of("", ready("a"))]}, {}, {}),
			"key": "commands",
			"want": "kubectl -n shop wait pod --for=condition=Ready \\\n  -l app=shop,tealgate.dev/color=green",
		},
		"what narrowing takes away is what it needs": {
			"given": update({"old": {"app": "shop"}, "pods": [ready("x"), ready("y")], "serving": both}, {}, {}),
			"key": "needed",
			"want": 3,
		},
		"an unpinned Service has no color to stay on": {
			"given": update({"old": {"app": "shop"}, "pods": [], "serving": both}, {}, {}),
			"key": "stays_en",
			"want": "Nothing was changed.",
		},
		"an unpinned Service serves": {
			"given": update({"old": {"app": "shop"}, "pods": [], "serving": both}, {}, {}),
			"key": "from_en",
			"want": "the Service serves with 5",
		},
		"nothing stays where nothing serves": {
			"given": update({"pods": [], "serving": serving(0)}, {}, {}),
			"key": "stays_en",
			"want": "Nothing was changed.",
		},
		"one is enough where nothing serves": {
			"given": update({"pods": [], "serving": serving(0)}, {}, {}),
			"key": "from_en",
			"want": "nothing serves now, one is enough",
		},
		"one is enough to go back": {
			"given": back({"pods": [waiting("a")]}),
			"key": "from_en",
			"want": "blue serves with 3, and one is enough to go back",
		},
		"an external name serves": {
			"given": update({"pods": [], "serving": serving(0)}, external, {}),
			"key": "from_en",
			"want": "an external name serves now, one is enough",
		},
		"labels that no pod has": {
			"given": update({"pods": []}, {}, {}),
			"key": "selector",
			"want": "app=shop,tealgate.dev/color=green",
		},
		"no pods, and none that end": {"given": update({"pods": []}, {}, {}), "key": "some_end", "want": false},
		"pods that end are no pods": {"given": update({"pods": [terminating("a")]}, {}, {}), "key": "some_end", "want": true},
		"pods that end are counted": {"given": update({"pods": [terminating("a")]}, {}, {}), "key": "ending", "want": 1},
		"a selector without color has no name": {
			"given": update({"new": {"app": "shop"}, "pods": []}, {}, {}),
			"key": "to_en",
			"want": "the new selector",
		},
		"versions are counted": {
			"given": update({"pods": [ready("a"), ready("b"), with_version(ready("c"), "1.5.0")]}, {}, {}),
			"key": "versions",
			"want": ["1.4.0 (2)", "1.5.0 (1)"],
		},
		"names of ports that pods have": {
			"given": update({"pods": [with_ports(ready("a")), with_ports(ready("b")), with_ports(ready("c"))]}, targets("grpc"), targets("grpc")),
			"key": "names",
			"want": ["admin", "http"],
		},
	}
	[case.want] == [violation["with"][case.key] | some violation in violations(case.given)]
}
