package message_test

import "github.com/tealgate/tealgate/internal/policy"

// documented has a page of the platform team's.
func documented(v policy.Violation) policy.Violation {
	v.Docs = "https://wiki.example/tealgate/" + v.Rule.ID
	return v
}
