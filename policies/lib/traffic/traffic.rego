# METADATA
# description: |
#   What rules ask about the Service under review, as it is to be and as it was.
#   Everything here is total: what is absent is an empty value.
package tealgate.lib.traffic

import data.tealgate.lib.workload

color_label := "tealgate.dev/color"

colors := {"blue", "green"}

# is_service is true for a Service that is created or changed, not deleted.
is_service if {
	input.kind == "Service"
	input.object != null
}

service := workload.as_map(input.object)

old := workload.as_map(input.old)

spec := workload.as_map(object.get(service, "spec", {}))

old_spec := workload.as_map(object.get(old, "spec", {}))

is_external_name(service_spec) if object.get(service_spec, "type", "") == "ExternalName"

# selector and old_selector are what is in force: a change of type is a change
# of selector.
selector := in_force(spec)

old_selector := in_force(old_spec)

# in_force is empty for the type that ignores its selector.
in_force(service_spec) := {} if {
	is_external_name(service_spec)
} else := workload.as_map(object.get(service_spec, "selector", {}))

color := object.get(selector, color_label, "")

old_color := object.get(old_selector, color_label, "")

role := role_of(service)

old_role := role_of(old)

# role_of is empty for a Service that carries live traffic; a role that nobody
# knows is none.
role_of(object_of_service) := value if {
	labels := workload.as_map(object.get(object_of_service, ["metadata", "labels"], {}))
	value := object.get(labels, "tealgate.dev/role", "")
	value in {"preview", "metrics"}
} else := ""

# routes: the selector means something.
routes if count(selector) > 0

# pods are the selected pods that will stay.
pods := [pod |
	some pod in input.facts.selected.pods
	not pod.terminating
]

ready_pods := [pod | some pod in pods; pod.ready]

pod_colors := {pod.color | some pod in pods; pod.color != ""}

# coloured: the Service is one that colors are about.
coloured if color != ""

coloured if old_color != ""

coloured if count(pod_colors) > 0

coloured if count(served_colors) > 0

# served_colors are the colors of the pods that carry the traffic now, whatever
# the selector says.
served_colors := {color | some color in object.get(input.facts.serving, "colors", [])} & colors

# present is the color that the traffic is on: what the stored selector pins, else
# what serves. Empty where colors play no part.
present := old_color if {
	old_color in colors
} else := sort(served_colors)[0] if {
	count(served_colors) > 0
} else := ""

# live: it carries traffic of a coloured application.
live if {
	is_service
	role == ""
	coloured
}

selector_changed if {
	input.operation == "UPDATE"
	selector != old_selector
}

# narrowed: the update only adds a color to the selector that was there. Without
# one that was there a color adds pods, all of that color in the namespace.
narrowed if {
	selector_changed
	count(old_selector) > 0
	color != ""
	object.remove(selector, [color_label]) == old_selector
}

# selects says whether a selector that is not empty matches labels.
selects(wanted, labels) if {
	count(wanted) > 0
	every key, value in wanted {
		labels[key] == value
	}
}

# written is a selector as kubectl -l takes it.
written(wanted) := concat(",", [sprintf("%s=%s", [key, workload.as_text(value)]) | some key, value in wanted])

# some_names is at most three names, and how many there are beside them.
some_names(names) := {"en": concat(", ", names), "zh": concat("、", names)} if {
	count(names) <= 3
} else := {
	"en": sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 3)), count(names) - 3]),
	"zh": sprintf("%s 等 %d 个", [concat("、", array.slice(names, 0, 3)), count(names)]),
}

# managed is the BlueGreen that the object under review belongs to. Its by is empty where
# there is none.
managed := object.union(
	{"by": "", "service": "", "phase": "", "kept": "", "release": "", "keeps": false},
	workload.as_map(object.get(input, ["facts", "managed"], {})),
)
