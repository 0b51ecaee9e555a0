# Where a value is to be read from: what the other color shows, or a proposal.

package tealgate.rules.external_config

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

# source_of is what the other color reads the variable from, or a proposal. A
# credential never comes from a ConfigMap.
source_of(finding) := object.union(
	source(reference.kind, reference.name, reference.key),
	{"prefix": "shared-", "reader": other},
) if {
	[other, reference] := array.concat(
		[pair | some pair in references(finding); pair[1].container == finding.entry.name],
		references(finding),
	)[0]
} else := object.union(
	source(kind, proposed[kind], regex.replace(finding.name, `[^-._A-Za-z0-9]`, "_")),
	{"prefix": "", "reader": {}},
) if {
	kind := kinds[finding.type][0]
}

kinds := {"credential": ["Secret"], "store": ["ConfigMap", "Secret"]}

# proposed are the names of new objects: none that the pod names already, for it may exist, and
# none that another rule of the same answer proposes, as config-source does with config.
proposed[kind] := name if {
	some kind, suffixes in {
		"ConfigMap": ["stores", "stores-2", "stores-3", "stores-4"],
		"Secret": ["secrets", "secrets-2", "secrets-3", "secrets-4"],
	}
	free := [candidate |
		some suffix in suffixes
		candidate := workload.proposed_name(suffix)
		not candidate in named_in_the_pod
	]
	name := array.concat(free, [workload.proposed_name(suffixes[0])])[0]
}

named_in_the_pod := {text |
	walk(input.object.spec.template.spec, [_, text])
	is_string(text)
}

source(kind, name, key) := {
	"kind": kind,
	"name": name,
	"key": key,
	"yaml": sprintf("{%s: {name: %s, key: %s}}", [
		{"Secret": "secretKeyRef", "ConfigMap": "configMapKeyRef"}[kind],
		yaml.scalar(name), yaml.scalar(key),
	]),
}

references(finding) := [[other, reference] |
	some other in others
	some reference in other.references
	reference.env == finding.name
	reference.kind in kinds[finding.type]
]

# others are the other Deployments of the application, the live color first.
others := array.concat(
	[other | some other in input.facts.pair; other.live],
	[other | some other in input.facts.pair; not other.live],
)

# read_by names the two sides by color where both have one, else by name.
read_by(source) := {
	"reader_en": concat("", [upper(substring(source.reader.color, 0, 1)), substring(source.reader.color, 1, -1)]),
	"reader_zh": source.reader.color,
	"own": color,
} if {
	color != ""
	source.reader.color != ""
	source.reader.color != color
} else := {
	"reader_en": sprintf("Deployment %s", [source.reader.name]),
	"reader_zh": sprintf("Deployment %s", [source.reader.name]),
	"own": input.name,
} if {
	source.reader.name
} else := {}

color := workload.as_text(object.get(workload.pod_labels, "tealgate.dev/color", ""))

# keys_of are all values, of env and of command lines, that go into the same new object: one
# command creates it, whichever of them a message is about, for a second one would fail.
keys_of(kind) := {source.key |
	some finding in (found_in_env | {finding | some list in found_in_arguments; some finding in list})
	finding.type != "address"
	source := source_of(finding)
	source.prefix == ""
	source.kind == kind
}

# create is one command for each object that does not exist yet.
create(kinds_of_objects) := concat("\n", [command |
	some kind, verb in {"ConfigMap": "configmap", "Secret": "secret generic"}
	kind in kinds_of_objects
	keys := keys_of(kind)
	count(keys) > 0
	command := sprintf("%s create %s %s %s", [
		workload.kubectl, verb, proposed[kind],
		concat(" ", [sprintf("--from-file=%s", [key]) | some key in keys]),
	])
])
