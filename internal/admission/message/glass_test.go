package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

// glassTexts are what is said about break-glass: as it counts, with words of any
// length, and each reason for which it does not.
func glassTexts(language policy.Language) []string {
	service := message.Object{Kind: "Service", Namespace: "shop", Name: "shop"}
	now := time.Date(2026, 11, 23, 13, 40, 0, 0, time.UTC)
	g := message.Glass{
		Value: "payment outage until 2026-11-23T14:05:00Z", Reason: "payment outage", Until: now.Add(25 * time.Minute), User: "ada",
	}
	east := g
	east.Until = g.Until.In(time.FixedZone("", 8*60*60))
	endless := message.Glass{Value: strings.Repeat("a \"word\"\n", 40), Reason: strings.Repeat("a \"word\"\n", 40), Until: g.Until, User: strings.Repeat("user", 30)}
	lines := []string{
		message.Broken(language, service, g, false), message.Broken(language, service, g, true),
		message.Broken(language, service, east, false), message.Broken(language, service, endless, false),
	}
	for _, refusal := range []message.Refusal{
		message.BadForm, message.Ended, message.TooFarAhead, message.NoRight, message.NotAsked, message.NotSeen,
	} {
		lines = append(lines, message.Intact(language, service, g, refusal, now))
	}
	lines = append(lines, message.Intact(language, service, endless, message.BadForm, now))
	return append(lines, message.Intact(language, service, endless, message.NoRight, now))
}

func TestGlassLinesAreWarnings(t *testing.T) {
	for _, language := range policy.Languages() {
		for _, line := range glassTexts(language) {
			assert.LessOrEqual(t, len([]rune(line)), message.MaxWarningRunes, line)
			assert.NotContains(t, line, "\n")
			assert.NotContains(t, line, "{", "a hole")
		}
	}
}

func TestRefusalsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for refusal := message.BadForm; refusal <= message.NotSeen; refusal++ {
		names[refusal.String()] = true
	}
	assert.Len(t, names, 6)
}
