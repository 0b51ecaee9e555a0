package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/policies"
)

// code is the exit code that main makes of an error.
func code(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit exitError
	require.ErrorAs(t, err, &exit)
	return int(exit)
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./cmd/kubectl-tealgate -update writes it")
	assert.Equal(t, string(want), text, file)
}

// TestCheckOutputs holds every form in full: what reads them is not ours.
func TestCheckOutputs(t *testing.T) {
	goldens, err := filepath.Abs(filepath.Join("testdata", "check-golden"))
	require.NoError(t, err)
	t.Chdir(filepath.Join("testdata", "check"))
	cases := map[string][]string{
		"text.txt":    nil,
		"text.zh.txt": {"--language", "zh"},
		"json.json":   {"-o", "json"},
		"sarif.json":  {"-o", "sarif"},
		"junit.xml":   {"-o", "junit"},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, append([]string{"check", "-f", "shop.yaml", "-f", "list.json,broken.yaml"}, args...)...)
			assert.Equal(t, exitFailed, code(t, err), "a file could not be read")
			assert.Equal(t, "error: broken.yaml:4: not YAML or JSON: did not find expected node content\n", errOut)
			golden(t, filepath.Join(goldens, name), out)
		})
	}
}

func TestCheckFormatsParse(t *testing.T) {
	args := []string{"check", "-f", filepath.Join("testdata", "check"), "-o"}

	out, _, _ := run(t, append(args, "sarif")...)
	report, err := sarif.FromString(out)
	require.NoError(t, err)
	require.NoError(t, report.Validate(), "the schema of SARIF 2.1.0")
	assert.Len(t, report.Runs[0].Tool.Driver.Rules, len(rulesOf(t)), "every rule has its help")

	out, _, _ = run(t, append(args, "json")...)
	assert.True(t, json.Valid([]byte(out)))

	out, _, _ = run(t, append(args, "junit")...)
	type of struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
		} `xml:"testcase"`
	}
	var suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []of     `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(out), &suites))
	require.Len(t, suites.Suites, 1)
	suite := suites.Suites[0]
	failures, problems := 0, 0
	for _, test := range suite.Cases {
		assert.NotEmpty(t, test.Name)
		if test.Failure != nil {
			failures++
		}
		if test.Error != nil {
			problems++
		}
	}
	assert.Equal(t, [3]int{len(suite.Cases), failures, problems}, [3]int{suite.Tests, suite.Failures, suite.Errors}, "what a CI server adds up")
	assert.Positive(t, failures)
	assert.Positive(t, problems)
}

func rulesOf(t *testing.T) []string {
	t.Helper()
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	var ids []string
	for _, rule := range engine.Rules() {
		ids = append(ids, rule.ID)
	}
	return ids
}

func TestCheckExitCodes(t *testing.T) {
	const worker = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mailer-blue}
spec:
  selector: {matchLabels: {app: mailer}}
  template:
    metadata: {labels: {app: mailer, version: "0.9"}, annotations: {tealgate.dev/traffic: none, tealgate.dev/config: none}}
    spec: {containers: [{name: worker, image: "mailer%s", resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
`
	withTag := func(tag string) string { return strings.ReplaceAll(worker, "%s", tag) }
	cases := map[string]struct {
		reason string
		stdin  string
		args   []string
		code   int
		want   string
	}{
		"Clean":    {reason: "nothing to say", stdin: withTag(":0.9"), want: "1 object checked in 1 file: no problems\n"},
		"Others":   {reason: "no Deployment is no problem", stdin: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", want: "0 objects checked in 1 file: no problems\n"},
		"Warnings": {reason: "allowed", stdin: withTag(":latest"), want: "stdin:2\nWarning: Deployment shop/mailer-blue: pinned-image: "},
		"Denials":  {reason: "the answer is no", stdin: strings.Replace(withTag(":0.9"), ", version: \"0.9\"", "", 1), code: exitNo, want: "stdin:2\n1 problem in "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			root := newRoot()
			root.SetIn(bytes.NewBufferString(c.stdin))
			root.SetOut(&out)
			root.SetErr(&errOut)
			root.SetArgs([]string{"check", "-f", "-", "-n", "shop"})
			assert.Equal(t, c.code, code(t, root.ExecuteContext(t.Context())), c.reason)
			assert.Empty(t, errOut.String(), c.reason)
			assert.Equal(t, c.want, out.String()[:min(len(c.want), out.Len())], c.reason)
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"Empty":    {[]string{"-f", "empty.yaml"}, "error: nothing to check: there is no object in what was given\n"},
		"Nothing":  {nil, "error: nothing to check: name files or folders with -f (- is standard input), or a kustomization with -k\n"},
		"Output":   {[]string{"-f", "x", "-o", "yaml"}, "error: --output \"yaml\": not text, json, sarif or junit\n"},
		"Language": {[]string{"-f", "x", "--language", "de"}, "error: --language \"de\": not en or zh\n"},
		"FixPipe":  {[]string{"-f", "-", "--fix"}, "error: --fix writes into files: name them with -f, without - and -k\n"},
		"Argument": {[]string{"shop.yaml"}, "error: unknown command \"shop.yaml\" for \"kubectl tealgate check\"\n"},
	}
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("empty.yaml", []byte("# helm template failed\n---\n"), 0o600))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			out, errOut, err := run(t, append([]string{"check"}, c.args...)...)
			require.Error(t, err)
			assert.Equal(t, c.want, errOut)
			assert.Empty(t, out)
		})
	}
}

