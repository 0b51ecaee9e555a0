# What becomes of a command line without its literals.

package tealgate.rules.external_config

import data.tealgate.lib.secrets
import data.tealgate.lib.workload
import data.tealgate.lib.yaml

# argument_message is script where the literal stands inside a longer text, or
# where the text could not or should not be shown: then the cure is told, not pasted.
argument_message(finding, list) := "script" if {
	some item in list
	item.replaced == {}
} else := "script" if {
	some text in rewritten(list)
	contains(text, `"`)
} else := "script" if {
	doubtful(list)
} else := {"credential": "argument", "store": "argument-store"}[finding.type]

flag(option) := option.flag if {
	option.flag != ""
} else := sprintf("word %d", [option.element + 1])

# variable_name is what the value is called once it is an environment variable.
variable_name(option, problem) := name if {
	name := secrets.canonical(option.name)
	count(name) > 2
} else := concat("_", [
	{"private-key": "PRIVATE_KEY", "key": "ACCESS_KEY", "token": "TOKEN"}[problem.what],
	sprintf("%d", [option.element + 1]),
]) if {
	problem.what in {"private-key", "key", "token"}
} else := sprintf("CONNECTION_%d", [option.element + 1])

# rewritten is the whole command line without any of its literals.
rewritten(list) := [text |
	some i, original in container_of(list[0].entry)[list[0].part]
	text := rewritten_element(list, i, workload.as_text(original))
]

rewritten_element(list, i, original) := texts[0] if {
	texts := [sprintf("%s$(%s)", [object.get(finding.replaced, "before", ""), finding.name]) |
		some finding in list
		finding.element == i
	]
} else := original

# doubtful: beside what is replaced stands a word that no pattern knows and that may be secret
# all the same. It is not repeated: answers end in logs of pipelines.
doubtful(list) if {
	elements := container_of(list[0].entry)[list[0].part]
	some i, original in elements
	not i in {finding.element | some finding in list}
	may_be_secret(elements, i, workload.as_text(original))
}

# Behind a flag of one letter, as in -p hunter2: a port or a path is seen to be one.
may_be_secret(elements, i, text) if {
	i > 0
	regex.match(`^-[A-Za-z]$`, workload.as_text(elements[i - 1]))
	not secrets.is_flag(text)
	not regex.match(secrets.harmless, text)
	not regex.match(`^:?[0-9]+$`, text)
}

# A name and a word behind a colon, as in admin:hunter2.
may_be_secret(_, _, text) if regex.match(`(^|=)[^\s:/=@-][^\s:/=@]*:[^\s/]*[A-Za-z]`, text)

# A long word of letters and digits, as in addresses of webhooks.
may_be_secret(_, _, text) if {
	some word in regex.find_n(`[A-Za-z0-9+_]{20,}`, text, -1)
	regex.match(`[0-9]`, word)
	regex.match(`[A-Za-z]`, word)
}

# missing_entries are the env entries that the rewritten command line needs.
missing_entries(list) := {entry |
	some finding in list
	not finding.name in names_from_elsewhere(container_of(finding.entry))
	entry := sprintf("- name: %s\n  valueFrom: %s", [yaml.scalar(finding.name), source_of(finding).yaml])
}

names_from_elsewhere(container) := {variable.name |
	some variable in container.env
	is_object(object.get(variable, "valueFrom", null))
}

container_of(named_entry) := [entry.container |
	some entry in workload.listed
	entry.path == named_entry.path
][0]
