# METADATA
# description: |
#   Writes YAML that can be pasted: a name that YAML would read as a number, a
#   boolean or null comes out quoted, and nothing comes out in double quotes,
#   which logs would escape.
package tealgate.lib.yaml

# scalar is plain where no reader could take it for anything but text.
scalar(text) := text if {
	regex.match(`^-{0,2}[A-Za-z_/$][A-Za-z0-9_./$()=-]*$`, text)
	not lower(text) in words
} else := quoted(text)

quoted(text) := sprintf("'%s'", [replace(text, "'", "''")])

# words are texts that YAML takes for booleans or null.
words := {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

# list writes one item a line, and text of several lines as a block.
list(texts) := concat("\n", [item(text) | some text in texts])

item(text) := sprintf("- %s", [scalar(text)]) if {
	not contains(text, "\n")
} else := sprintf("- |2%s\n%s", [keeping(text), indented(trim_suffix(text, "\n"))])

# keeping says how a block ends: with no line break, with one, with all.
keeping(text) := "-" if {
	not endswith(text, "\n")
} else := "+" if {
	endswith(text, "\n\n")
} else := ""

indented(text) := concat("\n", [sprintf("  %s", [line]) | some line in split(text, "\n")])
