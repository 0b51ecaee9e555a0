package facts

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stored is a cache in which every namespace has these labels.
type stored map[string]string

func (s stored) Get(_ context.Context, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	object.SetLabels(s)
	return nil
}

func (stored) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("not asked for")
}

func TestNamespacesAuditOnly(t *testing.T) {
	for title, test := range map[string]struct {
		reason       string
		labels, want map[string]string
	}{
		"Enforce": {
			"nothing that enforce would allow is done",
			map[string]string{"tealgate.dev/mode": "enforce", "tealgate.dev/language": "zh"},
			map[string]string{"tealgate.dev/mode": "audit", "tealgate.dev/language": "zh"},
		},
		"Misspelled": {
			"elsewhere that counts as warn",
			map[string]string{"tealgate.dev/mode": "enforced"},
			map[string]string{"tealgate.dev/mode": "audit"},
		},
		"Off": {"a namespace without a mode stays one", map[string]string{"a": "b"}, map[string]string{"a": "b"}},
	} {
		t.Run(title, func(t *testing.T) {
			before := len(test.labels)
			assert.Equal(t, test.want, NewNamespaces(stored(test.labels), true).Labels(t.Context(), "shop"), test.reason)
			assert.Equal(t, test.labels, NewNamespaces(stored(test.labels), false).Labels(t.Context(), "shop"))
			assert.Len(t, test.labels, before, "the cache is not written to")
		})
	}
}
