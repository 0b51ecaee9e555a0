package report

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

// advised is a result with what the built-in rules do not say.
func advised() *offline.Result {
	return &offline.Result{
		Files: 1, Others: 2,
		Checked: []offline.Checked{{
			Kind: "Deployment", Namespace: "shop", Name: "shop",
			Position: offline.Position{File: "chart/templates/a b.yaml", Line: 3}, Input: offline.Position{File: "stdin", Line: 40},
			Advice: []string{"Deployment shop/shop: replicas: one pod."}, Told: []string{"Deployment shop/shop is blue."},
			Findings: []offline.Finding{{
				Finding: admission.Finding{
					Rule: &policy.Rule{ID: "replicas", Action: policy.Advise}, Action: policy.Advise, Field: "spec.replicas",
					Sentence: message.Sentence{Observed: "one pod.", Full: "replicas: one pod."},
				},
				Position: offline.Position{File: "chart/templates/a b.yaml", Line: 9},
			}},
		}},
		Unreadable: []offline.Unreadable{{Position: offline.Position{File: "gone.yaml"}, Err: errors.New("no such file")}},
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, advised(), Options{Format: Text, Language: policy.English}))
	assert.Equal(t, `chart/templates/a b.yaml:3 (stdin:40)
Advice: Deployment shop/shop: replicas: one pod.
Note: Deployment shop/shop is blue.

1 object checked in 1 file: advice: 1, could not be read: 1
`, out.String())

	out.Reset()
	require.NoError(t, Write(&out, advised(), Options{Format: Text, Language: policy.Chinese, Color: true}))
	assert.Equal(t, "\x1b[1mchart/templates/a b.yaml:3 (stdin:40)\x1b[0m\n"+
		"\x1b[36m建议：\x1b[0mDeployment shop/shop: replicas: one pod.\n"+
		"\x1b[36m提示：\x1b[0mDeployment shop/shop is blue.\n\n"+
		"检查了 1 个文件中的 1 个对象：建议 1 条，1 处无法读取\n", out.String())
}

func TestSARIFOfAdvice(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, advised(), Options{Format: SARIF, Language: policy.English}))
	assert.Contains(t, out.String(), `"level": "note"`)
	assert.Contains(t, out.String(), `"uri": "chart/templates/a%20b.yaml"`)
	assert.Contains(t, out.String(), `"executionSuccessful": false`)
}

func TestJSONOfHelm(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, advised(), Options{Format: JSON}))
	assert.Contains(t, out.String(), `"input": {
        "file": "stdin",
        "line": 40
      },`)
	assert.Contains(t, out.String(), `"action": "advise"`)
}

func TestNoFormat(t *testing.T) {
	assert.EqualError(t, Write(&bytes.Buffer{}, advised(), Options{Format: "yaml"}), `"yaml" is no format`)
}