// worn has each finding that the settings of TestCheckSettings are about.
const worn = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mailer-blue}
spec:
  selector: {matchLabels: {app: mailer}}
  template:
    metadata: {labels: {app: mailer, version: "0.9"}, annotations: {tealgate.dev/traffic: none, tealgate.dev/config: none}}
    spec: {containers: [{name: worker, image: "mailer:latest", resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: redis, image: redis, ports: [{containerPort: 6379}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
`

func TestCheckSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	const unmanaged = "unmanaged:\n- {namespace: default, selector: app=redis, reason: a chart of others}\n"
	for name, test := range map[string]struct {
		reason, settings string
		args             []string
		code             int
		want             []string
		errors           string
	}{
		"Off": {
			reason: "what is left alone is counted", settings: "rules: {pinned-image: off}\n" + unmanaged,
			want: []string{"3 objects checked in 1 file: no problems, left alone by the settings: 2\n"},
		},
		"Chinese": {
			reason: "in both languages", settings: unmanaged + "rules: {pinned-image: off}\n", args: []string{"--language", "zh"},
			want: []string{"检查了 1 个文件中的 3 个对象：没有问题，按设置不检查 2 个\n"},
		},
		"Namespace": {
			reason: "the namespace of the object counts", code: exitNo,
			settings: "docsURL: 'https://wiki.example/{rule}'\nrules: {pinned-image: off}\nnamespaces: {default: {rules: {pinned-image: deny}}}\n" + unmanaged,
			want: []string{
				"1 problem in Deployment default/mailer-blue: pinned-image\n", "More: https://wiki.example/pinned-image\n",
				"3 objects checked in 1 file: 1 would be denied, left alone by the settings: 2\n",
			},
		},
		"ConfigMap": {
			reason:   "as it lies in the repository of the platform team",
			settings: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tealgate-settings, namespace: tealgate-system}\ndata:\n  settings.yaml: |\n    rules: {pinned-image: off}\n    unmanaged: [{namespace: default, selector: app=redis}]\n",
			want:     []string{"no problems, left alone by the settings: 2\n"},
		},
		"JSON": {
			reason: "for machines", settings: unmanaged, args: []string{"-o", "json"},
			want: []string{`"unmanaged": 2,`, `"unmanaged": true,`},
		},
		"SARIF": {
			reason: "the page of each rule", settings: "docsURL: https://wiki.example/{rule}\n" + unmanaged, args: []string{"-o", "sarif"},
			want: []string{`"helpUri": "https://wiki.example/pinned-image"`},
		},
		"Misspelt": {
			reason: "nothing is checked with half of the settings", settings: "rule: {}\n", code: exitFailed,
			errors: "error: --settings settings.yaml: line 1: unknown key \"rule\": expected docsURL, rules, namespaces, sidecars, unmanaged, patterns, prometheus, notifications, releases\n",
		},
		"UnknownRule": {
			reason: "a misspelt rule passes for none", settings: "rules:\n  pinned-images: off\n", code: exitFailed,
			errors: "error: --settings settings.yaml: line 2: there is no rule \"pinned-images\"\n",
		},
		"Missing": {
			reason: "as above", args: []string{"--settings", "gone.yaml"}, code: exitFailed,
			errors: "error: --settings gone.yaml: no such file or directory\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile("settings.yaml", []byte(test.settings), 0o600))
			require.NoError(t, os.WriteFile("worn.yaml", []byte(worn), 0o600))
			out, errOut, err := run(t, append([]string{"check", "-f", "worn.yaml", "--settings", "settings.yaml"}, test.args...)...)
			if test.errors != "" {
				assert.Error(t, err, test.reason)
				assert.Empty(t, out)
			} else {
				assert.Equal(t, test.code, code(t, err), test.reason)
			}
			assert.Equal(t, test.errors, errOut)
			for _, want := range test.want {
				assert.Contains(t, out, want, test.reason)
			}
		})
	}
}

func TestCheckFix(t *testing.T) {
	t.Chdir(t.TempDir())
	const shop = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop-blue}\nspec:\n  selector: {matchLabels: {app: shop}}\n  template:\n" +
		"    metadata: {labels: {app: shop}, annotations: {tealgate.dev/traffic: none, tealgate.dev/config: none}}\n" +
		"    spec: {containers: [{name: web, image: 'shop:1.0', resources: {requests: {cpu: 100m, memory: 64Mi}}}]}\n"
	require.NoError(t, os.WriteFile("shop.yaml", []byte(shop), 0o600))
	out, errOut, err := run(t, "check", "-f", "shop.yaml", "--fix")
	require.NoError(t, err, "what was written is judged")
	assert.Equal(t, "1 object checked in 1 file: no problems\n", out)
	assert.Equal(t, "shop.yaml:1: Deployment default/shop-blue: set spec.template.metadata.labels.app.kubernetes.io/version: 1.0\n", errOut)
}

func TestColorful(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, colorful(file), "no terminal")
	assert.False(t, colorful(&bytes.Buffer{}))
}
