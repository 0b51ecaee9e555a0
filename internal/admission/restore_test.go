package admission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/policy"
)

// Who takes the color out by hand is told that it stays. What Git has is applied again and
// again, and is not to mention the color: nothing is said.
func TestRestoreColorTellsPeople(t *testing.T) {
	without := strings.Replace(goodService, ", tealgate.dev/color: blue", "", 1)
	told := map[policy.Language]string{
		policy.English: "Service shop/shop keeps tealgate.dev/color: blue in its selector: without it pods of any color could answer. To move its traffic name the other color.",
		policy.Chinese: "Service shop/shop 的 selector 仍保留 tealgate.dev/color: blue：去掉它，任何颜色的 Pod 都可能应答。要切换流量，请写另一个颜色。",
	}
	for language, want := range told {
		for manager, warned := range map[string]bool{
			"kubectl-set": true, "kubectl-patch": true, "kubectl-edit": true,
			"kubectl-client-side-apply": false, "kubectl-replace": false, "argocd-controller": false, "helm": false, "": false,
		} {
			w, _ := cluster{language: language}.webhooks()
			response := ask{entry: "restore-color", object: without, old: goodService, manager: manager}.answer(t, w)
			assert.YAMLEq(t, goodService, patchedBy(t, without, response), manager)
			if warned {
				assert.Equal(t, []string{want}, response.Warnings, manager)
			} else {
				assert.Empty(t, response.Warnings, manager)
			}
		}
		w, _ := cluster{language: language}.webhooks()
		other := strings.Replace(without, "app: shop", "app: other", 1)
		assert.Empty(t, ask{entry: "restore-color", object: other, old: goodService, manager: "kubectl-patch"}.answer(t, w).Warnings, "the rules answer")
		green := strings.Replace(goodService, "blue", "green", 1)
		assert.Empty(t, ask{entry: "restore-color", object: green, old: goodService, manager: "kubectl-patch"}.answer(t, w).Warnings, "a switch")
	}
}
