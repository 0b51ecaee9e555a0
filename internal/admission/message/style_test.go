package message_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/admission/message"
)

// assertStyle holds what every text has to be, whatever it says.
func assertStyle(t *testing.T, name, text string) {
	t.Helper()
	assert.NotContains(t, text, `"`, "%s: double quotes come out escaped in the logs of Helm", name)
	assert.LessOrEqual(t, len(text), message.MaxBytes, name)
	assert.True(t, utf8.ValidString(text), name)
	assert.Equal(t, strings.TrimSpace(text), text, "%s: blanks around", name)
	for line := range strings.SplitSeq(text, "\n") {
		assert.Equal(t, strings.TrimRight(line, " "), line, "%s: blanks at the end of a line", name)
	}
}
