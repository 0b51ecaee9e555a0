package tealgate.rules.stateless_storage_test

import data.tealgate.rules.stateless_storage as rule

pod(host, mount) := {
	"containers": [{"name": "web", "volumeMounts": [object.union({"name": "data", "mountPath": "/data"}, mount)]}],
	"volumes": [{"name": "data", "hostPath": host}],
}

# twice mounts one volume for logs, and once more.
twice(mount) := {
	"containers": [{"name": "web", "volumeMounts": [
		{"name": "data", "mountPath": "/app/logs", "subPath": "logs"},
		object.union({"name": "data"}, mount),
	]}],
	"volumes": [{"name": "data", "hostPath": {"path": "/data/shop"}}],
}

test_host_paths[note] if {
	some note, case in {
		"uploads": {"pod": pod({"path": "/data/uploads"}, {}), "want": {"host-path"}},
		"readOnly is false": {"pod": pod({"path": "/data/uploads"}, {"readOnly": false}), "want": {"host-path"}},
		"readOnly is null": {"pod": pod({"path": "/data/uploads"}, {"readOnly": null}), "want": {"host-path"}},
		"read only": {"pod": pod({"path": "/data/uploads"}, {"readOnly": true}), "want": set()},
		"logs on the node": {"pod": pod({"path": "/var/log/shop"}, {}), "want": {"logs"}},
		"logs in the container": {"pod": pod({"path": "/data/shop"}, {"mountPath": "/app/logs"}), "want": {"logs"}},
		"uploads beside logs": {"pod": twice({"subPath": "uploads", "mountPath": "/app/uploads"}), "want": {"host-path", "logs"}},
		"logs twice": {"pod": twice({"subPath": "log", "mountPath": "/app/access"}), "want": {"logs"}},
		"logs by an expression": {"pod": twice({"subPathExpr": "logs/$(POD)", "mountPath": "/app/access"}), "want": {"logs"}},
		"uploads read only beside logs": {"pod": twice({"subPath": "uploads", "mountPath": "/app/uploads", "readOnly": true}), "want": {"logs"}},
		"a catalog is no log": {"pod": pod({"path": "/data/catalog"}, {}), "want": {"host-path"}},
		"the time zone": {"pod": pod({"path": "/etc/localtime"}, {}), "want": set()},
		"a socket": {"pod": pod({"path": "/run/containerd/containerd.sock"}, {}), "want": set()},
		"a socket by type": {"pod": pod({"path": "/run/x", "type": "Socket"}, {}), "want": set()},
		"a device": {"pod": pod({"path": "/dev/dri"}, {}), "want": set()},
		"no path": {"pod": pod({"path": null}, {}), "want": {"host-path"}},
		"not mounted": {"pod": {"containers": [{"name": "web"}], "volumes": [{"name": "a", "hostPath": {"path": "/x"}}]}, "want": set()},
		"mounts are null": {
			"pod": {"containers": [{"name": "web", "volumeMounts": null}], "volumes": [{"name": "a", "hostPath": {"path": "/x"}}]},
			"want": set(),
		},
		"an init container": {
			"pod": {"initContainers": pod({}, {}).containers, "volumes": pod({"path": "/x"}, {}).volumes},
			"want": {"host-path"},
		},
		"an emptyDir": {"pod": {"containers": pod({}, {}).containers, "volumes": [{"name": "data", "emptyDir": {}}]}, "want": set()},
		"a null hostPath": {"pod": pod(null, {}), "want": set()},
		"null volumes": {"pod": {"containers": pod({}, {}).containers, "volumes": null}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	found(case.pod, {}) == case.want
}

test_cure_keeps_the_mount if {
	violations := rule.violation with input as deployment(pod({"path": "/x"}, {"subPath": "a b"}), {}, {})
	{violation.with.mounts | some violation in violations} == {"- {name: data, mountPath: /data, subPath: 'a b', readOnly: true}"}
}

claiming := {
	"containers": [{"name": "web"}],
	"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "shop-data"}}],
}

claims(modes, class) := {"pair": [blue], "claims": [{"name": "shop-data", "accessModes": modes, "storageClass": class}]}

blue := {"name": "shop-blue", "color": "blue", "claims": ["shop-data"]}

test_claims[note] if {
	some note, case in {
		"one node": {"facts": claims(["ReadWriteOnce"], ""), "want": {"shared-claim"}},
		"one pod": {"facts": claims(["ReadWriteOncePod"], ""), "want": {"shared-claim"}},
		"shared": {"facts": claims(["ReadWriteMany"], ""), "want": set()},
		"either": {"facts": claims(["ReadWriteOnce", "ReadWriteMany"], ""), "want": set()},
		"read by many": {"facts": claims(["ReadOnlyMany"], ""), "want": set()},
		"a local class": {"facts": claims(["ReadWriteMany"], "local-path"), "want": {"shared-claim"}},
		"no modes": {"facts": claims([], "standard"), "want": set()},
		"of the same color": {
			"facts": object.union(claims(["ReadWriteOnce"], ""), {"pair": [object.union(blue, {"color": "green"})]}),
			"want": set(),
		},
		"of nobody else": {"facts": object.union(claims(["ReadWriteOnce"], ""), {"pair": []}), "want": set()},
		"another claim": {
			"facts": object.union(claims(["ReadWriteOnce"], ""), {"claims": [{"name": "other", "accessModes": ["ReadWriteOnce"], "storageClass": ""}]}),
			"want": set(),
		},
		"absent": {"facts": {"pair": [blue]}, "want": set()},
	}
	found(claiming, case.facts) == case.want
}

test_claim_of_its_own[color] if {
	some color, want in {"green": "shop-data-green", "": "shop-data-2"}
	violations := rule.violation with input as {
		"kind": "Deployment",
		"object": {"spec": {"template": {"metadata": {"labels": {"tealgate.dev/color": color}}, "spec": claiming}}},
		"facts": claims(["ReadWriteOnce"], ""),
	}
	{violation.with.proposed | some violation in violations} == {want}
}

test_without_blue_green[note] if {
	some note, annotations in {"declined": {"tealgate.dev/blue-green": "disabled"}}
	count(rule.violation) == 0 with input as deployment(object.union(claiming, pod({"path": "/x"}, {})), claims(["ReadWriteOnce"], ""), annotations)
	count(rule.violation) == 0 with input as deployment(claiming, claims(["ReadWriteOnce"], ""), annotations)
}

test_others_are_not_asked if {
	count(rule.violation) == 0 with input as {"kind": "Deployment", "object": null, "facts": claims(["ReadWriteOnce"], "")}
}

found(spec, facts) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(spec, facts, {})
}

deployment(spec, facts, annotations) := {
	"kind": "Deployment",
	"object": {
		"metadata": {"annotations": annotations},
		"spec": {"template": {"metadata": {"labels": {"tealgate.dev/color": "green"}}, "spec": spec}},
	},
	"facts": facts,
}
