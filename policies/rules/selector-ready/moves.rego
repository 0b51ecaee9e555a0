# When a change moves traffic, and on how many ready pods that must end.

package tealgate.rules.selector_ready

import data.tealgate.lib.switched as records
import data.tealgate.lib.traffic

# moved: the update sends the traffic of a coloured application elsewhere.
moved if {
	traffic.live
	traffic.selector_changed
	traffic.routes
}

# A Service without traffic of its own, as a preview is, becomes a live one.
moved if {
	traffic.live
	input.operation == "UPDATE"
	traffic.old_role != ""
	traffic.routes
}

# reaches: by the change traffic gets to pods that it did not get to before.
reaches if {
	moved
	not traffic.narrowed
}

# A new Service that serves at once. One that comes before its pods are ready, as in a
# first apply, is not asked for them.
reaches if {
	input.operation == "CREATE"
	traffic.live
	traffic.color != ""
	count(traffic.ready_pods) > 0
}

# switched: from one color to something else.
switched if {
	moved
	traffic.old_color != ""
	traffic.old_color != traffic.color
}

# lacking: there are pods, all of them were read, and too few are ready.
lacking if {
	moved
	not truncated
	count(traffic.pods) > 0
	count(traffic.ready_pods) < needed
}

truncated if input.facts.selected.truncated

truncated if input.facts.serving.truncated

serving := input.facts.serving.ready

# needed is how many ready pods the change must end on.
needed := serving - count(staying) if {
	traffic.narrowed
} else := 1 if {
	going_back
} else := max([1, serving])

# going_back: to the color that the last switch left, in the version that it had then.
going_back if {
	switched
	traffic.old_role == ""
	object.remove(traffic.selector, [traffic.color_label]) == object.remove(traffic.old_selector, [traffic.color_label])
	record := records.read(records.text(input.old))
	record.to == traffic.old_color
	record.from == traffic.color
	object.keys(by_version) == {record.left}
}

# staying are the pods that serve now and go on serving.
staying := {name | some name in input.facts.serving.pods} & {pod.name | some pod in traffic.ready_pods}
