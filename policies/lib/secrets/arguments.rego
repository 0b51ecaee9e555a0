# What command lines say: the options in a list of arguments, each with its value.
package tealgate.lib.secrets

import data.tealgate.lib.workload

# options are the values that a command line holds: {"flag", "name", "literal",
# "element", "replaced"}. A flag takes its value behind = or from the next word.
# Text with spaces, as sh -c gets it, is taken apart at the spaces; replaced, what
# stays of the element before the literal, is then {}.
options(list) := [option |
	words := [word |
		some i, text in list
		found := words_of(workload.as_text(text))
		some part in found
		word := {"element": i, "text": part, "alone": count(found) == 1}
	]
	some i, word in words
	option := option_at(words, i, word)
]

words_of(text) := [text] if {
	not regex.match(`\s`, text)
} else := [text] if {
	regex.match(`^-[\w.-]+=`, text)
	not regex.match(`\s-`, text)
} else := [text] if {
	regex.match(credential_shapes[0].pattern, text)
} else := regex.split(`\s+`, text)

option_at(words, i, word) := {
	"flag": concat("", [groups[1], groups[2]]),
	"name": groups[2],
	"literal": groups[3],
	"element": word.element,
	"replaced": replaced(word, sprintf("%s%s=", [groups[1], groups[2]])),
} if {
	groups := regex.find_all_string_submatch_n(`(?s)^["']?(-D|--?|)([A-Za-z_][\w.-]*)=["']?(.*?)["';]*$`, word.text, 1)[0]
} else := {
	"flag": words[i - 1].text,
	"name": trim_left(words[i - 1].text, "-"),
	"literal": trim(word.text, `"';`),
	"element": word.element,
	"replaced": replaced(word, ""),
} if {
	i > 0
	is_flag(words[i - 1].text)
	not is_flag(word.text)
} else := {
	"flag": "",
	"name": "",
	"literal": trim(word.text, `"';`),
	"element": word.element,
	"replaced": replaced(word, ""),
} if {
	not is_flag(word.text)
}

is_flag(word) if regex.match(`^--?[A-Za-z][\w.-]*$`, word)

replaced(word, before) := {"before": before} if {
	word.alone
} else := {}
