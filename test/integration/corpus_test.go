package integration

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
	"github.com/tealgate/tealgate/test/corpus"
	"github.com/tealgate/tealgate/test/env"
)

// TestCorpus puts the corpus, and the manifests of the documentation, before the
// webhooks of a real API server, before the check, and before the audit of the cluster
// in which they have been applied. It expects the same answers in the same words: what
// denies as a whole, the causes for machines, the warnings as a whole, and of check and
// audit the advice too, in both languages.
//
// What differs by nature is kept out. Who applies may exempt, as the check supposes.
// Nothing runs, because the check knows of no pods. The ConfigMaps that a manifest names
// and does not hold are there, because the check takes them for granted. Services come
// first: to a new one the webhooks also tell what its Deployments have wrong, which the
// check says of the Deployments themselves.
func TestCorpus(t *testing.T) {
	t.Parallel()
	w := start(t, env.Options{}) // The audit is one of everything that is there.
	w.admin(t.Context(), t, "create", "clusterrolebinding", "exempt", "--clusterrole=tealgate-exempt", "--user="+developer)
	s := newStage(t, w, corpusEntries(t))
	answers := s.play(t)

	engine, err := policies.Engine(t.Context())
	require.NoError(t, err)
	audited := map[policy.Language]map[string]admission.Said{}
	for _, language := range policy.Languages() {
		audited[language] = s.audit(t, engine, language)
	}
	for _, entry := range s.entries {
		t.Run(entry.Name, func(t *testing.T) {
			for _, language := range policy.Languages() {
				found := &recorder{Rules: engine, violations: map[string][]policy.Violation{}}
				result := checkEntry(t, entry.Entry, found, language)
				require.Len(t, result.Checked, len(entry.judged()), "the check and kubectl read the same")
				for _, checked := range result.Checked {
					name := about(checked.Kind, checked.Namespace, checked.Name)
					answer, asked := answers[language][name]
					require.True(t, asked, name)
					assertSame(t, language, checked, found.violations[name], answer)
					assertAudited(t, language, checked, audited[language][name])
				}
			}
		})
	}
}

func corpusEntries(t *testing.T) []corpus.Entry {
	t.Helper()
	entries, err := corpus.Entries(filepath.Join("..", "corpus"))
	require.NoError(t, err)
	examples, err := corpus.Entries(filepath.Join("..", "..", "docs", "examples"))
	require.NoError(t, err)
	// Beside manifests the documentation shows what a platform team writes.
	examples = slices.DeleteFunc(examples, func(e corpus.Entry) bool {
		return slices.Contains([]string{"policies", "settings", "notifications"}, e.Name)
	})
	return append(entries, examples...)
}

// recorder keeps what the rules found, by object.
type recorder struct {
	admission.Rules

	violations map[string][]policy.Violation
}

func (r *recorder) Evaluate(ctx context.Context, in policy.Input) ([]policy.Violation, error) {
	found, err := r.Rules.Evaluate(ctx, in)
	r.violations[about(in.Kind, in.Namespace, in.Name)] = found
	return found, err
}

func about(kind, namespace, name string) string {
	return message.Object{Kind: kind, Namespace: namespace, Name: name}.String()
}

func checkEntry(t *testing.T, entry corpus.Entry, rules admission.Rules, language policy.Language) *offline.Result {
	t.Helper()
	manifests, err := offline.Read(t.Context(), offline.Sources{Files: []string{entry.Path}, Namespace: entry.Namespace()})
	require.NoError(t, err)
	result, err := offline.Check(t.Context(), manifests, offline.Options{
		Edition: admission.Edition{Rules: rules, Settings: settings.Default()}, Language: language,
	})
	require.NoError(t, err)
	require.Empty(t, result.Unreadable)
	return result
}

