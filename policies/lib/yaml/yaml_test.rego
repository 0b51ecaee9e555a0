package tealgate.lib.yaml_test

import data.tealgate.lib.yaml as writer

test_scalar_reads_as_text[text] if {
	some text, want in {
		"web": "web",
		"--db-password=$(DB_PASSWORD)": "--db-password=$(DB_PASSWORD)",
		"/app/ready": "/app/ready",
		"1.27": "'1.27'",
		"-5": "'-5'",
		"1e3": "'1e3'",
		"on": "'on'",
		"Null": "'Null'",
		"": "''",
		"a: b": "'a: b'",
		"it's": "'it''s'",
		"#": "'#'",
		"*": "'*'",
	}
	writer.scalar(text) == want
	yaml.unmarshal(want) == text
}

test_list_reads_as_it_was[note] if {
	some note, texts in {
		"words": ["a", "true", "it's", "--a=b", "- x", "[x]"],
		"a script": ["-c", "set -e\napp --a\n"],
		"no line break at the end": ["a\n  b"],
		"several line breaks at the end": ["a\nb\n\n"],
		"spaces in front": ["  a\nb"],
	}
	yaml.unmarshal(concat("", [writer.list(texts), "\n"])) == texts
}
