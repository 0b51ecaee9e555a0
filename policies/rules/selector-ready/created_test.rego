# New Services.

package tealgate.rules.selector_ready_test

test_created[note] if {
	some note, case in {
		"over unready pods": {"spec": {"selector": color("green")}, "pods": [waiting("a")], "want": set()},
		"over no pods": {"spec": {"selector": color("green")}, "pods": [], "want": set()},
		"without selector": {"spec": {}, "pods": [], "want": set()},
		"ExternalName": {"spec": external, "pods": [], "want": set()},
		"ExternalName with a selector": {
			"spec": object.union(external, {"selector": color("green")}),
			"pods": [],
			"want": set(),
		},
		"with a port name that no pod has": {
			"spec": object.union(targets("http"), {"selector": color("green")}),
			"pods": [ready("a")],
			"want": {"port"},
		},
		"with a numeric port": {
			"spec": object.union(local_sessions, {"selector": color("green")}),
			"pods": [ready("a")],
			"want": set(),
		},
		"publishNotReadyAddresses over coloured pods": {
			"spec": {"selector": {"app": "shop"}, "publishNotReadyAddresses": true},
			"pods": [ready("a")],
			"want": {"publishes-not-ready"},
		},
		"publishNotReadyAddresses over a color": {
			"spec": {"selector": color("green"), "publishNotReadyAddresses": true},
			"pods": [],
			"want": {"publishes-not-ready"},
		},
		"publishNotReadyAddresses over uncoloured pods": {
			"spec": {"selector": {"app": "db"}, "clusterIP": "None", "publishNotReadyAddresses": true},
			"pods": [uncoloured(waiting("a"))],
			"want": set(),
		},
	}
	given := created(case.spec, case.pods)
	messages(given) == case.want
}

test_roles[note] if {
	some note, case in {
		"a preview moves freely": {"labels": {"tealgate.dev/role": "preview"}, "want": set()},
		"metrics move freely": {"labels": {"tealgate.dev/role": "metrics"}, "want": set()},
		"an unknown role is none": {"labels": {"tealgate.dev/role": "canary"}, "want": {"no-pods"}},
		"null labels": {"labels": null, "want": {"no-pods"}},
	}
	given := object.union(update({"pods": []}, {}, {}), {"object": {"metadata": {"labels": case.labels}}})
	messages(given) == case.want
}

# A Service that is made again over a color that is not ready, while the other is.
test_made_again[note] if {
	some note, case in {
		"green is not ready and blue is": {"pods": [waiting("a")], "beside": 3, "want": {"born-unready"}},
		"green has no pods and blue is ready": {"pods": [], "beside": 3, "want": {"born-unready"}},
		"green is ready": {"pods": [ready("a")], "beside": 3, "want": set()},
		"neither is ready, as on the first apply": {"pods": [waiting("a")], "beside": 0, "want": set()},
	}
	given := object.union(created({"selector": color("green")}, case.pods), {"facts": {"beside": case.beside}})
	messages(given) == case.want
	messages(object.union(given, {"object": {"metadata": {"labels": {"tealgate.dev/role": "preview"}}}})) == set()
	every violation in violations(given) {
		violation["with"].other == "blue"
	}
}

# A new Service that serves at once is asked for what a switch is; one that comes before
# its pods is not.
test_made_over_pods[note] if {
	some note, case in {
		"one version": {"pods": three, "want": set()},
		"two versions": {"pods": [ready("a"), with_version(ready("b"), "1.5.0")], "want": {"versions"}},
		"another version starts": {"pods": [ready("a"), with_version(waiting("b"), "1.5.0")], "want": {"versions"}},
		"another version ends": {"pods": [ready("a"), with_version(terminating("b"), "1.5.0")], "want": set()},
		"no version": {"pods": [with_version(ready("a"), "")], "want": set()},
		"no version on one, and it starts": {"pods": [ready("a"), with_version(waiting("b"), "")], "want": set()},
		"no pods": {"pods": [], "want": set()},
		"both versions start": {"pods": [waiting("a"), with_version(waiting("b"), "1.5.0")], "want": set()},
		"what starts has no version": {"pods": [with_version(waiting("a"), "")], "want": set()},
		"one starts, one ends": {"pods": [waiting("a"), with_version(terminating("b"), "1.5.0")], "want": set()},
		"no color in the selector": {"spec": {"selector": {"app": "shop"}}, "pods": [with_version(ready("a"), "")], "want": set()},
		"no selector": {"spec": {}, "pods": [with_version(ready("a"), "")], "want": set()},
	}
	given := created(object.get(case, "spec", {"selector": color("green")}), case.pods)
	messages(given) == case.want
	messages(object.union(given, {"object": {"metadata": {"labels": {"tealgate.dev/role": "preview"}}}})) == set()
	every violation in violations(given) {
		violation["with"].stays_en == "Nothing was created."
	}
}
