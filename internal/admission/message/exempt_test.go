package message_test

import (
	"slices"
	"strings"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// exemptLines are the golden of what is told about exemptions.
func exemptLines(language policy.Language) string {
	one := exemption.Parse("external-config: legacy vendor app until 2027-01-31")
	others := exemption.Parse("readiness-probe: see TEAM-12 until 2026-12-31; replicas: one is enough until 2027-03-31")
	long := exemption.Parse("external-config: " + strings.Repeat("reason ", 28) + "until 2027-01-31")
	return strings.Join([]string{
		message.Exempt(language, shop, nil, one),
		message.Exempt(language, shop, one, nil),
		message.Exempt(language, shop, one, slices.Concat(others, others)),
		message.Exempt(language, shop, nil, long),
	}, "\n")
}
