package manifests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

var (
	metric  = regexp.MustCompile(`\btealgate_[a-z_]+`)
	literal = regexp.MustCompile(`"(tealgate_[a-z_]+)"`)
)

// labelPrefix is what Prometheus makes of tealgate.dev/ where it takes over labels of pods.
const labelPrefix = "tealgate_dev_"

// registered are the metrics in the code.
func registered(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir("../internal", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range literal.FindAllStringSubmatch(string(source), -1) {
			all[match[1]] = true
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// named are the metrics that a text names.
func named(text string, registered map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, name := range metric.FindAllString(text, -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); base != name && registered[base] {
				name = base
			}
		}
		if !strings.HasPrefix(name, labelPrefix) {
			all[name] = true
		}
	}
	return all
}

// TestMonitoringNamesMetricsThatExist holds rules, dashboard and pages to the metrics that
// the code registers: an alert on one that was renamed would never fire again.
func TestMonitoringNamesMetricsThatExist(t *testing.T) {
	registered := registered(t)
	least := map[string]int{
		filepath.Join("overlays", "monitoring", "prometheus-rule.yaml"): 8,
		filepath.Join("overlays", "monitoring", "tealgate.json"):        16,
		filepath.Join("..", "docs", "policies.md"):                      4,
	}
	pages, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	require.NoError(t, err)
	for _, page := range append(pages, filepath.Join("..", "README.md")) {
		least[page] += 0
	}
	for file, least := range least {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		named := named(string(content), registered)
		for name := range named {
			assert.True(t, registered[name], "%s names %s, which nothing registers", file, name)
		}
		assert.GreaterOrEqual(t, len(named), least, "%s names too few: %v", file, named)
	}
}

// runbook is where an alert sends people: the page of the repository, which needs no site.
const runbook = "https://github.com/tealgate/tealgate/blob/main/docs/runbook.md#"

// TestEachAlertHasASection holds that docs/runbook.md has one for each alert and for no
// other, with a command to begin with, and that the alert leads there.
func TestEachAlertHasASection(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("overlays", "monitoring", "prometheus-rule.yaml"))
	require.NoError(t, err)
	var object struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert       string            `json:"alert"`
					Annotations map[string]string `json:"annotations"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	require.NoError(t, yaml.Unmarshal(content, &object))
	page, err := os.ReadFile(filepath.Join("..", "docs", "runbook.md"))
	require.NoError(t, err)
	_, sections, found := strings.Cut(string(page), "\n## Alerts\n")
	require.True(t, found)
	var alerts, headings []string
	for _, section := range strings.Split(sections, "\n### ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		headings = append(headings, heading)
		assert.Regexp(t, "(^|\n|`|[$] )kubectl ", text, "%s: what to type first", heading)
	}
	for _, group := range object.Spec.Groups {
		for _, rule := range group.Rules {
			alerts = append(alerts, rule.Alert)
			assert.Equal(t, runbook+strings.ToLower(rule.Alert), rule.Annotations["runbook_url"], rule.Alert)
		}
	}
	assert.ElementsMatch(t, alerts, headings)
}
