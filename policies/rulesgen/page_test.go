package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

func rule() *policy.Rule {
	return &policy.Rule{
		ID: "a-rule", Action: policy.Deny, Concern: policy.ConcernTraffic, Exemptable: true,
		Title:       map[policy.Language]string{policy.English: "It holds", policy.Chinese: "成立"},
		Description: map[policy.Language]string{policy.English: "One <thing> of\na|b.\n\nAnother.", policy.Chinese: "第一\n行是 blue\n或 green，\nPod 也是。\n\n第二行。"},
		Messages: map[string]*policy.Message{
			"bad":   {Name: "bad", Action: policy.Deny},
			"worse": {Name: "worse", Action: policy.Deny},
			"odd":   {Name: "odd", Action: policy.Warn},
		},
	}
}

const golden = `=== bad (deny)
1 problem in Deployment shop/shop: a-rule

1. a-rule: it is bad.
   Fix in spec:
     a:
       b: 1

More: kubectl tealgate explain a-rule

=== odd (warn)
Deployment shop/shop: a-rule: it is odd. More: kubectl tealgate explain a-rule

=== odd, as check says it
a-rule: it is odd.
Fix in spec:
  a: 2

=== worse (deny)
1 problem in Deployment shop/shop: a-rule

1. a-rule: it is bad.
   Fix in spec:
     a:
       b: 1

More: kubectl tealgate explain a-rule
`

func TestReadExamples(t *testing.T) {
	said, err := readExamples(rule(), golden)
	require.NoError(t, err)
	assert.Equal(t, examples{
		"bad":   "a-rule: it is bad.\nFix in spec:\n  a:\n    b: 1",
		"worse": "a-rule: it is bad.\nFix in spec:\n  a:\n    b: 1",
		"odd":   "a-rule: it is odd.\nFix in spec:\n  a: 2",
	}, said)

	_, err = readExamples(rule(), golden[:200])
	assert.ErrorContains(t, err, "has no example", "the page would keep something back")
}

func TestPage(t *testing.T) {
	said, err := readExamples(rule(), golden)
	require.NoError(t, err)
	english := page(policy.English, []*policy.Rule{rule()}, map[string]examples{"a-rule": said})
	assert.Contains(t, english, "\n| [a-rule](#a-rule) | deny | traffic | It holds |\n")
	assert.Contains(t, english, `
## a-rule

**It holds**

Action: **deny**, in some cases warn · `+pages[policy.English].concerns[policy.ConcernTraffic]+` · [Change](policies.md#settings) or [exempt](exemptions.md)

One \<thing> of
a\|b.

Another.

Denies:

`+"```text\na-rule: it is bad.\nFix in spec:\n  a:\n    b: 1\n```\n\nWarns:\n\n```text\na-rule: it is odd.\nFix in spec:\n  a: 2\n```\n", "one text once")
	assert.Contains(t, page(policy.Chinese, []*policy.Rule{rule()}, nil), "\n第一行是 blue 或 green，Pod 也是。\n\n第二行。\n", "no break inside a paragraph")

	strict := rule()
	strict.Exemptable = false
	assert.Contains(t, page(policy.English, []*policy.Rule{strict}, nil), " · [Change](policies.md#settings), no exemption\n")
}

// TestLinksAnswer: whoever follows a link to change a rule, or to exempt from it, finds out
// there how to.
func TestLinksAnswer(t *testing.T) {
	link := regexp.MustCompile(`\[([^\]]+)\]\(([a-z]+\.md)(?:#[a-z]+)?\)`)
	const settings, annotation = "name: tealgate-settings", "tealgate.dev/exempt="
	told := map[string]string{"Change": settings, "修改": settings, "exempt": annotation, "豁免": annotation}
	for language, words := range pages {
		for text, want := range map[string]int{words.change: 2, words.changeOnly: 1} {
			links := link.FindAllStringSubmatch(text, -1)
			assert.Len(t, links, want, "%s: %s", language, text)
			for _, match := range links {
				answer, err := os.ReadFile(filepath.Join("..", docs, match[2]))
				require.NoError(t, err)
				require.Contains(t, told, match[1])
				assert.Contains(t, string(answer), told[match[1]])
			}
		}
	}
}
