package tealgate.rules.team_owner_test

import data.tealgate.rules.team_owner as rule

test_labels[note] if {
	some note, case in {
		"a team": {"metadata": {"labels": {"team": "checkout"}}, "want": set()},
		"no team": {"metadata": {"labels": {"app": "shop"}}, "want": {"missing"}},
		"an empty team": {"metadata": {"labels": {"team": ""}}, "want": {"missing"}},
		"no labels": {"metadata": {}, "want": {"missing"}},
		"no metadata": {"metadata": null, "want": {"missing"}},
	}
	found({"kind": "Deployment", "name": "shop", "object": {"metadata": case.metadata}}) == case.want
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "name": "shop", "object": null},
		"a Service": {"kind": "Service", "name": "shop", "object": {"metadata": {}}},
	}
	count(found(given)) == 0
}

found(given) := {violation.message | some violation in violations} if {
	violations := rule.violation with input as given
}
