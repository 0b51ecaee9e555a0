package tealgate.rules.team_owner_test

import data.tealgate.rules.team_owner as rule

test_labels[note] if {
	some note, case in {
		"a team": {"labels": {"team": "checkout"}, "want": set()},
		"no team": {"labels": {"app": "shop"}, "want": {"missing"}},
	}
	found({"kind": "Deployment", "name": "shop", "object": {"metadata": {"labels": case.labels}}}) == case.want
}

test_a_service_is_not_asked if {
	print("asking about a Service")
	count(found({"kind": "Service", "name": "shop", "object": {}})) == 0
}

found(given) := {violation.message | some violation in violations} if {
	violations := rule.violation with input as given
}
