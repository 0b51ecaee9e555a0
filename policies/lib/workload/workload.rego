# METADATA
# description: |
#   What rules ask about the Deployment under review. Everything here is defined: what
#   is absent is an empty value. Rules may walk fields of the object directly: in
#   some port in entry.container.ports what is absent, null or no list holds nothing.
#   Two things let a rule fall silent. null is a value, so that not container.image is
#   false for it. And in not f(container.image) or not x in container.ports what is absent
#   ends the whole rule: let the function take the container, and ask for members of a set
#   that was collected before.
#
#   OPA evaluates what stands here at most once a request, and each call of a function
#   anew. What rules share is therefore a value where it can be one.
package tealgate.lib.workload

# is_deployment is true for a Deployment that is created or changed, not deleted. A rule
# asks input.kind == "Deployment" before it: that lets OPA pass over the rule for other
# kinds without looking into it.
is_deployment if {
	input.kind == "Deployment"
	input.object != null
}

annotations := found if {
	found := input.object.metadata.annotations
	is_object(found)
} else := {}

pod_labels := found if {
	found := input.object.spec.template.metadata.labels
	is_object(found)
} else := {}

pod_annotations := found if {
	found := input.object.spec.template.metadata.annotations
	is_object(found)
} else := {}

# containers and init_containers are lists of {"path", "list", "name", "container"}: path
# is where it stands in the object, list which of the two lists it stands in. A container
# without a name is called unnamed.
containers := [{
	"path": sprintf("spec.template.spec.containers[%d]", [i]),
	"list": "containers",
	"name": object.get(container, "name", "unnamed"),
	"container": container,
} |
	some i, container in input.object.spec.template.spec.containers
	is_object(container)
]

init_containers := [{
	"path": sprintf("spec.template.spec.initContainers[%d]", [i]),
	"list": "initContainers",
	"name": object.get(container, "name", "unnamed"),
	"container": container,
} |
	some i, container in input.object.spec.template.spec.initContainers
	is_object(container)
]

listed := array.concat(containers, init_containers)

# native_sidecars are the init containers that go on running beside the others.
native_sidecars := [entry |
	some entry in init_containers
	entry.container.restartPolicy == "Always"
]

# running are the containers that run while the pod serves, without the sidecars
# that meshes inject and answer for themselves. Where there is nothing beside
# such sidecars they are what serves: a name alone excuses no pod.
running := own if {
	count(own) > 0
} else := array.concat(containers, native_sidecars)

own := [entry |
	some entry in array.concat(containers, native_sidecars)
	not entry.name in injected_sidecars
]

# injected_sidecars are names that service meshes and agents give to the containers they
# inject; none where nobody says so.
injected_sidecars := {name | some name in input.settings.sidecars}

# serving are those that declare a port; without any, one of the others serves, and
# all of them count.
serving := ports_declared if {
	count(ports_declared) > 0
} else := own

ports_declared := [entry |
	some entry in own
	entry.container.ports[0] != null
]

# without_traffic: the pods declare that no Service may select them.
without_traffic if object.get(pod_annotations, "tealgate.dev/traffic", "") == "none"

# without_colors: coloring was declined, or there is no traffic to color.
without_colors if without_traffic

without_colors if object.get(annotations, "tealgate.dev/blue-green", "") == "disabled"

# app names the application for proposals: the usual labels, else the object's name.
app := [name |
	some name in [
		as_text(object.get(pod_labels, "app.kubernetes.io/name", "")),
		as_text(object.get(pod_labels, "app", "")),
		trim_suffix(trim_suffix(input.name, "-blue"), "-green"),
		"app",
	]
	name != ""
][0]

# proposed_name is a valid object name that starts with the application's.
proposed_name(suffix) := sprintf("%s-%s", [
	trim(substring(regex.replace(lower(app), `[^a-z0-9-]+`, "-"), 0, 50), "-"),
	suffix,
])

# main_container is the name of the container that proposals are made for: the
# first that no mesh injected.
main_container := array.concat([entry.name | some entry in running; entry.list == "containers"], ["app"])[0]

# kubectl is the command with the namespace of the object under review.
kubectl := sprintf("kubectl -n %s", [input.namespace]) if {
	input.namespace != ""
} else := "kubectl"

# as_map, as_list and as_text replace what a manifest may hold by mistake, null
# above all, by an empty value of the type that rules expect.
as_map(value) := value if {
	is_object(value)
} else := {}

as_list(value) := value if {
	is_array(value)
} else := []

as_text(value) := value if {
	is_string(value)
} else := sprintf("%v", [value]) if {
	is_number(value)
} else := sprintf("%v", [value]) if {
	is_boolean(value)
} else := ""

# number is a field of a map that should hold one, else what Kubernetes takes for it.
number(map, name, otherwise) := value if {
	value := object.get(map, name, null)
	is_number(value)
} else := otherwise

# shown is text as a sentence can hold it: one line, no double quotes, not endless.
shown(text) := regex.replace(replace(line, `"`, "'"), `^(.{100}).+$`, "${1}...") if {
	line := trim_space(regex.replace(text, `\s+`, " "))
}
