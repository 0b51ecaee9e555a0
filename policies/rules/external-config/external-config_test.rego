package tealgate.rules.external_config_test

import data.tealgate.rules.external_config as rule

password := "postgres://shop:s3cret@pg.prod:5432/shop"

store := "postgres://pg.example.com:5432/shop"

test_env[note] if {
	some note, case in {
		"a credential": {"env": [{"name": "DB_URL", "value": password}], "want": {["credential", "env DB_URL of container web"]}},
		"a credential by name": {"env": [{"name": "DB_PASSWORD", "value": "s3cret"}], "want": {[
			"credential",
			"env DB_PASSWORD of container web",
		]}},
		"a number": {"env": [{"name": "DB_PASSWORD", "value": 123456}], "want": {["credential", "env DB_PASSWORD of container web"]}},
		"a literal beside valueFrom": {
			"env": [{"name": "DB_URL", "value": password, "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
			"want": {["credential", "env DB_URL of container web"]},
		},
		"a store": {"env": [{"name": "DB_URL", "value": store}], "want": {["store", "env DB_URL of container web"]}},
		"an address": {
			"env": [{"name": "PAY_URL", "value": "https://pay.example.com/hook"}],
			"want": {["address", "env PAY_URL of container web"]},
		},
		"two": {"env": [{"name": "A_TOKEN", "value": "abc"}, {"name": "B_TOKEN", "value": "abc"}], "want": {
			["credential", "env A_TOKEN of container web"],
			["credential", "env B_TOKEN of container web"],
		}},
		"a reference": {"env": [{"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}], "want": set()},
		"an address inside": {"env": [{"name": "DB_URL", "value": "postgres://pg:5432/shop"}], "want": set()},
		"no value": {"env": [{"name": "DB_PASSWORD"}], "want": set()},
		"a null value": {"env": [{"name": "DB_PASSWORD", "value": null}], "want": set()},
		"no name": {"env": [{"value": "x"}], "want": set()},
		"null entries": {"env": [null], "want": set()},
		"null": {"env": null, "want": set()},
	}
	found({"containers": [{"name": "web", "env": case.env}]}) == case.want
}

test_command_lines[note] if {
	some note, case in {
		"a flag": {"web": {"args": ["serve", "--db-password=s3cret"]}, "want": {["argument", "--db-password in args of container web"]}},
		"the next word": {"web": {"command": ["app", "--token", "s3cret"]}, "want": {["argument", "--token in command of container web"]}},
		"an address without a flag": {"web": {"args": ["serve", password]}, "want": {["argument", "word 2 in args of container web"]}},
		"a store": {"web": {"args": ["--db", store]}, "want": {["argument-store", "--db in args of container web"]}},
		"a script": {
			"web": {"command": ["sh", "-c", "app --db-password s3cret"]},
			"want": {["script", "--db-password in command of container web"]},
		},
		"a list with double quotes": {
			"web": {"args": ["--db-password=s3cret", `{"a": 1}`]},
			"want": {["script", "--db-password in args of container web"]},
		},
		"an address": {"web": {"args": ["--pay=https://pay.example.com"]}, "want": {["address", "--pay in args of container web"]}},
		"a reference": {"web": {"args": ["--db-password=$(DB_PASSWORD)"]}, "want": set()},
		"what a shell reads from a file": {
			"web": {"command": ["sh", "-c", "export DB_PASSWORD=$(cat /vault/secrets/db); exec app"]},
			"want": set(),
		},
		"what a shell asks for": {"web": {"command": ["sh", "-c", `TOKEN="$(curl -s http://idp/token)" exec app`]}, "want": set()},
		"what a shell runs in backticks": {"web": {"command": ["sh", "-c", "DB_PASSWORD=`cat /vault/secrets/db` exec app"]}, "want": set()},
		"what a shell demands": {"web": {"command": ["sh", "-c", "app --db-password=${PASSWORD:?is missing}"]}, "want": set()},
		"a port": {"web": {"args": ["-p", "8080"]}, "want": set()},
		"null": {"web": {"args": null, "command": null}, "want": set()},
	}
	found({"containers": [object.union({"name": "web"}, case.web)]}) == case.want
}

# What no pattern knows is repeated only where it is plainly no secret.
test_command_lines_are_repeated_with_care[note] if {
	some note, case in {
		"plain words": [["serve", "-v", "-n", "4", "-p", ":8080", "-c", "/etc/app.yaml", "--log=info", "--addr=0.0.0.0:8080"], "argument"],
		"an address": [["--pay=https://pay.example.com/v2"], "argument"],
		"options of Java": [["-XX:+UseG1GC", "-Xmx512m", "-jar", "app.jar"], "argument"],
		"behind one letter": [["-p", "hunter2"], "script"],
		"a user and a password": [["--login=admin:hunter2"], "script"],
		"an address of a webhook": [["--hook=https://hooks.example.com/T0/0a1b2c3d4e5f6a7b8c9d0e"], "script"],
		"a long word": [["--license=0a1b2c3d4e5f6a7b8c9d0e"], "script"],
	}
	args := array.concat(case[0], ["--db-password=s3cret"])
	some violation in rule.violation with input as deployment({"containers": [{"name": "web", "args": args}]})
	violation.subject == "--db-password in args of container web"
	violation.message == case[1]
}

# An address inside the cluster is asked about once, however many containers have it.
test_addresses_inside_the_cluster if {
	address := {"name": "PAY_URL", "value": "http://pay.billing:8080"}
	found({"containers": [{"name": "a", "env": [address]}, {"name": "b", "env": [address], "args": ["--pay", "http://pay.billing:8080"]}]}) == set()
}

test_pattern_of_the_settings if {
	given := object.union(
		deployment({"containers": [{"name": "web", "env": [{"name": "ACME", "value": "x1"}], "args": ["--acme=x1"]}]}),
		{"settings": {"patterns": {"add": [{"kind": "key", "name": "^ACME$", "value": ""}], "drop": []}}},
	)
	violations := rule.violation with input as given
	{[violation.message, violation.with.what_en] | some violation in violations} == {["credential", "an access key"], ["argument", "an access key"]}
}

test_places[note] if {
	some note, case in {
		"an init container": {
			"pod": {"initContainers": [{"name": "migrate", "env": [{"name": "DB_URL", "value": password}]}]},
			"want": {["credential", "env DB_URL of init container migrate"]},
		},
		"a worker": {
			"pod": {"containers": [{"env": [{"name": "DB_URL", "value": password}]}]},
			"want": {["credential", "env DB_URL of container unnamed"]},
		},
		"null lists": {"pod": {"containers": null, "initContainers": null}, "want": set()},
		"no lists": {"pod": {}, "want": set()},
		"a null pod": {"pod": null, "want": set()},
	}
	found(case.pod) == case.want
}

# The contract of the answer: what the other color reads is proposed.
test_shared_with_the_other_color if {
	some violation in rule.violation with input as paired(password, reference("Secret"))
	violation.message == "shared-credential"
	violation.field == "spec.template.spec.containers[0].env[0].value"
	object.subset(violation.with, {
		"env": "DB_URL",
		"place": "container web",
		"what_en": "a password",
		"shown": "postgres://shop:***@pg.prod:5432/shop",
		"reader_en": "Blue",
		"reader_zh": "blue",
		"own": "green",
		"object": "shop-config",
		"list": "containers",
		"name": "web",
		"source": "{secretKeyRef: {name: shop-config, key: DB_URL}}",
		"printed_en": "password",
	})
}

test_shared[note] if {
	some note, case in {
		"a credential never from a ConfigMap": {"value": password, "reference": reference("ConfigMap"), "want": "credential"},
		"a store from a ConfigMap": {"value": store, "reference": reference("ConfigMap"), "want": "shared-store"},
		"a store from a Secret": {"value": store, "reference": reference("Secret"), "want": "shared-store"},
		"another container": {
			"value": password,
			"reference": object.union(reference("Secret"), {"container": "x"}),
			"want": "shared-credential",
		},
		"another variable": {
			"value": password,
			"reference": object.union(reference("Secret"), {"env": "X"}),
			"want": "credential",
		},
	}
	violations := rule.violation with input as paired(case.value, case.reference)
	{violation.message | some violation in violations} == {case.want}
}

test_without_colors_the_sides_have_names if {
	given := json.patch(paired(password, reference("Secret")), [{"op": "replace", "path": "/facts/pair/0/color", "value": ""}])
	some violation in rule.violation with input as given
	violation.with.reader_en == "Deployment shop-blue"
	violation.with.own == "shop-green"
}

test_the_live_color_is_asked_first if {
	other := object.union(pair(reference("Secret")), {"live": false, "references": [object.union(reference("Secret"), {"name": "old"})]})
	given := object.union(paired(password, reference("Secret")), {"facts": {"pair": [other, pair(reference("Secret"))]}})
	some violation in rule.violation with input as given
	violation.with.object == "shop-config"
}

test_proposal_without_a_pair if {
	some violation in rule.violation with input as deployment({"containers": [{
		"name": "web",
		"env": [{"name": "db.password", "value": "s3cret"}, {"name": "odd key/password", "value": "s3cret"}],
	}]})
	violation.with.key == "odd_key_password"
	violation.with.env_yaml == "'odd key/password'"

	# One command creates the Secret, whichever of its values the message is about.
	violation.with.create == "kubectl -n shop create secret generic shop-secrets --from-file=db.password --from-file=odd_key_password"
	violation.with.source == "{secretKeyRef: {name: shop-secrets, key: odd_key_password}}"
}

# All commands of one answer can be run: each object is created once, with all that goes into it.
test_one_command_for_each_object if {
	violations := rule.violation with input as deployment({
		"containers": [
			{
				"name": "web",
				"env": [{"name": "DB_HOST", "value": "pg.example.com"}, {"name": "DB_PASSWORD", "value": "s3cret"}],
				"args": ["--api-token=s3cret", "--cache=redis://cache.example.com:6379"],
			},
			{"name": "api", "command": ["sh", "-c", "app --signing-key=s3cret"]},
		],
		"initContainers": [{"name": "migrate", "env": [{"name": "ADMIN_PASSWORD", "value": "s3cret"}]}],
	})
	{line | some violation in violations; some line in split(violation.with.create, "\n")} == {
		"kubectl -n shop create configmap shop-stores --from-file=CACHE --from-file=DB_HOST",
		"kubectl -n shop create secret generic shop-secrets --from-file=ADMIN_PASSWORD --from-file=API_TOKEN --from-file=DB_PASSWORD --from-file=SIGNING_KEY",
	}
	{violation.with.several | some violation in violations; violation.with.env} == {true}
}

# What the pod names may exist already: a command that creates it again would fail.
test_names_that_are_taken[note] if {
	some note, case in {
		"none": {"pod": {}, "want": "shop-secrets"},
		"an entry of env": {"pod": {"containers": [{"env": [named_secret("shop-secrets")]}]}, "want": "shop-secrets-2"},
		"all of them": {
			"pod": {"volumes": [{"secret": {"secretName": sprintf("shop-secrets%s", [n])}} | some n in ["", "-2", "-3", "-4"]]},
			"want": "shop-secrets",
		},
		"one of several": {"pod": {"volumes": [{"secret": {"secretName": "shop-secrets-2"}}]}, "want": "shop-secrets"},
	}
	some violation in rule.violation with input as deployment(object.union(case.pod, {"initContainers": [holding_a_password]}))
	violation.with.source == sprintf("{secretKeyRef: {name: %s, key: DB_PASSWORD}}", [case.want])
	violation.with.create == sprintf("kubectl -n shop create secret generic %s --from-file=DB_PASSWORD", [case.want])
}

holding_a_password := {"name": "migrate", "env": [{"name": "DB_PASSWORD", "value": "s3cret"}]}

named_secret(name) := {"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "a"}}}

# The whole command line comes back, with every literal in it replaced.
test_rewritten_command_line if {
	some violation in rule.violation with input as deployment({"containers": [{
		"name": "web",
		"args": ["serve", "--db-password=s3cret", "--token", "s3cret", "-Ddb.url=postgres://pg.example.com/shop", password],
		"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
	}]})
	violation.subject == "--db-password in args of container web"
	yaml.unmarshal(violation.with.words) == [
		"serve",
		"--db-password=$(DB_PASSWORD)",
		"--token",
		"$(TOKEN)",
		"-Ddb.url=$(DB_URL)",
		"$(CONNECTION_6)",
	]
	yaml.unmarshal(violation.with.entries) == [
		{"name": "CONNECTION_6", "valueFrom": {"secretKeyRef": {"name": "shop-secrets", "key": "CONNECTION_6"}}},
		{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "shop-secrets", "key": "DB_PASSWORD"}}},
		{"name": "DB_URL", "valueFrom": {"configMapKeyRef": {"name": "shop-stores", "key": "DB_URL"}}},
	]
}

test_names_for_what_has_none[note] if {
	some note, case in {
		"a key": [sprintf("-----%s PRIVATE %s-----", ["BEGIN", "KEY"]), "$(PRIVATE_KEY_1)"],
		"a token": [sprintf("glpat-%s", [concat("", ["a" | some _ in numbers.range(1, 20)])]), "$(TOKEN_1)"],
		"an address": [password, "$(CONNECTION_1)"],
	}
	some violation in rule.violation with input as deployment({"containers": [{"name": "web", "args": [case[0]]}]})
	violation.with.reference == case[1]
}

# No value of any message holds what is secret.
test_nothing_secret_is_said if {
	violations := rule.violation with input as deployment({"containers": [{
		"name": "web",
		"env": [
			{"name": "DB_URL", "value": password},
			{"name": "DB_PASSWORD", "value": "s3cret"},
			{"name": "HOOK", "value": "https://hook.example.com/s3cret"},
			{"name": "JAVA_OPTS", "value": "-Ddb.password=s3cret"},
		],
		"args": ["--a-token=s3cret", "--b-token", "s3cret", "postgres://a:s3cret@pg/shop", "x=https://a.example.com/hook"],
		"command": ["sh", "-c", "app --password s3cret --url postgres://a:s3cret@pg/x"],
	}]})
	count(violations) > 8
	not contains(json.marshal(violations), "s3cret")
}

test_examples[message] if {
	some message, container in {
		"argument": {"name": "web", "args": ["serve", "--port=8080", "--db-password=s3cret"]},
		"argument-store": {"name": "web", "args": ["serve", "--port=8080", "--db-url=postgres://pg.example.com:5432/shop"]},
		"script": {"name": "web", "command": ["sh", "-c", "exec serve --db-password=s3cret"]},
		"credential": {"name": "web", "env": [{"name": "DB_PASSWORD", "value": "s3cret"}]},
		"store": {"name": "web", "env": [{"name": "DB_URL", "value": store}]},
		"address": {"name": "web", "env": [{"name": "PAYMENT_URL", "value": "https://api.payment.example.com/v2"}]},
	}
	given := object.union(deployment({"containers": [container]}), {"example": true})
	violations := rule.violation with input as given
	{violation.message | some violation in violations} == {message}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": object.union(
			deployment({"containers": [{"name": "web", "env": [{"name": "DB_URL", "value": password}]}]}),
			{"kind": "Service"},
		),
	}
	count(rule.violation) == 0 with input as given
}

found(spec) := {[violation.message, violation.subject] | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(spec)
}

deployment(spec) := {
	"kind": "Deployment",
	"name": "shop-green",
	"namespace": "shop",
	"object": {"spec": {"template": {
		"metadata": {"labels": {"tealgate.dev/color": "green"}, "annotations": {"tealgate.dev/traffic": "none"}},
		"spec": spec,
	}}},
	"facts": {"pair": []},
}

paired(value, other) := object.union(
	deployment({"containers": [{"name": "web", "env": [{"name": "DB_URL", "value": value}]}]}),
	{"facts": {"pair": [pair(other)]}},
)

pair(other) := {"name": "shop-blue", "color": "blue", "version": "1.4.0", "live": true, "references": [other]}

reference(kind) := {"container": "web", "env": "DB_URL", "kind": kind, "name": "shop-config", "key": "DB_URL"}
