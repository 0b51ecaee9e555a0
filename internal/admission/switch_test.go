package admission

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	admissionv1 "k8s.io/api/admission/v1"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/tealgate/tealgate/internal/settings"
)

// saying is a Service on a color with a record, if it is not empty.
func saying(c, record string) string {
	object := strings.ReplaceAll(goodService, "blue", c)
	if record == "" {
		return object
	}
	return strings.Replace(object, "namespace: shop", fmt.Sprintf("namespace: shop, annotations: {tealgate.dev/switched: %q}", record), 1)
}

func TestRecordSwitch(t *testing.T) {
	const (
		there = "from green 1.3.0 to blue 1.4.0"
		now   = "from blue 1.4.0 to green 1.5.0"
	)
	with := func(object, replace, by string) string { return strings.Replace(object, replace, by, 1) }
	for name, test := range map[string]struct {
		reason      string
		object, old string
		operation   admissionv1.Operation
		// switched is what the pods say now.
		switched  string
		unmanaged bool
		want      string
	}{
		"First":               {reason: "what it leaves", object: saying("green", ""), old: saying("blue", ""), switched: now, want: saying("green", now)},
		"Next":                {reason: "of the last switch", object: saying("green", there), old: saying("blue", there), switched: now, want: saying("green", now)},
		"Dropped":             {reason: "a replace in the same move", object: saying("green", ""), old: saying("blue", there), switched: now, want: saying("green", now)},
		"Claimed":             {reason: "it is recorded, not claimed", object: saying("green", "from blue 1.6.0 to green 1.5.0"), old: saying("blue", there), switched: now, want: saying("green", now)},
		"NothingToSay":        {reason: "pods of two versions, say: an older record would be wrong", object: with(saying("green", there), "annotations: {", "annotations: {other: x, "), old: saying("blue", there), want: with(saying("green", there), fmt.Sprintf("tealgate.dev/switched: %q", there), "other: x")},
		"Emptied":             {reason: "the record is of another move", object: with(saying("blue", there), "selector: {app: shop, tealgate.dev/color: blue}", "selector: {}"), old: saying("blue", there), want: with(with(saying("blue", there), "selector: {app: shop, tealgate.dev/color: blue}", "selector: {}"), fmt.Sprintf("tealgate.dev/switched: %q", there), "")},
		"Kept":                {reason: "the selector stays", object: with(saying("blue", there), "port: 80", "port: 81"), old: saying("blue", there), switched: now, want: with(saying("blue", there), "port: 80", "port: 81")},
		"Replaced":            {reason: "kubectl replace drops what Git does not have", object: saying("blue", ""), old: saying("blue", there), switched: now, want: saying("blue", there)},
		"Overwritten":         {reason: "a claim", object: saying("blue", now), old: saying("blue", there), want: saying("blue", there)},
		"ClaimedWhereNoneWas": {reason: "that stays to be seen by the rule", object: saying("blue", now), old: saying("blue", ""), want: saying("blue", now)},
		"Argo": {
			reason: "not tealgate's", object: with(with(saying("blue", ""), "namespace: shop", byArgo), "tealgate.dev/color: blue", "rollouts-pod-template-hash: abc"),
			old: with(with(saying("blue", ""), "namespace: shop", byArgo), "tealgate.dev/color: blue", "rollouts-pod-template-hash: xyz"), switched: now,
			want: with(with(saying("blue", ""), "namespace: shop", byArgo), "tealgate.dev/color: blue", "rollouts-pod-template-hash: abc"),
		},
		"Unmanaged":  {reason: "the settings leave no color alone", object: saying("green", ""), old: saying("blue", ""), switched: now, unmanaged: true, want: saying("green", now)},
		"Created":    {reason: "the entry mutate sees it", object: saying("green", now), operation: admissionv1.Create, want: saying("green", now)},
		"Deployment": {reason: "not its business", object: goodDeployment, old: goodDeployment, switched: now, want: goodDeployment},
	} {
		t.Run(name, func(t *testing.T) {
			set := settings.Default()
			if test.unmanaged {
				set.Unmanaged = []settings.Unmanaged{{Namespace: "shop", Selector: labels.Everything()}}
			}
			w, _ := cluster{settings: set, facts: around{switched: test.switched}}.webhooks()
			response := ask{entry: "record-switch", object: test.object, old: test.old, operation: test.operation}.answer(t, w)
			got := patchedBy(t, test.object, response)
			assert.YAMLEq(t, test.want, got, test.reason)
			assert.Empty(t, response.Warnings, "a record is no news")
			assert.Empty(t, ask{entry: "record-switch", object: got, old: test.old, operation: test.operation}.answer(t, w).Patch, "twice is once")
		})
	}
}

// A copy of a Service that switched has not switched itself.
func TestNewServiceHasNoRecord(t *testing.T) {
	for _, only := range []string{"", "blue"} {
		w, _ := cluster{facts: around{only: "blue"}}.webhooks()
		object := saying("blue", "from green 1.3.0 to blue 1.4.0")
		if only != "" {
			object = strings.Replace(object, ", tealgate.dev/color: blue", "", 1)
		}
		got := patchedBy(t, object, ask{entry: "mutate", object: object}.answer(t, w))
		assert.YAMLEq(t, strings.Replace(goodService, "namespace: shop", "namespace: shop, annotations: {}", 1), got)
	}
}
