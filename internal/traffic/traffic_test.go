package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/color"
)

func TestOwns(t *testing.T) {
	for name, test := range map[string]struct {
		reason   string
		managers []string
		want     bool
	}{
		"Nobody":   {"no managed fields", nil, false},
		"Others":   {"kubectl's and Helm's own", []string{"kubectl-client-side-apply", "helm"}, false},
		"Ours":     {"after a move", []string{"helm", "tealgate"}, true},
		"Renamed":  {"a user agent may differ in case", []string{"Tealgate"}, true},
		"Similar":  {"another program of a similar name", []string{"tealgate-cli"}, false},
		"AllOfUse": {"several entries of ours", []string{"tealgate", "x", "tealgate"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			service := &corev1.Service{}
			for _, manager := range test.managers {
				service.ManagedFields = append(service.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager})
			}
			assert.Equal(t, test.want, Owns(service), test.reason)
		})
	}
}

// Neither writes anything, so a client is not even looked at.
func TestNothingToDo(t *testing.T) {
	empty := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}}
	err := Pin(t.Context(), nil, empty, color.Blue)
	assert.ErrorIs(t, err, ErrNoSelector, "a color alone would select the whole namespace")
	assert.EqualError(t, err, "move shop/shop: the Service has no selector")
	assert.NoError(t, Disown(t.Context(), nil, empty))

	empty.Spec.Selector = map[string]string{"tealgate.dev/color": "blue"}
	err = Unpin(t.Context(), nil, empty, nil)
	assert.ErrorIs(t, err, ErrNoSelector, "without it Kubernetes would leave the endpoints as they are")
	assert.EqualError(t, err, "take tealgate.dev/color from shop/shop: nothing would be left: the Service has no selector")
}
