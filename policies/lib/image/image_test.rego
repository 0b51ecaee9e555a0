package tealgate.lib.image_test

import data.tealgate.lib.image

test_parts[reference] if {
	some reference, want in {
		"shop": ["", ""],
		"shop:1.4.0": ["1.4.0", ""],
		"host:5000/shop": ["", ""],
		"host:5000/team/shop:1.4.0@sha256:0123": ["1.4.0", "sha256:0123"],
		"shop@sha256:0123": ["", "sha256:0123"],
		"": ["", ""],
	}
	[image.tag(reference), image.digest(reference)] == want
}
