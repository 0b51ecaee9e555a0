package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestX(t *testing.T) {
	for _, ref := range []string{"input.object.spec.replicaz", "input.facts.servces", "input.object.spec.template.spec.containers[_].imag", "input.object.spec.replicas", "input.object.spec.ports[_].port", "input.object.spec.selector.matchLabels.x", "input.object.spec.selector.app", "input.object.metadata.lables", "input.facts.pair[_].references[_].nam","input.objct.spec", "input.object.metadata.labels.foo", "input.object.spec.template.spec.volumes[_].csi.drver", "input.facts.selected.pods[_].redy"} {
		_, err := New(t.Context(), map[string]string{
			"main.rego": "package tealgate.main\nverdict[name] := v if { some name; v := data.tealgate.rules[name].violation }",
			"r.rego":    "package tealgate.rules.r\nviolation contains {\"message\": \"x\"} if {\n  " + ref + " == \"1\"\n}",
		})
		t.Log(ref, "->", err)
	}
	assert.True(t, true)
}
