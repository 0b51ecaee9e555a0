package admission

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/tealgate/tealgate/internal/facts"
)

func (a around) ManagedService(ctx context.Context, _, _ string) (facts.Managed, error) {
	return a.managed, a.gate(ctx)
}

func (a around) ManagedPods(ctx context.Context, _ string, _ map[string]string) (facts.Managed, error) {
	return a.managed, a.gate(ctx)
}

func (a around) StillThere(ctx context.Context, _, _ string) (bool, error) {
	return !a.unmanaged, a.gate(ctx)
}

func (a around) SideBySide(ctx context.Context, _ string) ([]facts.Versions, error) {
	return append([]facts.Versions{}, a.versions...), a.gate(ctx)
}

// TestDeletedServiceAndItsBlueGreen holds that one command can delete both, one right after
// the other: the cache still has the BlueGreen.
func TestDeletedServiceAndItsBlueGreen(t *testing.T) {
	managed := facts.Managed{By: "shop", Service: "shop"}
	for name, test := range map[string]struct {
		reason string
		facts  around
		want   bool
	}{
		"Managed":     {"the BlueGreen is there", around{managed: managed}, false},
		"JustDeleted": {"the cache is late", around{managed: managed, unmanaged: true}, true},
		"Unmanaged":   {"nobody is asked whether anything is still there", around{}, true},
		"Terminating": {"the namespace goes", around{managed: managed, ending: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: embeddedRules(t), facts: test.facts}.webhooks()
			response := ask{entry: "validate-enforce", operation: admissionv1.Delete, old: worded("Service", "", "")}.answer(t, w)
			assert.Equal(t, test.want, response.Allowed, test.reason)
		})
	}
}
