package certs

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What cert-manager lacks is said beside what follows from it, and only then. What it lacks is
// told by the real one, in test/integration.
func TestExplain(t *testing.T) {
	var without *issuance
	assert.Equal(t, errNothingServed, without.explain(errNothingServed), "tealgate makes its own")
	with := &issuance{}
	assert.Equal(t, errNothingServed, with.explain(errNothingServed), "nobody has looked yet")
	lacking := "Certificate x does not exist"
	with.lacking.Store(&lacking)
	assert.NoError(t, with.explain(nil), "what is served is good")
	assert.EqualError(t, with.explain(errNothingServed), "no certificate to serve yet: Certificate x does not exist")
	assert.ErrorIs(t, with.explain(errNothingServed), errNothingServed)
	lacking = ""
	assert.Equal(t, errNothingServed, with.explain(errNothingServed), "it is Ready: the Secret comes next")
}
