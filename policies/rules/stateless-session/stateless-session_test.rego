package tealgate.rules.stateless_session_test

import data.tealgate.rules.stateless_session as rule

test_settings[name] if {
	some name, case in {
		"SPRING_SESSION_STORE_TYPE": {"in": "none", "out": "redis"},
		"SPRING_SESSION_STORETYPE": {"in": "none", "out": "redis"},
		"SERVER_SERVLET_SESSION_PERSISTENT": {"in": "true", "out": "false"},
		"PHP_SESSION_SAVE_HANDLER": {"in": "files", "out": "redis"},
		"SESSION_ENGINE": {"in": "django.contrib.sessions.backends.file", "out": "django.contrib.sessions.backends.cache"},
		"SESSION_DRIVER": {"in": "file", "out": "database"},
		"SESSION_TYPE": {"in": "filesystem", "out": "redis"},
		"SESSION_STORE": {"in": "MemoryStore", "out": "cookie"},
		"session.storage": {"in": "in-memory", "out": "jdbc"},
	}
	found({}, [], [{"name": name, "value": case["in"]}]) == {"setting"}
	count(found({}, [], [{"name": name, "value": case.out}])) == 0
}

test_other_settings[name] if {
	some name in ["SESSION_TIMEOUT", "CACHE_DRIVER", "SESSION_DRIVER_NAME"]
	count(found({}, [], [{"name": name, "value": "file"}])) == 0
}

service(affinity, role) := {"name": "shop", "color": "", "role": role, "selector": {}, "sessionAffinity": affinity}

test_affinity[note] if {
	some note, case in {
		"by client": {"services": [service("ClientIP", "")], "want": {"affinity"}},
		"none": {"services": [service("None", "")], "want": set()},
		"absent": {"services": [object.remove(service("", ""), ["sessionAffinity"])], "want": set()},
		"without traffic": {"services": [service("ClientIP", "preview")], "want": set()},
		"no Service": {"services": [], "want": set()},
	}
	found({}, case.services, []) == case.want
}

test_without_blue_green[note] if {
	some note, annotations in {
		"declined": {"tealgate.dev/blue-green": "disabled"},
		"null": {"tealgate.dev/blue-green": null},
	}
	want := {"declined": 0, "null": 2}[note]
	count(found(annotations, [service("ClientIP", "")], [{"name": "SESSION_DRIVER", "value": "file"}])) == want
}

test_nothing[note] if {
	some note, env in {"null": null, "null entries": [null, {"name": "SESSION_DRIVER", "value": null}]}
	count(found({}, [], env)) == 0
}

test_others_are_not_asked if {
	count(rule.violation) == 0 with input as {"kind": "Deployment", "object": null, "facts": {"services": [service("ClientIP", "")]}}
}

found(annotations, services, env) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as {
		"kind": "Deployment",
		"object": {
			"metadata": {"annotations": annotations},
			"spec": {"template": {"spec": {"containers": [{"name": "web", "env": env}]}}},
		},
		"facts": {"services": services},
	}
}
