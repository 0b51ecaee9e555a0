package tealgate.lib.settings_test

import data.tealgate.lib.settings

test_places[note] if {
	some note, case in {
		"env": {"container": {"env": [{"name": "spring.flyway.enabled", "value": "true"}]}, "want": {["SPRING_FLYWAY_ENABLED", "true"]}},
		"an argument": {"container": {"args": ["--spring.flyway.enabled=true", "serve"]}, "want": {["SPRING_FLYWAY_ENABLED", "true"]}},
		"a property": {"container": {"command": ["java", "-Dapollo.meta=http://a"]}, "want": {["APOLLO_META", "http://a"]}},
		"JAVA_OPTS": {
			"container": {"env": [{"name": "JAVA_OPTS", "value": "-Xmx1g -Dapollo.meta=http://a"}]},
			"want": {["JAVA_OPTS", "-Xmx1g -Dapollo.meta=http://a"], ["APOLLO_META", "http://a"]},
		},
		"null": {"container": {"env": null, "args": null, "command": null}, "want": set()},
		"a null entry": {"container": {"env": [null, {"name": null, "value": null}]}, "want": {["", ""]}},
	}
	found := settings.given with input as pod([case.container])
	{[setting.name, setting.value] | some setting in found} == case.want
}

test_switched_off[value] if {
	some value, want in {"false": 0, "Off": 0, "": 0, "no": 0, "true": 1, "a": 1}
	found := settings.on with input as pod([{"env": [{"name": "A", "value": value}]}])
	count(found) == want
	names := settings.off with input as pod([{"env": [{"name": "A", "value": value}]}])
	count(names) == 1 - want
}

test_from_elsewhere_counts if {
	found := settings.on with input as pod([{"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}]}])
	found == {{"name": "A", "value": "", "from": true}}
}

test_command_lines[note] if {
	some note, case in {
		"both": {"container": {"command": ["sh", "-c"], "args": ["a && b"]}, "want": {"sh -c a && b"}},
		"numbers": {"container": {"args": ["a", 1]}, "want": {"a 1"}},
		"null": {"container": {"command": null, "args": null}, "want": set()},
		"absent": {"container": {}, "want": set()},
	}
	found := settings.command_lines with input as pod([case.container])
	{line.text | some line in found} == case.want
}

test_without_an_object if {
	count(settings.given) == 0 with input as {"object": null}
}

pod(containers) := {"object": {"spec": {"template": {"spec": {"containers": containers}}}}}
