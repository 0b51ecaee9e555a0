# METADATA
# description: |
#   What the containers of the Deployment under review are told: env, options in args
#   and command, and the options inside an env value, as in JAVA_TOOL_OPTIONS. Each name
#   is canonical: spring.flyway.enabled and SPRING_FLYWAY_ENABLED are one setting.
package tealgate.lib.settings

import data.tealgate.lib.secrets
import data.tealgate.lib.workload

# text is all that the containers are told, in capitals. A setting is given only if its
# words are in it. Whoever looks for some asks this first, as in
# glob.match("{*FLYWAY*,*LIQUIBASE*}", null, settings.text): mostly that is the end of
# it, and it costs a hundredth of taking everything apart.
text := upper(sprintf("%v", [[told |
	some entry in workload.listed
	some part in ["env", "args", "command"]
	told := entry.container[part]
]]))

# given are {"name", "value", "from"}. The value of a variable that is read from elsewhere is
# empty, and from says so.
given contains {
	"name": secrets.canonical(workload.as_text(object.get(variable, "name", ""))),
	"value": trim_space(workload.as_text(object.get(variable, "value", ""))),
	"from": is_object(object.get(variable, "valueFrom", null)),
} if {
	some entry in workload.listed
	some variable in entry.container.env
	is_object(variable)
}

given contains {"name": secrets.canonical(option.name), "value": trim_space(option.literal), "from": false} if {
	some option in options
}

options contains option if {
	some entry in workload.listed
	some list in ["command", "args"]
	some option in secrets.options(workload.as_list(object.get(entry.container, list, [])))
	option.name != ""
}

options contains option if {
	some entry in workload.listed
	some variable in entry.container.env
	is_object(variable)
	value := workload.as_text(object.get(variable, "value", ""))
	contains(value, "-D")
	some option in secrets.options([value])
	option.name != ""
}

# on are the settings that are not switched off; whether one that is read from
# elsewhere is, cannot be seen, and it counts.
on contains setting if {
	some setting in given
	not is_off(setting)
}

# off are the names of settings that are switched off.
off contains setting.name if {
	some setting in given
	is_off(setting)
}

is_off(setting) if {
	not setting.from
	lower(setting.value) in {"", "false", "off", "no", "0"}
}

# command_lines are the words of command and args as one text for each container.
command_lines contains {"entry": entry, "text": text} if {
	some entry in workload.listed
	words := array.concat(
		workload.as_list(object.get(entry.container, "command", [])),
		workload.as_list(object.get(entry.container, "args", [])),
	)
	text := concat(" ", [workload.as_text(word) | some word in words])
	text != ""
}
