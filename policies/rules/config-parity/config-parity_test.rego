package tealgate.rules.config_parity_test

import data.tealgate.rules.config_parity as rule

blue := {
	"name": "shop-blue",
	"color": "blue",
	"live": true,
	"references": [
		{"container": "web", "env": "DB_URL", "kind": "Secret", "name": "shop-secrets", "key": "DB_URL"},
		{"container": "web", "env": "LEVEL", "kind": "ConfigMap", "name": "shop-config", "key": "LEVEL"},
	],
	"secrets": [{"container": "web", "name": "shop-prod"}, {"container": "", "name": "shop-prod-tls"}],
	"settings": [
		{"container": "web", "env": "SPRING_PROFILES_ACTIVE", "kind": "profile", "value": "prod,blue"},
		{"container": "web", "env": "NACOS_NAMESPACE", "kind": "centre", "value": "prod"},
	],
	"claims": [],
}

web(more) := {"containers": [object.union({"name": "web"}, more)]}

from_secret(name) := web({"env": [{"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": name, "key": "DB_URL"}}}]})

test_secrets[name] if {
	some name, want in {
		"shop-secrets": set(),
		"shop-secrets-green": set(),
		"green-shop-secrets": set(),
		"shop-secrets-t9k5mb7f2h": set(),
		"shop-secrets-green-t9k5mb7f2h": set(),
		"shop-secrets-0a1b2c3d4e5f": set(),
		"shop-secrets-staging": {"secret"},
		"other": {"secret"},
		"evergreen-secrets": {"secret"},
	}
	found(from_secret(name)) == want
}

test_entries[note] if {
	some note, case in {
		"another kind of entry": {"env": [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "LEVEL"}}}], "want": set()},
		"a literal": {"env": [{"name": "DB_URL", "value": "x"}], "want": set()},
		"a new key": {"env": [{"name": "NEW", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}], "want": set()},
		"a null name": {"env": [{"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": null, "key": "k"}}}], "want": set()},
		"a null reference": {"env": [{"name": "DB_URL", "valueFrom": null}], "want": set()},
		"a null entry": {"env": [null], "want": set()},
		"null": {"env": null, "want": set()},
		"the same profile": {"env": [{"name": "SPRING_PROFILES_ACTIVE", "value": "prod,green"}], "want": set()},
		"the profile without a color": {"env": [{"name": "SPRING_PROFILES_ACTIVE", "value": " prod "}], "want": set()},
		"another profile": {"env": [{"name": "SPRING_PROFILES_ACTIVE", "value": "staging,green"}], "want": {"setting"}},
		"a profile from elsewhere": {
			"env": [{"name": "SPRING_PROFILES_ACTIVE", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "k"}}}],
			"want": set(),
		},
		"another namespace": {"env": [{"name": "NACOS_NAMESPACE", "value": "staging"}], "want": {"setting"}},
		"a new profile": {"env": [{"name": "NODE_ENV", "value": "production"}], "want": set()},
		"a null value": {"env": [{"name": "NACOS_NAMESPACE", "value": null}], "want": set()},
	}
	found(web({"env": case.env})) == case.want
}

test_whole_secrets[note] if {
	some note, case in {
		"the same": {"pod": web({"envFrom": [{"secretRef": {"name": "shop-prod"}}]}), "want": set()},
		"with a hash": {"pod": web({"envFrom": [{"secretRef": {"name": "shop-prod-t9k5mb7f2h"}}]}), "want": set()},
		"of another environment": {"pod": web({"envFrom": [{"secretRef": {"name": "shop-staging"}}]}), "want": {"whole-secret"}},
		"a new one": {"pod": web({"envFrom": [{"secretRef": {"name": "payments"}}]}), "want": set()},
		"in another container": {"pod": {"containers": [{"name": "log", "envFrom": [{"secretRef": {"name": "shop-staging"}}]}]}, "want": set()},
		"a volume": {"pod": {"volumes": [{"name": "tls", "secret": {"secretName": "shop-dev-tls"}}]}, "want": {"whole-secret"}},
		"a ConfigMap": {"pod": web({"envFrom": [{"configMapRef": {"name": "shop-staging"}}]}), "want": set()},
		"null": {"pod": web({"envFrom": [{"secretRef": null}]}), "want": set()},
		"null names": {
			"pod": object.union(web({"envFrom": [{"secretRef": {"name": null}}]}), {"volumes": [{"secret": {"secretName": null}}, {"secret": null}]}),
			"want": set(),
		},
		"null lists": {"pod": {"containers": null, "volumes": null}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	found(case.pod) == case.want
}

test_what_is_compared[note] if {
	some note, case in {
		"blue is live": {"pair": [blue], "want": 1},
		"blue is not live": {"pair": [object.union(blue, {"live": false})], "want": 0},
		"blue has no color": {"pair": [object.union(blue, {"color": ""})], "want": 0},
		"of the same color": {"pair": [object.union(blue, {"color": "green"})], "want": 0},
		"nothing": {"pair": [], "want": 0},
	}
	violations := rule.violation with input as deployment(from_secret("other"), {"pair": case.pair}, {})
	count(violations) == case.want
}

test_containers_named_by_color if {
	pod := {"containers": [{"name": "shop-green", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "y", "key": "k"}}}]}]}
	other := object.union(blue, {"references": [{"container": "shop-blue", "env": "A", "kind": "Secret", "name": "x", "key": "k"}]})
	violations := rule.violation with input as deployment(pod, {"pair": [other]}, {})
	{violation.with.source | some violation in violations} == {"valueFrom: {secretKeyRef: {name: x, key: k}}"}
}

test_no_password_is_shown if {
	pod := web({"env": [{"name": "NACOS_NAMESPACE", "value": "http://a:s3cret@b"}]})
	violations := rule.violation with input as deployment(pod, {"pair": [blue]}, {})
	{violation.with.own | some violation in violations} == {"http://***@b"}
}

test_without_blue_green if {
	count(rule.violation) == 0 with input as deployment(from_secret("other"), {"pair": [blue]}, {"tealgate.dev/blue-green": "disabled"})
}

test_others_are_not_asked if {
	count(rule.violation) == 0 with input as {"kind": "Deployment", "object": null, "facts": {"pair": [blue]}}
	count(rule.violation) == 0 with input as deployment(from_secret("other"), {}, {})
}

found(pod) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(pod, {"pair": [blue]}, {})
}

deployment(pod, facts, annotations) := {
	"kind": "Deployment",
	"object": {
		"metadata": {"annotations": annotations},
		"spec": {"template": {"metadata": {"labels": {"tealgate.dev/color": "green"}}, "spec": pod}},
	},
	"facts": facts,
}
