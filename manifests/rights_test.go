package manifests

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/yaml"
)

// granted are the verbs that the ClusterRole of tealgate grants on each resource, sorted; read
// stands for those that change nothing. What is granted by name is left out.
func granted(t *testing.T) map[string][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("rbac", "role.yaml"))
	require.NoError(t, err)
	role := &rbacv1.ClusterRole{}
	for _, document := range bytes.Split(content, []byte("\n---\n")) {
		if bytes.Contains(document, []byte("kind: ClusterRole\n")) {
			require.NoError(t, yaml.UnmarshalStrict(document, role))
		}
	}
	require.NotEmpty(t, role.Rules)
	verbs := map[string]sets.Set[string]{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				if slices.Contains([]string{"get", "list", "watch"}, verb) {
					verb = "read"
				}
				if len(rule.ResourceNames) == 0 {
					verbs[resource] = verbs[resource].Union(sets.New(verb))
				}
			}
		}
	}
	all := map[string][]string{}
	for resource, set := range verbs {
		all[resource] = sets.List(set)
	}
	return all
}

// TestRightsAreOnThePage: the table of docs/install.md has what tealgate may do, no more and
// no less.
func TestRightsAreOnThePage(t *testing.T) {
	content, err := os.ReadFile("../docs/install.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(content), "| verbs | on | why |\n|---|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	said := map[string][]string{}
	for row := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(row, " | ")
		require.GreaterOrEqual(t, len(cells), 2, row)
		verbs := regexp.MustCompile(`[a-z]+`).FindAllString(cells[0], -1)
		for resource := range strings.SplitSeq(cells[1], ", ") {
			said[resource] = append(said[resource], verbs...)
		}
	}
	for _, verbs := range said {
		slices.Sort(verbs)
	}
	assert.Equal(t, granted(t), said)
}
