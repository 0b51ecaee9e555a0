//go:build e2e

package e2e

import "testing"

func underLoad(t *testing.T, c *cluster) {
	c.install(t)
	c.enforce(t, "under-load")
	c.show(t)
}
