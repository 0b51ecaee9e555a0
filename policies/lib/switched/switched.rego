# METADATA
# description: |
#   The record that tealgate writes onto a Service when its traffic moves to the other
#   color, annotation tealgate.dev/switched: from blue 1.4.0 to green 1.5.0.
package tealgate.lib.switched

import data.tealgate.lib.workload

# text is the annotation of a Service, empty where it has none.
text(service) := workload.as_text(object.get(
	workload.as_map(object.get(workload.as_map(object.get(workload.as_map(service), "metadata", {})), "annotations", {})),
	"tealgate.dev/switched",
	"",
))

# read is a record in its parts, all empty where it is none. What was moved to may have
# had no single version.
read(record) := {"from": parts[1], "left": parts[2], "to": parts[3], "taken": trim_prefix(parts[4], " ")} if {
	[parts] := regex.find_all_string_submatch_n(`^from (blue|green) (\S+) to (blue|green)( \S+)?$`, record, 1)
} else := {"from": "", "left": "", "to": "", "taken": ""}
