package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/policies"
)

// pages are the README and docs, by their path from the repository's root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	all := map[string]string{}
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		name, err := filepath.Rel(root, file)
		require.NoError(t, err)
		all[name] = string(raw)
	}
	return all
}

// TestDocumentedCommands: there is each command that a page shows, with its flags.
func TestDocumentedCommands(t *testing.T) {
	shown := regexp.MustCompile("(?m)^\\w*[$] (?:.*[|;&] *)?kubectl tealgate ([^|>&#\n]+)")
	quoted := regexp.MustCompile(`'[^']*'`)
	checked := 0
	for name, page := range pages(t) {
		for _, match := range shown.FindAllStringSubmatch(strings.ReplaceAll(page, "\\\n", " "), -1) {
			args := strings.Fields(quoted.ReplaceAllString(match[1], "quoted"))
			command, rest, err := newRoot().Find(args)
			if assert.NoError(t, err, "%s: %s", name, match[1]) {
				assert.NoError(t, command.ParseFlags(rest), "%s: %s", name, match[1])
			}
			checked++
		}
	}
	assert.Greater(t, checked, 30)
}

// TestLinks: what a page links to in this repository is there, headings included.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s:]+)\)`)
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	noise := regexp.MustCompile(`[^\p{L}\p{N}\- ]`)
	all := pages(t)
	for name, page := range all {
		for _, match := range link.FindAllStringSubmatch(page, -1) {
			file, anchor, _ := strings.Cut(match[1], "#")
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			_, err := os.Stat(filepath.Join("..", "..", target))
			assert.NoError(t, err, "%s: %s", name, match[1])
			text, known := all[target]
			if anchor == "" || !known {
				continue
			}
			var anchors []string
			for _, title := range heading.FindAllStringSubmatch(text, -1) {
				anchors = append(anchors, strings.ReplaceAll(noise.ReplaceAllString(strings.ToLower(title[1]), ""), " ", "-"))
			}
			assert.Contains(t, anchors, anchor, "%s: %s", name, match[1])
		}
	}
}

// TestReadmeHasEveryRule: its table names each rule once, and TestLinks that there is such.
func TestReadmeHasEveryRule(t *testing.T) {
	var named []string
	for _, match := range regexp.MustCompile(`\[([a-z-]+)\]\(docs/rules\.md#([a-z-]+)\)`).FindAllStringSubmatch(pages(t)["README.md"], -1) {
		assert.Equal(t, match[1], match[2])
		named = append(named, match[1])
	}
	assert.ElementsMatch(t, rulesOf(t), named)
}

// TestExemptionsPageNamesWhatIsNeverExempt: the rules that it leaves out are those that no
// annotation reaches.
func TestExemptionsPageNamesWhatIsNeverExempt(t *testing.T) {
	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	var never, named []string
	for _, rule := range engine.Rules() {
		if !rule.Exemptable {
			never = append(never, rule.ID)
		}
	}
	sentence := regexp.MustCompile(`(?s)From (` + "`" + `[^.]*), nothing\s+is exempt\.`).FindStringSubmatch(pages(t)["docs/exemptions.md"])
	require.NotNil(t, sentence)
	for _, match := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(sentence[1], -1) {
		named = append(named, match[1])
	}
	assert.ElementsMatch(t, never, named)
}

// TestArchitectureNamesEachFolder: where things go can be told from docs/architecture.md.
func TestArchitectureNamesEachFolder(t *testing.T) {
	page := pages(t)["docs/architecture.md"]
	named := map[string]bool{}
	for _, match := range regexp.MustCompile(`\b(?:internal|test|policies)/[a-z0-9]+`).FindAllString(page, -1) {
		named[match] = true
	}
	for _, above := range []string{"internal", "test", "policies"} {
		folders, err := os.ReadDir(filepath.Join("..", "..", above))
		require.NoError(t, err)
		for _, folder := range folders {
			if folder.IsDir() {
				assert.True(t, named[above+"/"+folder.Name()], "%s/%s is not named", above, folder.Name())
				delete(named, above+"/"+folder.Name())
			}
		}
	}
	for name := range named {
		_, err := os.Stat(filepath.Join("..", "..", name))
		assert.NoError(t, err, "%s is named", name)
	}
}