// assertSame compares what the check says of an object with what the API server
// answered. Where admission has no room for all, it is compared with what admission
// makes of the violations that the check found.
func assertSame(t *testing.T, language policy.Language, checked offline.Checked, found []policy.Violation, answer answer) {
	t.Helper()
	object := message.Object{Kind: checked.Kind, Namespace: checked.Namespace, Name: checked.Name}
	where := fmt.Sprintf("%s in %s", object, language)

	var denying []policy.Violation
	var warning []message.Finding
	var causes []string
	for _, violation := range found {
		if excused(checked, violation) {
			continue
		}
		switch violation.Action {
		case policy.Deny:
			denying = append(denying, violation)
			causes = append(causes, violation.Rule.ID+" "+violation.Field)
		case policy.Warn:
			warning = append(warning, message.Finding{Violation: violation})
		}
	}
	denial := checked.Denial
	if len(denying) > message.MaxProblems || len(denial) > message.MaxBytes {
		verdict, _, _ := strings.Cut(answer.denial, "\n")
		assert.Equal(t, strings.SplitN(denial, "\n", 2)[0], verdict, where)
		var err error
		denial, err = message.Denial(language, object, denying)
		require.NoError(t, err)
	}
	assert.Equal(t, denial, answer.denial, where)
	assert.Equal(t, causes, answer.causes, where)

	warnings := append(append([]string{}, checked.Told...), checked.Warnings...)
	if len(warnings) > message.MaxWarnings {
		lines, err := message.Warnings(language, object, warning, message.MaxWarnings-len(checked.Told))
		require.NoError(t, err)
		warnings = append(append([]string{}, checked.Told...), lines...)
	}
	if checked.Exemptions != "" {
		require.Less(t, len(warnings), message.MaxWarnings, "a manifest of the corpus leaves room for the line about exemptions")
		warnings = append(warnings, checked.Exemptions)
	}
	assert.Equal(t, warnings, append([]string{}, answer.warnings...), where)
}

// excused says that an exemption covers a violation: the rules find it all the same.
func excused(checked offline.Checked, violation policy.Violation) bool {
	return slices.ContainsFunc(checked.Exempt, func(e offline.Excused) bool {
		return e.Rule.ID == violation.Rule.ID && e.Field == violation.Field && e.Subject == violation.Subject
	})
}

// audit says of what stands in the namespaces what `kubectl tealgate audit` would.
func (s *stage) audit(t *testing.T, rules admission.Rules, language policy.Language) map[string]admission.Said {
	t.Helper()
	reader, err := client.New(s.world.cluster.Config, client.Options{})
	require.NoError(t, err)
	result, err := audit.Run(t.Context(), audit.Options{
		Reader: reader, Edition: admission.Edition{Rules: rules, Settings: settings.Default()},
		Language: language, Findings: true, PageSize: 7,
	})
	require.NoError(t, err)
	require.Empty(t, result.Unjudged)
	require.NoError(t, result.ModesUnknown)
	require.NoError(t, result.ConfigUnknown)
	said := map[string]admission.Said{}
	for _, namespace := range result.Namespaces {
		for _, object := range namespace.Objects {
			said[about(object.Kind, namespace.Name, object.Name)] = object.Said
		}
	}
	return said
}

// assertAudited compares what the check says of a manifest with what the audit says of
// the stored object. Neither has to shorten anything.
func assertAudited(t *testing.T, language policy.Language, checked offline.Checked, said admission.Said) {
	t.Helper()
	where := fmt.Sprintf("%s in %s", about(checked.Kind, checked.Namespace, checked.Name), language)
	assert.Equal(t, checked.Denial, said.Denial, where)
	assert.Equal(t, checked.Warnings, said.Warnings, where)
	assert.Equal(t, checked.Advice, said.Advice, where)
	var want, got []string
	for _, finding := range checked.Findings {
		want = append(want, fmt.Sprintf("%s %s %s\n%s", finding.Action, finding.Rule.ID, finding.Field, finding.Sentence.Full))
	}
	for _, finding := range said.Findings {
		got = append(got, fmt.Sprintf("%s %s %s\n%s", finding.Action, finding.Rule.ID, finding.Field, finding.Sentence.Full))
	}
	assert.Equal(t, want, got, where)
	assert.Equal(t, checked.Exemptions, said.Exemptions, where)
	require.Len(t, said.Exempt, len(checked.Exempt), where)
	for i, excused := range checked.Exempt {
		assert.Equal(t, excused.Excused, said.Exempt[i], where)
	}
}
