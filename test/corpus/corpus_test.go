package corpus

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
)

var update = flag.Bool("update", false, "write the expected findings")

// What the corpus has at least.
const (
	fewestEntries = 40
	// A rule that finds something everywhere would be worth nothing.
	fewestClean = 12
)

// unseen are the rules that the check has nothing to say of, and why: they show at
// admission only.
var unseen = map[string]string{
	"deployed-by":          "nobody sends the object",
	"config-exists":        "a ConfigMap that the files do not hold may be there all the same",
	"contract-migration":   "Jobs are looked at when they begin",
	"live-color-immutable": "every object is new",
	"live-color-protected": "nothing is scaled or deleted",
	"rollback-target":      "no release is under way",
	"selector-owner":       "nothing is moved",
	"side-door":            "no pod serves",
	"switched":             "a new Service has no record",
}

// TestFindings holds each manifest against the findings beside it.
func TestFindings(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	edition := admission.Edition{Rules: engine, Settings: settings.Default()}
	entries, err := Entries(".")
	require.NoError(t, err)
	expected := map[string]bool{}
	seen := map[string]bool{}
	clean := 0
	for _, entry := range entries {
		expected[entry.Findings()] = true
		t.Run(entry.Name, func(t *testing.T) {
			result := check(t, edition, entry)
			isClean := len(result.Checked) > 0
			for _, checked := range result.Checked {
				for _, finding := range checked.Findings {
					seen[finding.Rule.ID] = true
				}
				isClean = isClean && len(checked.Findings)+len(checked.Exempt) == 0
			}
			if isClean {
				clean++
			}
			got := written(entry, result)
			if *update {
				require.NoError(t, os.WriteFile(entry.Findings(), []byte(got), 0o644))
			}
			want, err := os.ReadFile(entry.Findings())
			require.NoError(t, err, "go test ./test/corpus -update writes it")
			assert.Equal(t, string(want), got, "go test ./test/corpus -update writes it")
		})
	}
	files, err := filepath.Glob("*" + findings)
	require.NoError(t, err)
	for _, file := range files {
		assert.True(t, expected[file], "%s: there is no such manifest", file)
	}
	assert.GreaterOrEqual(t, len(entries), fewestEntries)
	assert.GreaterOrEqual(t, clean, fewestClean)
	for _, rule := range engine.Rules() {
		assert.Equal(t, unseen[rule.ID] == "", seen[rule.ID], "%s: found in at least one manifest", rule.ID)
	}
}

func check(t *testing.T, edition admission.Edition, entry Entry) *offline.Result {
	t.Helper()
	manifests, err := offline.Read(t.Context(), offline.Sources{Files: []string{entry.Path}, Namespace: entry.Namespace()})
	require.NoError(t, err)
	result, err := offline.Check(t.Context(), manifests, offline.Options{Edition: edition})
	require.NoError(t, err)
	require.Empty(t, result.Unreadable, "a manifest of the corpus is one that an API server takes")
	return result
}

// written is a result as a person compares it: one line a finding, in the order of the
// report.
func written(entry Entry, result *offline.Result) string {
	var out strings.Builder
	for _, checked := range result.Checked {
		name := checked.Namespace + "/" + checked.Name
		if checked.Namespace == entry.Namespace() {
			name = checked.Name
		}
		fmt.Fprintf(&out, "%s %s", checked.Kind, name)
		if len(checked.Findings)+len(checked.Exempt) == 0 {
			out.WriteString(": clean")
		}
		out.WriteString("\n")
		for _, finding := range checked.Findings {
			writeFinding(&out, string(finding.Action), finding.Finding)
		}
		for _, excused := range checked.Exempt {
			writeFinding(&out, "exempt", excused.Finding)
		}
	}
	if result.Others > 0 {
		fmt.Fprintf(&out, "others: %d\n", result.Others)
	}
	return out.String()
}

func writeFinding(out *strings.Builder, action string, finding admission.Finding) {
	fmt.Fprintf(out, "  %-6s  %-19s  %s", action, finding.Rule.ID, finding.Field)
	if finding.Subject != "" {
		fmt.Fprintf(out, "  # %s", finding.Subject)
	}
	out.WriteString("\n")
}
