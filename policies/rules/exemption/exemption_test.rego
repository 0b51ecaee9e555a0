package tealgate.rules.exemption_test

import data.tealgate.rules.exemption as rule

test_who_may[note] if {
	some note, case in {
		"nothing asked": {"want": set()},
		"without the verb": {"exemptions": [good], "want": {"not-allowed"}},
		"with the verb": {"exemptions": [good], "may": true, "want": set()},
		"already there": {"exemptions": [object.union(good, {"added": false})], "want": set()},
		"offline": {"exemptions": [good], "user": "", "want": set()},
		"one of two is new": {"exemptions": [good, object.union(other, {"added": false})], "want": {"not-allowed"}},
		"exempts nothing: ended": {"exemptions": [object.union(good, {"ended": true})], "want": {"expired"}},
		"ended, and was there": {"exemptions": [object.union(good, {"ended": true, "added": false})], "want": set()},
		"cannot be read": {"exemptions": [object.union(good, {"problem": "colon"})], "want": {"not-allowed"}},
		"cannot be read, with the verb": {"exemptions": [object.union(good, {"problem": "colon"})], "may": true, "want": {"unreadable"}},
		"cannot be read, offline": {"exemptions": [object.union(good, {"problem": "colon"})], "user": "", "want": {"unreadable"}},
		"could not be read before": {"exemptions": [object.union(good, {"problem": "colon", "added": false})], "want": set()},
		"exempts nothing: unknown": {"exemptions": [unknown], "want": {"unknown-rule"}},
		"exempts nothing: never": {"exemptions": [never], "want": {"never"}},
		"exempts nothing: behind the tenth": {"exemptions": [many], "want": {"many"}},
	}
	messages(asked(case)) == case.want
}

# What cannot count is said whether it is new or not: the stored object decides
# whether it denies.
test_what_cannot_count[note] if {
	some note, case in {
		"no colon": {"e": object.union(good, {"problem": "colon"}), "want": {"unreadable"}},
		"no reason": {"e": object.union(good, {"problem": "reason"}), "want": {"unreadable"}},
		"long reason": {"e": object.union(good, {"problem": "long"}), "want": {"unreadable"}},
		"no day": {"e": object.union(good, {"problem": "day"}), "want": {"unreadable"}},
		"two days": {"e": object.union(good, {"problem": "days"}), "want": {"unreadable"}},
		"unknown": {"e": unknown, "want": {"unknown-rule"}},
		"unknown and no colon": {"e": object.union(unknown, {"problem": "colon"}), "want": {"unknown-rule"}},
		"no rule": {"e": object.union(unknown, {"rule": ""}), "want": {"unknown-rule"}},
		"never": {"e": never, "want": {"never"}},
		"never and no day": {"e": object.union(never, {"problem": "day"}), "want": {"never"}},
		"behind the tenth": {"e": many, "want": {"many"}},
	}
	some added in [true, false]
	messages(asked({"exemptions": [object.union(case.e, {"added": added})], "may": true})) == case.want
}

test_kinds[note] if {
	some note, kind in {"a Deployment": "Deployment", "a Service": "Service"}
	messages(object.union(asked({"exemptions": [good]}), {"kind": kind})) == {"not-allowed"}
}

test_not_asked[note] if {
	some note, given in {
		"no input": {},
		"no facts": {"operation": "CREATE", "kind": "Deployment", "user": "bob", "object": {}, "old": null},
		"no exemptions": {"operation": "CREATE", "kind": "Deployment", "user": "bob", "object": {}, "old": null, "facts": {"mayExempt": false}},
	}
	messages(given) == set()
}

# One problem for all that are new, with each rule.
test_not_allowed_words if {
	dayless := object.union(good, {"text": "replicas: one", "rule": "replicas", "until": "", "problem": "day"})
	given := asked({"exemptions": [good, other, dayless, object.union(good, {"text": "old", "added": false})]})
	found := [v | some v in violations(given)]
	count(found) == 1
	found[0].subject == "external-config: legacy app until 2027-01-31; readiness-probe: no way until 2027-02-28; replicas: one"
	found[0].field == "metadata.annotations[tealgate.dev/exempt]"
	found[0]["with"] == {
		"asked_en": "external-config until 2027-01-31, readiness-probe until 2027-02-28, replicas",
		"asked_zh": "external-config（至 2027-01-31）、readiness-probe（至 2027-02-28）、replicas",
		"user": "bob", "kubectl": "kubectl -n shop", "rolls": false,
	}
}

test_rolls[note] if {
	some note, case in {
		"same template": {"old": deployment("1.4.0", ""), "want": false},
		"other template": {"old": deployment("1.3.0", ""), "want": true},
		"no template": {"old": {"spec": null}, "want": true},
	}
	given := object.union(asked({"exemptions": [good]}), {"operation": "UPDATE", "old": case.old})
	{v["with"].rolls | some v in violations(given)} == {case.want}
}

