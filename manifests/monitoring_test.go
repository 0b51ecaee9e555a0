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
)

var (
	metric  = regexp.MustCompile(`\btealgate_[a-z_]+`)
	literal = regexp.MustCompile(`"(tealgate_[a-z_]+)"`)
)

// TestMonitoringNamesMetricsThatExist holds rules and dashboard to the metrics that the
// code registers: one that was renamed would never alert again.
func TestMonitoringNamesMetricsThatExist(t *testing.T) {
	registered := map[string]bool{}
	err := filepath.WalkDir("../internal", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range literal.FindAllStringSubmatch(string(source), -1) {
			registered[match[1]] = true
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, registered)
	for file, least := range map[string]int{"prometheus-rule.yaml": 8, "tealgate.json": 16} {
		content, err := os.ReadFile(filepath.Join("overlays", "monitoring", file))
		require.NoError(t, err)
		named := map[string]bool{}
		for _, name := range metric.FindAllString(string(content), -1) {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if base := strings.TrimSuffix(name, suffix); base != name && registered[base] {
					name = base
				}
			}
			named[name] = true
			assert.True(t, registered[name], "%s names %s, which nothing registers", file, name)
		}
		assert.GreaterOrEqual(t, len(named), least, "%s names too few: %v", file, named)
	}
}
