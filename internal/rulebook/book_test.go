package rulebook_test

import (
	"context"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

func opened(t *testing.T) (*rulebook.Book, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	book, err := rulebook.Open(t.Context(), registry)
	require.NoError(t, err)
	return book, registry
}

// settingsFile is the ConfigMap of the settings.
func settingsFile(text string) *rulebook.Source {
	source := rulebook.FromSettings(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "tealgate-system", Name: "tealgate-settings"},
		Data:       map[string]string{"settings.yaml": text},
	})
	return &source
}

func load(t *testing.T, book *rulebook.Book, settings *rulebook.Source, sources ...rulebook.Source) []string {
	t.Helper()
	again, err := book.Load(t.Context(), rulebook.Wanted{Sources: sources, Settings: settings})
	require.NoError(t, err)
	assert.False(t, again)
	var lines []string
	for _, status := range book.Edition().Sources {
		line := strings.TrimPrefix(status.Source.Name, "ConfigMap tealgate-system/") + ": " + string(status.State)
		for _, problem := range status.Problems {
			line += "; " + problem.String()
		}
		lines = append(lines, line)
	}
	return lines
}

// values are the metrics by name and label.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "tealgate_policy_")
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			found[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return found
}

// TestFrozen holds that a freeze counts from the first moment, and where nobody can know of it.
func TestFrozen(t *testing.T) {
	book, _ := opened(t)
	assert.True(t, book.Frozen(), "the settings were not read yet")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := book.Load(ended, rulebook.Wanted{Sources: []rulebook.Source{source("acme", "owner.rego", owner)}})
	require.Error(t, err)
	assert.True(t, book.Frozen(), "nor now")

	const typo = "releases: {freze: true}"
	load(t, book, settingsFile(typo))
	assert.True(t, book.Frozen(), "they may ask for it")
	load(t, book, settingsFile("releases: {freeze: false}"))
	assert.False(t, book.Frozen())
	load(t, book, settingsFile(typo))
	assert.False(t, book.Frozen(), "what was good before is in force")
	load(t, book, settingsFile("releases: {freeze: true}"))
	assert.True(t, book.Frozen())
	load(t, book, nil)
	assert.False(t, book.Frozen())
}

// TestBook follows one replica through the changes of a platform team.
func TestBook(t *testing.T) {
	book, registry := opened(t)
	require.Error(t, book.Ready())
	start := book.Edition()
	assert.NotContains(t, found(t, start.Rules), "team-owner")

	assert.Empty(t, load(t, book, nil))
	require.NoError(t, book.Ready(), "the first load has been tried")
	assert.Same(t, start, book.Edition(), "nothing to load, nothing to change")

	good := source("acme", "owner.rego", owner, "owner_test.rego", ownerTest)
	assert.Equal(t, []string{"acme: in force"}, load(t, book, nil, good))
	withOwner := book.Edition()
	assert.Contains(t, found(t, withOwner.Rules), "team-owner")
	assert.NotEqual(t, start.Digest, withOwner.Digest)
	assert.NotContains(t, found(t, start.Rules), "team-owner", "a request that began with the old edition ends with it")

	load(t, book, nil, good)
	assert.Same(t, withOwner, book.Edition(), "the same again is not loaded again")

	bad := source("acme", "owner.rego", owner, "owner_test.rego", strings.ReplaceAll(ownerTest, "== 1", "== 2"))
	lines := load(t, book, settingsFile("rules: {team-owner: warn}"), bad)
	assert.Contains(t, lines[0], "acme: last good; acme/owner_test.rego:5: test_denies failed")
	assert.Equal(t, "tealgate-settings: in force", lines[1], "the rule that it sets is in force")
	assert.NotEqual(t, withOwner.Digest, book.Edition().Digest)

	assert.Equal(t, []string{
		"acme: in force", "tealgate-settings: last good; tealgate-settings/settings.yaml:1: unknown key \"rule\": " +
			"expected docsURL, rules, namespaces, sidecars, unmanaged, patterns, prometheus, notifications, releases",
	}, load(t, book, settingsFile("rule: {}"), good))
	assert.Equal(t, policy.Warn, book.Edition().Settings.Action("shop", "team-owner"), "the last good settings")

	gauges := values(t, registry)
	assert.InDelta(t, 1, gauges["info "+book.Edition().Digest], 0)
	assert.InDelta(t, float64(book.Edition().Since.Unix()), gauges["loaded_timestamp_seconds"], 2)
	delete(gauges, "loaded_timestamp_seconds")
	assert.Equal(t, map[string]float64{
		"info " + book.Edition().Digest: 1, "sources in force": 1, "sources last good": 1, "sources set aside": 0,
		"reloads_total loaded": 1, "reloads_total partly": 2, "reloads_total failed": 0,
	}, gauges)

	assert.Equal(t, []string{`tealgate-settings: in force; tealgate-settings/settings.yaml:1: there is no rule "team-owner"`},
		load(t, book, settingsFile("rules: {team-owner: warn, replicas: deny}")), "a rule that is gone takes no settings with it")
	assert.Equal(t, policy.Deny, book.Edition().Settings.Action("shop", "replicas"))

	assert.Empty(t, load(t, book, nil))
	assert.Equal(t, start.Digest, book.Edition().Digest, "back where it began")
}

// TestStart holds what a replica makes of sources that became bad while none ran.
func TestStart(t *testing.T) {
	book, _ := opened(t)
	lines := load(t, book, settingsFile("rules: [a]"),
		source("acme", "owner.rego", owner, "owner_test.rego", ownerTest),
		source("bad", "replicas.rego", strings.NewReplacer("team_owner", "replicas", "team-owner", "replicas", "input.kind", "input.kinds").Replace(owner)))
	assert.Equal(t, "acme: in force", lines[0])
	assert.Contains(t, lines[1], "bad: set aside; bad/replicas.rego:13:2: undefined ref: input.kinds")
	assert.Equal(t, "tealgate-settings: set aside; tealgate-settings/settings.yaml:1: rules: expected a map from rule to action, found a list", lines[2])
	assert.Subset(t, found(t, book.Edition().Rules), []string{"team-owner", "replicas"}, "the embedded rule, where its replacement is left out")
}

// TestDigest: equal on every replica, whatever order it reads in, and different
// wherever something is.
func TestDigest(t *testing.T) {
	a, b := source("a", "x.rego", "package a\n\nx := 1\n"), source("b", "x.rego", "package b\n\nx := 1\n")
	book, _ := opened(t)
	seen := map[string]string{}
	for name, wanted := range map[string]rulebook.Wanted{
		"Nothing":       {},
		"A":             {Sources: []rulebook.Source{a}},
		"Both":          {Sources: []rulebook.Source{a, b}},
		"OtherContent":  {Sources: []rulebook.Source{source("a", "x.rego", "package a\n\nx := 2\n")}},
		"OtherName":     {Sources: []rulebook.Source{source("a", "y.rego", "package a\n\nx := 1\n")}},
		"OtherSource":   {Sources: []rulebook.Source{source("c", "x.rego", "package a\n\nx := 1\n")}},
		"Settings":      {Settings: settingsFile("rules: {}")},
		"EmptySettings": {Settings: settingsFile("")},
	} {
		_, err := book.Load(t.Context(), wanted)
		require.NoError(t, err)
		digest := book.Edition().Digest
		assert.Empty(t, seen[digest], "%s has the digest of another", name)
		seen[digest] = name
	}
	other, _ := opened(t)
	load(t, other, nil, b, a)
	assert.Equal(t, "Both", seen[other.Edition().Digest])
}
