package offline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBlock(t *testing.T) {
	const text = `# policies
---
kind: ConfigMap
apiVersion: v1
metadata: {name: acme}
data:
  plain.rego: package a
  # a comment
  block.rego: |-

    package b
      x
  kept.rego: |2
      package c
  folded.rego: >
    package d
`
	manifests, err := Read(t.Context(), Sources{Files: []string{Stdin}, Stdin: strings.NewReader(text)})
	require.NoError(t, err)
	require.Len(t, manifests.Objects, 1)
	for key, want := range map[string]struct {
		at     Position
		indent int
		ok     bool
	}{
		"block.rego":  {Position{"stdin", 10}, 4, true},
		"kept.rego":   {Position{"stdin", 14}, 4, true},
		"plain.rego":  {},
		"folded.rego": {},
		"gone.rego":   {},
	} {
		at, indent, ok := manifests.Objects[0].Block("data", key)
		assert.Equal(t, want.ok, ok, key)
		assert.Equal(t, want.at, at, key)
		assert.Equal(t, want.indent, indent, key)
	}
	_, _, ok := manifests.Objects[0].Block("data", "plain.rego", "x")
	assert.False(t, ok)
}
