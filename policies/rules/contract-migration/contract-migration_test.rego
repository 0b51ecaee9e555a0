package tealgate.rules.contract_migration_test

import data.tealgate.rules.contract_migration as rule

test_side_by_side[note] if {
	some note, case in {
		"one version": {"applications": [], "want": set()},
		"two": {"applications": [{"service": "shop", "versions": ["1.4.0", "1.5.0"]}], "want": {"versions 1.4.0 and 1.5.0"}},
		"one that says nothing": {"applications": [{"service": "shop", "versions": ["", "1.5.0"]}], "want": {"version 1.5.0 and pods without a version label"}},
		"three, one that says nothing": {
			"applications": [{"service": "shop", "versions": ["", "1.4.0", "1.5.0"]}],
			"want": {"versions 1.4.0, 1.5.0 and pods without a version label"},
		},
		"two applications": {
			"applications": [{"service": "cart", "versions": ["1", "2"]}, {"service": "shop", "versions": ["3", "4"]}],
			"want": {"versions 1 and 2", "versions 3 and 4"},
		},
	}
	versions({"kind": "Job", "operation": "CREATE", "name": "drop", "namespace": "shop", "facts": {"sideBySide": case.applications}}) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a Deployment": {"kind": "Deployment", "facts": {"sideBySide": [{"service": "shop", "versions": ["1", "2"]}]}},
		"no facts": {"kind": "Job"},
		"null": {"kind": "Job", "facts": {"sideBySide": null}},
	}
	versions(given) == set()
}

versions(given) := found if {
	# regal ignore:with-outside-test-context
	found := {violation["with"].versions_en | some violation in rule.violation} with input as given
}
