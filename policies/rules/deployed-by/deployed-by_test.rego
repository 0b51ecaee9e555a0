package tealgate.rules.deployed_by_test

import data.tealgate.rules.deployed_by as rule

test_created[note] if {
	some note, case in {
		"by the user": {"object": deployment("alice", "1.4.0"), "want": set()},
		"claimed": {"object": deployment("bob", "1.4.0"), "want": {"claimed"}},
		"in other letter case": {"object": deployment("Alice", "1.4.0"), "want": {"claimed"}},
		"not recorded": {"object": deployment("", "1.4.0"), "want": {"unrecorded"}},
		"null annotations": {"object": {"metadata": {"annotations": null}, "spec": {}}, "want": {"unrecorded"}},
		"null metadata": {"object": {"metadata": null, "spec": null}, "want": {"unrecorded"}},
		"nothing": {"object": {}, "want": {"unrecorded"}},
	}
	messages({"operation": "CREATE", "kind": "Deployment", "user": "alice", "object": case.object, "old": null}) == case.want
}

test_updated_by_alice[note] if {
	some note, case in {
		"own deployment again": {"old": deployment("alice", "1.4.0"), "object": deployment("alice", "1.5.0"), "want": set()},
		"after another": {"old": deployment("bob", "1.4.0"), "object": deployment("alice", "1.5.0"), "want": set()},
		"unchanged": {"old": deployment("bob", "1.4.0"), "object": deployment("bob", "1.4.0"), "want": set()},
		"unchanged, while the template changes": {"old": deployment("bob", "1.4.0"), "object": deployment("bob", "1.5.0"), "want": {"stale"}},
		"unchanged, while something else changes": {
			"old": deployment("bob", "1.4.0"),
			"object": object.union(deployment("bob", "1.4.0"), {"spec": {"replicas": 3}}),
			"want": set(),
		},
		"own, without a new template": {"old": deployment("bob", "1.4.0"), "object": deployment("alice", "1.4.0"), "want": set()},
		"claimed": {"old": deployment("bob", "1.4.0"), "object": deployment("carol", "1.5.0"), "want": {"claimed"}},
		"claimed where none was": {"old": deployment("", "1.4.0"), "object": deployment("carol", "1.4.0"), "want": {"claimed"}},
		"removed": {"old": deployment("bob", "1.4.0"), "object": deployment("", "1.4.0"), "want": {"removed"}},
		"removed with a new template": {"old": deployment("bob", "1.4.0"), "object": deployment("", "1.5.0"), "want": {"removed"}},
		"removed with all annotations": {
			"old": deployment("bob", "1.4.0"),
			"object": {"metadata": {"annotations": null}},
			"want": {"removed"},
		},
		"never recorded": {"old": deployment("", "1.4.0"), "object": deployment("", "1.5.0"), "want": {"unrecorded"}},
		"never recorded, and no new template": {"old": deployment("", "1.4.0"), "object": deployment("", "1.4.0"), "want": set()},
	}
	messages({"operation": "UPDATE", "kind": "Deployment", "user": "alice", "object": case.object, "old": case.old}) == case.want
}

test_not_asked[note] if {
	some note, given in {
		"no input": {},
		"offline": {"operation": "CREATE", "kind": "Deployment", "user": "", "object": deployment("bob", "1.4.0"), "old": null},
		"a deleted Deployment": {"operation": "DELETE", "kind": "Deployment", "user": "alice", "object": null, "old": deployment("bob", "1.4.0")},
		"a Service": {"operation": "CREATE", "kind": "Service", "user": "alice", "object": deployment("bob", "1.4.0"), "old": null},
	}
	messages(given) == set()
}

test_words if {
	claimed := {v["with"] | some v in violations({
		"operation": "CREATE",
		"kind": "Deployment",
		"user": `the "one"`,
		"object": deployment("a \"name\"\nof two lines", "1.4.0"),
		"old": null,
	})}
	claimed == {{"claimed": "a 'name' of two lines", "user": "the 'one'"}}
	stale := {v["with"] | some v in violations({
		"operation": "UPDATE",
		"kind": "Deployment",
		"user": "alice",
		"object": deployment("bob", "1.5.0"),
		"old": deployment("bob", "1.4.0"),
	})}
	stale == {{"before": "bob", "user": "alice"}}
}

# ---- inputs ------------------------------------------------------------------

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

deployment(by, version) := {
	"metadata": {"annotations": annotations(by)},
	"spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/version": version}}}},
}

annotations("") := {"team": "shop"}

annotations(by) := {"team": "shop", "tealgate.dev/deployed-by": by} if by != ""
