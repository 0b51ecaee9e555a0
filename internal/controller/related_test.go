package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// TestShare: who waits for a Service of another BlueGreen is woken by it, for a preview too.
func TestShare(t *testing.T) {
	of := func(name, preview string) *v1alpha1.BlueGreen {
		pair := v1alpha1.ServicePair{Name: name}
		if preview != "" {
			pair.Preview = &v1alpha1.ServiceReference{Name: preview}
		}
		return &v1alpha1.BlueGreen{Spec: v1alpha1.BlueGreenSpec{Services: []v1alpha1.ServicePair{pair}}}
	}
	assert.True(t, share(of("shop", ""), of("shop", "")))
	assert.True(t, share(of("shop-preview", ""), of("shop", "shop-preview")))
	assert.True(t, share(of("shop", "shop-preview"), of("shop-preview", "")))
	assert.False(t, share(of("shop", "shop-preview"), of("cart", "cart-preview")))
}
