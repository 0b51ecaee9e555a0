package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

// behindTexts are the lines about Deployments behind a Service, for every room.
func behindTexts(t *testing.T, language policy.Language, findings []message.Behind) string {
	t.Helper()
	var all []string
	for room := range message.MaxWarnings + 1 {
		lines, err := message.BehindWarnings(language, findings, room)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(lines), room)
		all = append(all, lines...)
	}
	lines, err := message.BehindWarnings(language, findings[:1], 1)
	require.NoError(t, err)
	return strings.Join(append(all, lines...), "\n")
}
