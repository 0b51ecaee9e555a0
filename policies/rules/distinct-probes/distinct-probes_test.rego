package tealgate.rules.distinct_probes_test

import data.tealgate.rules.distinct_probes as rule

asking(path) := {"httpGet": {"path": path, "port": "http"}}

test_probes[note] if {
	some note, case in {
		"the same path": {"live": asking("/health"), "ready": asking("/health"), "want": {"same"}},
		"the same, less often": {
			"live": object.union(asking("/health"), {"periodSeconds": 30}),
			"ready": asking("/health"),
			"want": {"same"},
		},
		"the same, written out": {
			"live": asking("/"),
			"ready": {"httpGet": {"port": "http", "scheme": "HTTP", "host": null}},
			"want": {"same"},
		},
		"another scheme": {
			"live": asking("/"),
			"ready": {"httpGet": {"path": "/", "port": "http", "scheme": "HTTPS"}},
			"want": set(),
		},
		"the same service": {"live": {"grpc": {"port": 1}}, "ready": {"grpc": {"port": 1, "service": ""}}, "want": {"same-handler"}},
		"another service": {"live": {"grpc": {"port": 1}}, "ready": {"grpc": {"port": 1, "service": "ready"}}, "want": set()},
		"another path": {"live": asking("/livez"), "ready": asking("/readyz"), "want": set()},
		"the same socket": {"live": {"tcpSocket": {"port": 80}}, "ready": {"tcpSocket": {"port": 80}}, "want": {"same-handler"}},
		"a socket and a path": {"live": {"tcpSocket": {"port": 80}}, "ready": asking("/readyz"), "want": set()},
		"no liveness": {"live": null, "ready": asking("/readyz"), "want": set()},
		"no readiness": {"live": asking("/livez"), "ready": null, "want": set()},
		"neither": {"live": null, "ready": null, "want": set()},
		"null handlers": {"live": {"httpGet": null}, "ready": {"httpGet": null}, "want": set()},
		"a handler that is no map": {"live": {"httpGet": 1}, "ready": {"httpGet": 1}, "want": {"same-handler"}},
	}
	found(pod({"containers": [{"name": "web", "livenessProbe": case.live, "readinessProbe": case.ready}]})) == case.want
}

test_absent[note] if {
	some note, spec in {
		"no probes": {"containers": [{"name": "web"}]},
		"null containers": {"containers": null},
		"a null pod": null,
	}
	count(found(pod(spec))) == 0
}

test_others_are_not_asked if {
	count(found({"kind": "Deployment", "object": null})) == 0
}

found(given) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as given
}

pod(spec) := {"kind": "Deployment", "object": {"spec": {"template": {"spec": spec}}}}
