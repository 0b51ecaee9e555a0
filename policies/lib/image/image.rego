# METADATA
# description: Parts of an image reference, as in registry:5000/team/app:1.2@sha256:...
package tealgate.lib.image

# tag is the part after the colon of the last path element; empty without one. A
# port of the registry is not a tag.
tag(image) := parts[1] if {
	parts := split(last_element(image), ":")
	count(parts) > 1
} else := ""

digest(image) := parts[1] if {
	parts := split(image, "@")
	count(parts) > 1
} else := ""

last_element(image) := elements[count(elements) - 1] if {
	elements := split(split(image, "@")[0], "/")
}