test_unreadable_words[note] if {
	some note, case in {
		"no colon": {
			"text": "external-config legacy app until 2027-01-31",
			"parts": {"problem": "colon"},
			"right": "'external-config: legacy app until 2027-01-31'", "guess": "",
		},
		"rule alone": {
			"text": "external-config",
			"parts": {"problem": "colon", "reason": "", "until": ""},
			"right": "'external-config: say why until 2026-12-01'", "guess": " (reason and day are guesses)",
		},
		"no reason": {
			"text": "external-config: until 2027-01-31",
			"parts": {"problem": "reason", "reason": ""},
			"right": "'external-config: say why until 2027-01-31'", "guess": " (the reason is yours to say)",
		},
		"no day": {
			"text": "external-config: legacy app until 31.01.2027",
			"parts": {"problem": "day", "until": ""},
			"right": "'external-config: legacy app until 2026-12-01'", "guess": " (the day is a guess)",
		},
		"long": {
			"text": sprintf("external-config: %s until 2027-01-31", [concat("", [letter | some _ in numbers.range(1, 201); letter := "x"])]),
			"parts": {"problem": "long", "reason": concat("", [letter | some _ in numbers.range(1, 201); letter := "x"])},
			"right": sprintf("'external-config: %s until 2027-01-31'", [concat("", [letter | some _ in numbers.range(1, 200); letter := "x"])]),
			"guess": "",
		},
		"a comma between two": {
			"text": "external-config: legacy app until 2027-01-31, readiness-probe: no way until 2027-02-28",
			"parts": {"problem": "days", "reason": "legacy app until 2027-01-31, readiness-probe: no way", "until": "2027-02-28"},
			"right": "'external-config: legacy app until 2027-01-31; readiness-probe: no way until 2027-02-28'", "guess": "",
		},
		"words behind the day": {
			"text": "external-config: legacy app until 2027-01-31 or so",
			"parts": {"problem": "days", "reason": "legacy app until 2027-01-31 or so", "until": ""},
			"right": "'external-config: legacy app until 2026-12-01'", "guess": " (the day is a guess)",
		},
		"two days and one rule": {
			"text": "external-config: not until 2026-12-01 it seems until 2027-01-31",
			"parts": {"problem": "days", "reason": "not until 2026-12-01 it seems"},
			"right": "'external-config: not until 2027-01-31'", "guess": "",
		},
		"an apostrophe": {
			"text": "external-config bob's app until 2027-01-31",
			"parts": {"problem": "colon", "reason": "bob's app"},
			"right": "'external-config: bob''s app until 2027-01-31'", "guess": "",
		},
	}
	given := asked({"exemptions": [object.union(good, object.union(case.parts, {"text": case.text}))], "annotation": case.text, "may": true})
	{[v["with"].right, v["with"].guess_en] | some v in violations(given)} == {[case.right, case.guess]}
}

# The others stay in the cure, as far as they can count.
test_the_others_stay if {
	broken := object.union(good, {"text": "external-config legacy app until 2027-01-31", "problem": "colon"})
	given := asked({"exemptions": [other, broken, unknown, never, many], "may": true})
	{v["with"].right | some v in violations(given); v.message == "unreadable"} == {"'readiness-probe: no way until 2027-02-28; external-config: legacy app until 2027-01-31'"}
}

test_unknown_words[note] if {
	some note, case in {
		"named": {"e": unknown, "want": "external-confg"},
		"odd": {"e": object.union(unknown, {"rule": "the \"rule\""}), "want": "the 'rule'"},
		"none": {"e": object.union(unknown, {"rule": "", "text": ": x until 2027-01-31"}), "want": "': x until 2027-01-31'"},
	}
	{v["with"].rule | some v in violations(asked({"exemptions": [case.e]}))} == {case.want}
}

test_examples[message] if {
	some message, case in {
		"not-allowed": {"exemptions": [good]},
		"unreadable": {
			"exemptions": [object.union(good, {"text": "external-config: legacy app until 31.01.2027", "problem": "day", "until": ""})],
			"may": true,
		},
		"unknown-rule": {"exemptions": [unknown], "may": true},
		"never": {"exemptions": [never], "may": true},
		"many": {"exemptions": [many], "may": true},
		"expired": {"exemptions": [object.union(good, {"ended": true})]},
	}
	messages(object.union(asked(case), {"example": true})) == {message}
}

# ---- inputs ------------------------------------------------------------------

messages(given) := {violation.message | some violation in violations(given)}

violations(given) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as given
}

asked(case) := {
	"operation": "CREATE", "kind": "Deployment", "namespace": "shop", "name": "shop-green",
	"user": object.get(case, "user", "bob"),
	"object": deployment("1.4.0", object.get(case, "annotation", concat("; ", [e.text | some e in object.get(case, "exemptions", [])]))),
	"old": null,
	"facts": {"exemptions": object.get(case, "exemptions", []), "mayExempt": object.get(case, "may", false)},
}

deployment(version, annotation) := {
	"metadata": {"name": "shop-green", "annotations": {"tealgate.dev/exempt": annotation}},
	"spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/version": version}}}},
}

good := {
	"text": "external-config: legacy app until 2027-01-31",
	"rule": "external-config", "reason": "legacy app", "until": "2027-01-31",
	"problem": "", "known": true, "exemptable": true, "ended": false, "added": true, "day": "2026-12-01",
}

other := object.union(good, {
	"text": "readiness-probe: no way until 2027-02-28",
	"rule": "readiness-probe", "reason": "no way", "until": "2027-02-28",
})

unknown := object.union(good, {
	"text": "external-confg: legacy app until 2027-01-31",
	"rule": "external-confg", "known": false, "exemptable": false,
})

never := object.union(good, {
	"text": "deployed-by: a robot until 2027-01-31",
	"rule": "deployed-by", "exemptable": false,
})

many := object.union(good, {
	"text": "replicas: x until 2027-01-31", "rule": "", "reason": "", "until": "",
	"problem": "many", "known": false, "exemptable": false,
})
