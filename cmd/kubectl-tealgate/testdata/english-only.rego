# METADATA
# title: A title in one language
# description: The only paragraph.
# custom:
#   id: english-only
#   action: warn
#   messages:
#     soft:
#       en: soft
package tealgate.rules.english_only

violation contains {} if false
