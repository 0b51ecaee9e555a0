package admission

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/facts"
)

const contractJob = "{apiVersion: batch/v1, kind: Job, metadata: {name: shop-blue, namespace: shop, labels: {tealgate.dev/migration: contract}}, " +
	"spec: {template: {spec: {restartPolicy: Never, containers: [{name: sql, image: 'shop/migrate:1'}]}}}}"

func TestContractMigration(t *testing.T) {
	two := around{versions: []facts.Versions{{Service: "shop", Versions: []string{"1", "2"}}}}
	for name, test := range map[string]struct {
		reason string
		facts  around
		old    string
		want   bool
	}{
		"OneVersion":  {reason: "nobody needs what it takes away", want: true},
		"TwoVersions": {reason: "the older one may", facts: two, want: false},
		"Resumed":     {reason: "the stored one has not begun, so that nothing is old about it", facts: two, old: contractJob, want: false},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: embeddedRules(t), facts: test.facts}.webhooks()
			response := ask{entry: "contract-migration", object: contractJob, old: test.old}.answer(t, w)
			assert.Equal(t, test.want, response.Allowed, test.reason)
		})
	}
}
