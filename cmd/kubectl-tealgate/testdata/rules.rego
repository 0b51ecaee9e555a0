# METADATA
# title: A title
# description: |
#   The first paragraph, as its author
#   has wrapped it.
#
#   The second one.
# custom:
#   id: two-actions
#   action: deny
#   concern: traffic
#   zh:
#     title: 标题
#     description: |
#       第一段。
#   messages:
#     hard:
#       en: hard
#     soft:
#       action: warn
#       en: soft
package tealgate.rules.two_actions

violation contains {} if false
