package tealgate.lib.workload_test

import data.tealgate.lib.workload

test_app[note] if {
	some note, case in {
		"the recommended label": {"labels": {"app.kubernetes.io/name": "shop", "app": "x"}, "name": "y", "want": "shop"},
		"the short label": {"labels": {"app": "shop"}, "name": "y", "want": "shop"},
		"the name without its color": {"labels": {"app": null}, "name": "shop-green", "want": "shop"},
		"nothing": {"labels": null, "name": "", "want": "app"},
	}
	workload.app == case.want with input as named(case.name, case.labels)
}

test_proposed_name[app] if {
	some app, want in {"shop": "shop-config", "Shop_API": "shop-api-config", "1.2": "1-2-config"}
	workload.proposed_name("config") == want with input as named("x", {"app": app})
}

test_kubectl[namespace] if {
	some namespace, want in {"shop": "kubectl -n shop", "": "kubectl"}
	workload.kubectl == want with input as {"namespace": namespace}
}

test_without_colors[note] if {
	some note, manifest in {
		"declined": {"metadata": {"annotations": {"tealgate.dev/blue-green": "disabled"}}},
		"no traffic": {"spec": {"template": {"metadata": {"annotations": {"tealgate.dev/traffic": "none"}}}}},
	}
	workload.without_colors with input as {"object": manifest}
}

test_colors_by_default[note] if {
	some note, manifest in {
		"absent": {},
		"null": {"metadata": null, "spec": null},
		"null annotations": {"metadata": {"annotations": null}},
		"a deleted object": null,
	}
	not workload.without_colors with input as {"object": manifest}
}

test_as_text[note] if {
	some note, case in {
		"text": ["a", "a"],
		"a number": [1.5, "1.5"],
		"a boolean": [true, "true"],
		"null": [null, ""],
		"a list": [["a"], ""],
	}
	workload.as_text(case[0]) == case[1]
}

test_shown_fits_a_sentence if {
	workload.shown("say \"hi\"\n  there ") == "say 'hi' there"
	count(workload.shown(concat("", ["a" | some _ in numbers.range(1, 500)]))) == 103
}

named(name, labels) := {"name": name, "object": {"spec": {"template": {"metadata": {"labels": labels}}}}}

# Who is excused is told by the settings, and nobody is without them.
test_injected_sidecars[note] if {
	some note, case in {
		"listed": {"settings": {"sidecars": ["proxy"]}, "want": {"web"}},
		"not listed": {"settings": {"sidecars": []}, "want": {"proxy", "web"}},
		"absent": {"settings": {}, "want": {"proxy", "web"}},
	}
	running := workload.running with input as {
		"settings": case.settings,
		"object": {"spec": {"template": {"spec": {"containers": [{"name": "proxy"}, {"name": "web"}]}}}},
	}
	{entry.name | some entry in running} == case.want
}
