package rulebook_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/rulebook"
	"github.com/tealgate/tealgate/internal/settings"
)

// TestExamples holds that what docs/policies.md shows can be loaded.
func TestExamples(t *testing.T) {
	folder, err := rulebook.ReadDir("../../docs/examples/policies")
	require.NoError(t, err)
	built, err := rulebook.Build(t.Context(), embedded(t), []rulebook.Source{folder})
	require.NoError(t, err)
	assert.Empty(t, built.Untested)
	assert.Len(t, built.Tests, 2)
	assert.Contains(t, found(t, built.Engine), "team-owner")

	raw, err := os.ReadFile("../../docs/examples/settings.yaml")
	require.NoError(t, err)
	read, err := settings.ParseFile(raw)
	require.NoError(t, err)
	assert.NoError(t, read.Check(built.Engine.Rules()))
}
