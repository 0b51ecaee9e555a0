package admission

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/settings"
)

func stored(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &object.Object))
	return object
}

// nobody asks about a right.
type nobody struct{ around }

func (nobody) MayExempt(context.Context, string, string, []string) (bool, error) {
	return false, errors.New("nobody asks")
}

// TestStanding holds what is said about objects that exist: what they are, and
// nothing about a change that nobody makes.
func TestStanding(t *testing.T) {
	ready := func(name, c string) facts.Pod {
		return facts.Pod{Name: name, Color: c, Version: "1.4.0", Ready: true, Ports: []string{"http"}}
	}
	uncolored := strings.NewReplacer(", labels: {tealgate.dev/color: blue}", "", ", tealgate.dev/color: blue", "").Replace(goodDeployment)
	unprobed := func(text string) string {
		return strings.Replace(text, "        readinessProbe: {httpGet: {path: /readyz, port: http}}\n", "", 1)
	}
	unpinned := strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1)
	selected := func(pods ...facts.Pod) facts.Facts { return facts.Facts{Selected: facts.Selected{Pods: pods}} }
	unready := selected()
	unready.Beside = 3
	argo := strings.Replace(strings.Replace(goodService, "tealgate.dev/color: blue", "rollouts-pod-template-hash: 6bd9f4d9bd", 1),
		"namespace: shop}", "namespace: shop, annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: shop}}", 1)
	live := facts.Facts{
		Services: []facts.Service{{Name: "shop", Color: "blue", Selector: map[string]string{"app": "shop", "tealgate.dev/color": "blue"}}},
		Pair:     []facts.Deployment{{Name: "shop-green", Color: "green", Version: "1.5.0"}},
	}
	for name, test := range map[string]struct {
		reason         string
		object         string
		facts          around
		denied, warned []string
	}{
		"Running":  {reason: "the live side of a pair", object: goodDeployment, facts: around{deployment: live}},
		"Unprobed": {reason: "not forgiven for being there before", object: unprobed(goodDeployment), denied: []string{"readiness-probe"}},
		"Undone":   {reason: "nor for having run", object: unprobed(goodDeployment), facts: around{ran: true}, denied: []string{"readiness-probe"}},
		"Uncolored": {
			reason: "its selector cannot take a color any more", object: uncolored, warned: []string{"color-selector"},
		},
		"UncoloredAndUnprobed": {
			reason: "each problem once", object: unprobed(uncolored), denied: []string{"readiness-probe"}, warned: []string{"color-selector"},
		},
		"UncoloredBesideAnother": {
			reason: "pods without a color are no second color", object: uncolored, warned: []string{"color-selector"},
			facts: around{deployment: facts.Facts{
				Services: []facts.Service{{Name: "shop", Selector: map[string]string{"app": "shop"}}},
				Pair:     []facts.Deployment{{Name: "shop", Live: true}},
			}},
		},
		"HalfLabelled": {
			reason: "tealgate completes it at the next update", object: strings.Replace(goodDeployment, ", labels: {tealgate.dev/color: blue}", "", 1),
		},
		"Declined": {
			reason: "it does not want a color",
			object: strings.Replace(uncolored, "annotations: {", "annotations: {tealgate.dev/blue-green: disabled, ", 1),
		},
		"Deployer": {reason: "nobody deploys", object: strings.Replace(goodDeployment, "deployed-by: alice", "deployed-by: bob", 1)},
		"Exempt": {
			reason: "it was given by somebody who might, and nobody asks again",
			object: strings.Replace(unprobed(goodDeployment), "annotations: {", "annotations: {tealgate.dev/exempt: 'readiness-probe: legacy until 2999-12-31', ", 1),
		},
		"ExemptNoMore": {
			reason: "the loan is due", denied: []string{"readiness-probe"}, warned: []string{"exemption"},
			object: strings.Replace(unprobed(goodDeployment), "annotations: {", "annotations: {tealgate.dev/exempt: 'readiness-probe: legacy until 2000-12-31', ", 1),
		},
		"Serving": {reason: "a Service on ready pods", object: goodService, facts: around{service: selected(ready("a", "blue"))}},
		"Unready": {reason: "it is not born, whatever the other color has", object: goodService, facts: around{service: unready}},
		"OneColor": {
			reason: "tealgate pins it", object: unpinned,
			facts: around{service: selected(ready("a", "blue")), only: color.Blue},
		},
		"BothColors": {
			reason: "nobody can say which one is meant", object: unpinned,
			facts: around{service: selected(ready("a", "blue"), ready("b", "green"))}, denied: []string{"selector-pins-color"},
		},
		"Publishing": {
			reason: "what it is, not what changes", object: strings.Replace(goodService, "spec:", "spec:\n  publishNotReadyAddresses: true", 1),
			facts: around{service: selected(ready("a", "blue"))}, denied: []string{"selector-ready"},
		},
		"Argo": {reason: "Argo Rollouts moves it", object: argo, facts: around{service: selected(ready("a", "blue"), ready("b", "green"))}},
	} {
		t.Run(name, func(t *testing.T) {
			judge := NewJudge(JudgeOptions{Edition: Edition{Rules: embeddedRules(t), Settings: settings.Default()}, Facts: nobody{test.facts}})
			verdict, err := judge.Standing(t.Context(), stored(t, test.object))
			require.NoError(t, err)
			var denied, warned []string
			for _, violation := range verdict.Denied {
				denied = append(denied, violation.Rule.ID)
			}
			for _, finding := range verdict.Warned {
				warned = append(warned, finding.Rule.ID)
				assert.Equal(t, message.Advice, finding.Why)
			}
			assert.Equal(t, test.denied, denied, test.reason)
			assert.Equal(t, test.warned, warned, test.reason)
			assert.Empty(t, verdict.Told, "nothing is added")
		})
	}
}

func TestStandingRefuses(t *testing.T) {
	judge := NewJudge(JudgeOptions{Edition: Edition{Rules: embeddedRules(t), Settings: settings.Default()}, Facts: around{}})
	_, err := judge.Standing(t.Context(), stored(t, "{apiVersion: v1, kind: Pod, metadata: {name: shop}}"))
	assert.EqualError(t, err, "bad request: \"v1 Pod\" is not a kind that tealgate reviews")
}
