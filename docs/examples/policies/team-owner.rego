# METADATA
# title: Every Deployment names its team
# description: |
#   The label team names who is called when the Deployment breaks. Without it somebody
#   searches for them while it is broken.
# custom:
#   id: team-owner
#   action: warn
#   messages:
#     missing:
#       fix:
#         at: metadata
#         yaml: |-
#           labels:
#             team: checkout
#       en: |-
#         there is no label team, so nobody knows whom to call when {{.name}} breaks.
#
#         Fix in {{.at}} (the name is a guess), then apply again:
#
#           {{.fix}}
package tealgate.rules.team_owner

import data.tealgate.lib.workload

violation contains {
	"message": "missing",
	"field": "metadata.labels.team",
	"subject": "",
	"with": {"name": input.name},
} if {
	workload.is_deployment
	team == ""
}

# An absent label is an empty one: what is absent must never make a rule silent.
team := object.get(input.object, ["metadata", "labels", "team"], "")
