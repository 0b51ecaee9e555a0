package admission

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/tealgate/tealgate/internal/facts"
)

// sharing is a pair whose colors mount the claim files, of which only one node can have one.
type sharing struct{ around }

func (sharing) Attached(_ context.Context, _, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	gathered.Claims = []facts.Claim{{Name: "files", AccessModes: []string{"ReadWriteOnce"}}}
	return gathered, nil
}

// A claim that was shared before warns, also when the labels of the pods change, as they do
// with each version.
func TestClaimsThatWereShared(t *testing.T) {
	stored := strings.Replace(goodDeployment, "    spec:\n      containers:",
		"    spec:\n      volumes: [{name: files, persistentVolumeClaim: {claimName: files}}]\n      containers:", 1)
	require.NotEqual(t, goodDeployment, stored)
	next := strings.Replace(stored, "1.4.0", "1.5.0", 1)
	require.NotEqual(t, stored, next)
	w, _ := cluster{rules: embeddedRules(t), facts: sharing{around{deployment: facts.Facts{
		Pair: []facts.Deployment{{Name: "shop-other", Color: "green", Claims: []string{"files"}}},
	}}}}.webhooks()
	updated := ask{entry: "validate-enforce", object: next, old: stored}.answer(t, w)
	assert.True(t, updated.Allowed, updated.Result.Message)
	assert.Contains(t, updated.AuditAnnotations["problems"], "warn stateless-storage")
	created := ask{entry: "validate-enforce", object: stored}.answer(t, w)
	assert.False(t, created.Allowed)
	mounted := ask{entry: "validate-enforce", object: next, old: goodDeployment}.answer(t, w)
	assert.False(t, mounted.Allowed, "it was not shared before")
}
