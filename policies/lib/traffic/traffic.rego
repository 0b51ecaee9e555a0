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

spec := workload.as_map(object.get(workload.as_map(input.object), "spec", {}))

old := workload.as_map(input.old)

old_spec := workload.as_map(object.get(old, "spec", {}))

selector := workload.as_map(object.get(spec, "selector", {}))

old_selector := workload.as_map(object.get(old_spec, "selector", {}))

color := object.get(selector, color_label, "")

old_color := object.get(old_selector, color_label, "")

role := role_of(input.object)

old_role := role_of(old)

# role_of is empty for a Service that carries live traffic; a role that nobody
# knows is none.
role_of(service) := value if {
	labels := workload.as_map(object.get(service, ["metadata", "labels"], {}))
	value := object.get(labels, "tealgate.dev/role", "")
	value in {"preview", "metrics"}
} else := ""

is_external_name(service_spec) if object.get(service_spec, "type", "ClusterIP") == "ExternalName"

# routes: the selector means something.
routes if {
	count(selector) > 0
	not is_external_name(spec)
}

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

# narrowed: the update only adds a color to the selector that was there.
narrowed if {
	selector_changed
	old_color == ""
	color != ""
	object.remove(selector, [color_label]) == old_selector
}
