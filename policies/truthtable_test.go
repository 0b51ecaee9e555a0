package policies_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// row is one line of a truth table: case, pod spec, answer.
var row = regexp.MustCompile("(?m)^\\| ([^|`]+) \\| `([^`]+)` \\| (passes|denies|warns)(?:: ([a-z-]+))? \\|$")

// TestReadinessProbeTruthTable runs every row of docs/readiness-probe.md.
func TestReadinessProbeTruthTable(t *testing.T) {
	page, err := os.ReadFile("../docs/readiness-probe.md")
	require.NoError(t, err)
	rows := row.FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, len(regexp.MustCompile("(?m)^\\|.*`.*\\|$").FindAllString(string(page), -1)), "a row that cannot be read")
	require.NotEmpty(t, rows)
	rules := engine(t)
	for _, r := range rows {
		t.Run(r[1], func(t *testing.T) {
			spec := map[string]any{}
			require.NoError(t, yaml.Unmarshal([]byte("{"+r[2]+"}"), &spec))
			object, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": spec}}})
			require.NoError(t, err)
			found, err := rules.Evaluate(t.Context(), policy.Input{
				Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop", Object: object, Facts: facts.None(),
			})
			require.NoError(t, err)
			answer, message := "passes", ""
			for _, violation := range found {
				if violation.Rule.ID == "readiness-probe" {
					require.Equal(t, "passes", answer, "one problem a row")
					answer, message = map[policy.Action]string{policy.Deny: "denies", policy.Warn: "warns"}[violation.Action], violation.Message.Name
				}
			}
			assert.Equal(t, r[3]+" "+r[4], answer+" "+message)
		})
	}
}
