# METADATA
# title: Every Deployment names its team
# description: Somebody is called when it breaks.
# custom:
#   id: team-owner
#   action: deny
#   messages:
#     missing:
#       en: there is no label team, so nobody knows whom to call when {{.name}} breaks.
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

team := object.get(input.object, ["metadata", "labels", "team"], "")
