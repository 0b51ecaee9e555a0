package rights

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const events = `{"verb":"list","user":{"username":"system:serviceaccount:tealgate-system:tealgate"},"objectRef":{"resource":"services","namespace":"shop","apiVersion":"v1"},"annotations":{"authorization.k8s.io/decision":"allow"}}
{"verb":"patch","user":{"username":"system:serviceaccount:tealgate-system:tealgate"},"objectRef":{"resource":"bluegreens","namespace":"shop","name":"shop","apiGroup":"tealgate.dev","subresource":"status"},"annotations":{"authorization.k8s.io/decision":"allow"}}
{"verb":"get","user":{"username":"system:serviceaccount:tealgate-system:tealgate"},"objectRef":{"resource":"secrets","namespace":"shop","name":"b"},"responseStatus":{"code":403},"annotations":{"authorization.k8s.io/decision":"forbid"}}
{"verb":"get","user":{"username":"system:serviceaccount:tealgate-system:tealgate"},"requestURI":"/apis","annotations":{"authorization.k8s.io/decision":"allow"}}
{"verb":"watch","user":{"username":"ada"},"objectRef":{"resource":"services"},"annotations":{"authorization.k8s.io/decision":"allow"}}
{"verb":"wat`

const role = `
kind: ClusterRole
rules:
- {apiGroups: [""], resources: [services], verbs: [list, watch]}
- {apiGroups: [tealgate.dev], resources: [bluegreens, bluegreens/status], resourceNames: [shop, web], verbs: [patch]}
- {apiGroups: [""], resources: [secrets], verbs: [get]}
`

func TestRoles(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	require.NoError(t, os.WriteFile(log, []byte(events), 0o600))
	requests, err := Read(log)
	require.NoError(t, err)
	assert.Equal(t, "get . /\nget secrets. shop/b\nlist services. shop/\npatch bluegreens/status.tealgate.dev shop/shop", Text(requests))
	assert.Equal(t, "get secrets. shop/b", Text(Refused(requests)))

	unused, err := Unused([]byte(role), requests)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"watch services. /",
		"patch bluegreens.tealgate.dev /shop",
		"patch bluegreens.tealgate.dev /web",
		"patch bluegreens/status.tealgate.dev /web",
		"get secrets. /",
	}, unused, "somebody else's watch does not count, nor what was refused")

	unused, err = Unused([]byte("metadata: {namespace: tealgate-system}\nrules: [{apiGroups: [''], resources: [services], verbs: [list]}]"), requests)
	require.NoError(t, err)
	assert.Equal(t, []string{"list services. tealgate-system/"}, unused, "a Role counts in its own namespace")
}
