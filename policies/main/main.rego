# METADATA
# description: |
#   The entrypoint. It unions what every rule package finds, so that a new rule is
#   a new folder and nothing else. Annotations are read when the program starts,
#   not here: a rule cannot vanish because of a missing annotation.
# entrypoint: true
package tealgate.main

# verdict maps the package of each rule that is asked to the set of its violations. The
# program knows which packages must be in it and takes a missing one for a failure.
verdict := {name: violations |
	some name in input.asked
	violations := data.tealgate.rules[name].violation
}
