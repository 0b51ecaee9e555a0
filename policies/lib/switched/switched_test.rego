package tealgate.lib.switched_test

import data.tealgate.lib.switched

test_text[note] if {
	some note, case in {
		"there": {"service": {"metadata": {"annotations": {"tealgate.dev/switched": "x"}}}, "want": "x"},
		"no annotation": {"service": {"metadata": {"annotations": {"other": "x"}}}, "want": ""},
		"no annotations": {"service": {"metadata": {}}, "want": ""},
		"null annotations": {"service": {"metadata": {"annotations": null}}, "want": ""},
		"null metadata": {"service": {"metadata": null}, "want": ""},
		"no Service": {"service": null, "want": ""},
	}
	switched.text(case.service) == case.want
}

test_read[note] if {
	some note, case in {
		"a record": {"record": "from blue 1.4.0 to green 1.5.0", "want": ["blue", "1.4.0", "green", "1.5.0"]},
		"without a version taken": {"record": "from green 1.5.0 to blue", "want": ["green", "1.5.0", "blue", ""]},
		"versions like its own words": {"record": "from blue to to green from", "want": ["blue", "to", "green", "from"]},
		"without a version left": {"record": "from blue to green 1.5.0", "want": ["", "", "", ""]},
		"another color": {"record": "from red 1 to green 2", "want": ["", "", "", ""]},
		"two lines": {"record": "from blue 1 to green 2\nfrom blue 3 to green 4", "want": ["", "", "", ""]},
		"more": {"record": "from blue 1 to green 2 or so", "want": ["", "", "", ""]},
		"nothing": {"record": "", "want": ["", "", "", ""]},
	}
	read := switched.read(case.record)
	[read.from, read.left, read.to, read.taken] == case.want
}
