package admission

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// newYear is the time of these tests: the last hour of 2026 in UTC.
func newYear() time.Time { return time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC) }

const (
	lasting  = "readiness-probe: legacy app until 2026-12-31"
	shorter  = "readiness-probe: legacy app until 2026-12-30"
	longer   = "readiness-probe: legacy app until 2027-01-31"
	covered  = "Deployment shop/shop-blue: readiness-probe is exempt until 2026-12-31 (legacy app)"
	over     = "Deployment shop/shop-blue: the exemption from readiness-probe (legacy app) ended on 2026-12-30"
	before   = "Deployment shop/shop-blue: readiness-probe: container web has no readinessProbe. It would get traffic as soon as its process starts, before it can answer. It was there before, so this change passes. More: kubectl tealgate explain readiness-probe"
	wrote    = "Deployment shop/shop-blue: exemption: the exemption from readiness-probe ended on 2026-12-30 (UTC) and exempts nothing. Take it out, or have it given anew. More: kubectl tealgate explain exemption"
	probe    = "readiness-probe spec.template.spec.containers[0].readinessProbe"
	asking   = "exemption metadata.annotations[tealgate.dev/exempt]"
	theProbe = "        readinessProbe: {httpGet: {path: /readyz, port: http}}\n"
)

// exempt is the good Deployment with that annotation, and fit is without a problem.
func exempt(annotation string, change ...string) string {
	object := strings.Replace(goodDeployment, theProbe, "", 1)
	if annotation != "" {
		object = strings.Replace(object, "annotations: {", "annotations: {tealgate.dev/exempt: '"+annotation+"', ", 1)
	}
	return strings.NewReplacer(change...).Replace(object)
}

func fit(annotation string) string {
	return exempt(annotation, "        envFrom", theProbe+"        envFrom")
}

// rights counts who is asked about.
type rights struct {
	around

	asked *int
}

func (r rights) MayExempt(ctx context.Context, namespace, user string, groups []string) (bool, error) {
	*r.asked++
	return r.around.MayExempt(ctx, namespace, user, groups)
}

func TestExempt(t *testing.T) {
	rules := embeddedRules(t)
	upgrade := []string{"1.4.0", "1.5.0"}
	grow := []string{"replicas: 3", "replicas: 5"}
	for name, test := range map[string]struct {
		reason      string
		entry       string // validate-enforce
		operation   admissionv1.Operation
		object, old string
		may, ran    bool
		past        string
		// denied are the rules of the verdict line; empty means Allowed.
		denied  string
		warns   []string
		audit   string
		granted string
		asked   int
	}{
		"Given": {
			reason: "one short line, and nothing of what is exempt", object: exempt(lasting), may: true, asked: 1,
			warns: []string{covered}, audit: "exempt " + probe, granted: lasting,
		},
		"NotAllowed": {
			reason: "it covers nothing, so that all problems are told at once", object: exempt(lasting), asked: 1,
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + probe,
		},
		"NotNeeded": {
			reason: "it still takes the right: it would count later", object: fit(lasting), asked: 1,
			denied: "exemption", audit: "deny " + asking,
		},
		"AddedLater": {
			reason: "as when it is created", object: exempt(lasting), old: exempt(""), may: true, asked: 1,
			warns: []string{covered}, audit: "exempt " + probe, granted: lasting,
		},
		"AddedLaterNotAllowed": {
			reason: "what was there before is warned about as ever", object: exempt(lasting), old: exempt(""), asked: 1,
			denied: "exemption", warns: []string{before}, audit: "deny " + asking + "; warn " + probe,
		},
		"Unchanged": {
			reason: "it counts for everybody, and nobody is asked", object: exempt(lasting, upgrade...), old: exempt(lasting),
			warns: []string{covered}, audit: "exempt " + probe,
		},
		"Longer": {
			reason: "more than what was given, so what was given does not count either", object: exempt(longer), old: exempt(lasting), asked: 1,
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + probe,
		},
		"LongerAllowed": {
			reason: "the new day is told", object: exempt(longer), old: exempt(lasting), may: true, asked: 1,
			warns: []string{strings.Replace(covered, "2026-12-31", "2027-01-31", 1)}, audit: "exempt " + probe, granted: longer,
		},
		"Shorter": {
			reason: "less takes no right", object: exempt(lasting), old: exempt(longer),
			warns: []string{covered}, audit: "exempt " + probe,
		},
		"OtherReason": {
			reason: "another thing than what was given", object: exempt(strings.Replace(lasting, "legacy", "other", 1)), old: exempt(lasting), asked: 1,
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + probe,
		},
		"Removed": {
			reason: "it takes no right, and the problem was on loan: nobody keeps it that way", object: exempt(""), old: exempt(lasting),
			denied: "readiness-probe", audit: "deny " + probe,
		},
		"RemovedWithTheProblem": {reason: "paid back", object: fit(""), old: exempt(lasting)},
		"RemovedUnneeded":       {reason: "nothing was covered", object: fit(""), old: fit(lasting)},
		"EndedUpgrade": {
			reason: "after the last day the next version denies", object: exempt(shorter, upgrade...), old: exempt(shorter),
			denied: "readiness-probe", warns: []string{over}, audit: "deny " + probe,
		},
		"EndedScale": {
			reason: "scaling goes on: no pod template changes", object: exempt(shorter, grow...), old: exempt(shorter),
			warns: []string{before, over}, audit: "warn " + probe,
		},
		"EndedRestart": {
			reason: "kubectl rollout restart goes on",
			object: exempt(shorter, "metadata: {labels: {app: shop, app", "metadata: {annotations: {kubectl.kubernetes.io/restartedAt: now}, labels: {app: shop, app"),
			old:    exempt(shorter), warns: []string{before, over}, audit: "warn " + probe,
		},
		"EndedRestartGetsAColor": {
			reason: "which tealgate adds whenever a template changes",
			object: exempt(shorter, "metadata: {labels: {app: shop, app", "metadata: {annotations: {kubectl.kubernetes.io/restartedAt: now}, labels: {app: shop, app"),
			old:    exempt(shorter, "1.4.0, tealgate.dev/color: blue}", "1.4.0}"), warns: []string{before, over}, audit: "warn " + probe,
		},
		"EndedRemoved": {
			reason: "as long as the problem is there", object: exempt(""), old: exempt(shorter),
			denied: "readiness-probe", audit: "deny " + probe,
		},
		"EndedWhenAdded": {
			reason: "it exempts nothing, so it takes no right", object: exempt(shorter),
			denied: "readiness-probe", warns: []string{wrote}, audit: "deny " + probe + "; warn " + asking,
		},
		"EndedWhenAddedUnneeded": {
			reason: "a manifest that is not up to date", object: fit(shorter), warns: []string{wrote}, audit: "warn " + asking,
		},
		"Unreadable": {
			reason: "what cannot be read covers nothing", object: exempt("readiness-probe legacy app until 2026-12-31"), may: true, asked: 1,
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + probe,
		},
		"UnreadableBefore": {
			reason: "it changes nothing about the problem", object: exempt("readiness-probe", upgrade...), old: exempt("readiness-probe"),
			warns: []string{before}, audit: "warn " + probe,
		},
		"UnreadableBeforeBesideAGoodOne": {
			reason: "it was there before", object: exempt("replicas; "+lasting, upgrade...), old: exempt("replicas", "shop,", "shop, a: b,"), may: true, asked: 1,
			warns: []string{
				"Deployment shop/shop-blue: exemption: tealgate.dev/exempt has 'replicas', which has no colon behind the rule and so exempts nothing. It was there before, so this change passes. More: kubectl tealgate explain exemption",
				covered,
			},
			audit: "warn " + asking + "; exempt " + probe, granted: lasting,
		},
		"UnknownRule": {
			reason: "a misspelt rule covers nothing", object: exempt("readiness: legacy app until 2026-12-31"), may: true,
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + probe,
		},
		"Never": {
			reason: "from some rules nothing is exempt",
			object: strings.Replace(fit("deployed-by: a robot until 2026-12-31"), "deployed-by: alice", "deployed-by: bob", 1), may: true,
			denied: "deployed-by, exemption", audit: "deny deployed-by metadata.annotations[tealgate.dev/deployed-by]; deny " + asking,
		},
		"NeverItself": {
			reason: "not from this one above all", object: exempt("exemption: x until 2027-12-31; " + lasting),
			denied: "exemption, readiness-probe", audit: "deny " + asking + "; deny " + asking + "; deny " + probe, asked: 1,
		},
		"Undo": {
			reason: "kubectl rollout undo brings back the annotations of its time: they count as added",
			object: exempt(lasting), old: fit(""), ran: true, asked: 1, denied: "exemption",
			warns: []string{strings.Replace(before, "It was there before, so this change passes.", "This template ran before, so going back to it passes.", 1)},
			audit: "deny " + asking + "; warn " + probe,
		},
		"UndoAllowed": {
			reason: "whoever may give it may bring it back", object: exempt(lasting), old: fit(""), ran: true, may: true, asked: 1,
			warns: []string{covered}, audit: "exempt " + probe, granted: lasting,
		},
		"UndoBringsAnEndedOne": {
			reason: "going back is not held up by what does not count", object: exempt(shorter), old: fit(""), ran: true,
			warns: []string{strings.Replace(before, "It was there before, so this change passes.", "This template ran before, so going back to it passes.", 1), wrote},
			audit: "warn " + probe + "; warn " + asking,
		},
		"UndoBringsAShorterOne": {
			reason: "it was given for longer since", object: exempt(lasting, upgrade...), old: exempt(longer), ran: true,
			warns: []string{covered}, audit: "exempt " + probe,
		},
		"UndoWithoutItsExemption": {
			reason: "the problem was on loan when the template ran", object: exempt("", upgrade...), old: fit(""), ran: true, past: shorter,
			denied: "readiness-probe", audit: "deny " + probe,
		},
		"UndoThatDropsTheExemption": {
			reason: "or until now", object: exempt("", upgrade...), old: fit(lasting), ran: true,
			denied: "readiness-probe", audit: "deny " + probe,
		},
		"UndoToWhatIsExempt": {
			reason: "after the last day going back is not held up", object: exempt(shorter, upgrade...), old: exempt(shorter), ran: true, past: lasting,
			warns: []string{strings.Replace(before, "It was there before, so this change passes.", "This template ran before, so going back to it passes.", 1), over},
			audit: "warn " + probe,
		},
		"Warn": {
			reason: "the mode caps what the rule about exemptions says", entry: "validate-warn", object: exempt(lasting), asked: 1,
			warns: []string{
				"Deployment shop/shop-blue: exemption: tealgate.dev/exempt asks for an exemption from readiness-probe until 2026-12-31, and alice may not give one. Denied in enforce. More: kubectl tealgate explain exemption",
				"Deployment shop/shop-blue: readiness-probe: container web has no readinessProbe. It would get traffic as soon as its process starts, before it can answer. Denied in enforce. More: kubectl tealgate explain readiness-probe",
			},
			// It is stored, and counts from now on.
			audit: "would-deny " + asking + "; would-deny " + probe, granted: lasting,
		},
		"Audit": {
			reason: "only the audit log hears of it", entry: "validate-audit", object: exempt(lasting), may: true, asked: 1,
			audit: "exempt " + probe, granted: lasting,
		},
		"Deleted": {
			reason: "nothing is asked of what goes", operation: admissionv1.Delete, old: exempt(lasting),
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			w, registry := cluster{rules: rules, facts: rights{around{exempt: test.may, ran: test.ran, past: test.past}, &asked}, now: newYear}.webhooks()
			a := ask{entry: test.entry, operation: test.operation, object: test.object, old: test.old}
			if a.entry == "" {
				a.entry = "validate-enforce"
			}
			response := a.answer(t, w)
			verdict, _, _ := strings.Cut(response.Result.Message, "\n")
			_, denied, _ := strings.Cut(verdict, "shop/shop-blue: ")
			assert.Equal(t, test.denied, denied, "%s: %s", test.reason, response.Result.Message)
			assert.Equal(t, test.denied == "", response.Allowed, test.reason)
			assert.Equal(t, test.warns, response.Warnings, test.reason)
			assert.Equal(t, test.audit, response.AuditAnnotations["problems"], test.reason)
			assert.Equal(t, test.granted, response.AuditAnnotations["exempted"], test.reason)
			assert.Equal(t, test.asked, asked, "how often the right is asked for: %s", test.reason)
			exempt := counted(t, registry, "tealgate_admission_problems_total", map[string]string{"rule": "readiness-probe", "action": "exempt"})
			assert.Equal(t, strings.Count(test.audit, "exempt readiness-probe"), exempt, "metric")
		})
	}
}

// The last day counts as a whole.
func TestExemptUntilTheEndOfTheDay(t *testing.T) {
	for now, want := range map[string]bool{
		"2026-12-31T23:59:59Z": true, "2027-01-01T00:00:00Z": false, "2027-01-01T07:59:59+08:00": true,
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		w, _ := cluster{rules: embeddedRules(t), now: func() time.Time { return at }}.webhooks()
		response := ask{entry: "validate-enforce", object: exempt(lasting, "1.4.0", "1.5.0"), old: exempt(lasting)}.answer(t, w)
		assert.Equal(t, want, response.Allowed, "%s: %s", now, response.Result.Message)
	}
}

// Whether the user may exempt cannot be found out: nothing passes by that.
func TestExemptRightUnknown(t *testing.T) {
	gates := 0
	w, _ := cluster{rules: embeddedRules(t), now: newYear, facts: around{exempt: true, before: func(context.Context) error {
		if gates++; gates == 4 { // behind Services and Deployments, what they are attached to, and doors
			return errors.New("no answer")
		}
		return nil
	}}}.webhooks()
	response := ask{entry: "validate-enforce", object: exempt(lasting)}.answer(t, w)
	assert.Equal(t, 4, gates, "the question that failed was the last")
	assert.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, "tealgate could not decide: no answer")
}

// One line at most tells of exemptions, behind the others, and three are shown.
func TestExemptLines(t *testing.T) {
	both := "readiness-probe: legacy app until 2026-12-31; version-label: soon until 2027-01-31; config-source: late until 2026-12-01"
	odd := exempt(both, "app.kubernetes.io/version: 1.4.0, ", "", "        envFrom: [{configMapRef: {name: shop-config}}]\n", "")
	const line = "Deployment shop/shop-blue: the exemption from config-source (late) ended on 2026-12-01, " +
		"readiness-probe is exempt until 2026-12-31 (legacy app), version-label is exempt until 2027-01-31 (soon)"
	for name, test := range map[string]struct {
		reason   string
		language policy.Language
		change   []string
		want     []string
	}{
		"Line": {reason: "what ended comes first", want: []string{line}},
		"Chinese": {
			reason: "in both languages", language: policy.Chinese,
			want: []string{"Deployment shop/shop-blue：对 config-source 的豁免（late）已于 2026-12-01 到期，readiness-probe 豁免至 2026-12-31（legacy app），version-label 豁免至 2027-01-31（soon）"},
		},
		"Crowded": {
			reason: "the others are counted", change: []string{"image: registry.example:5000/shop:1.4.0", "image: shop", "        lifecycle: {preStop: {sleep: {seconds: 5}}}\n", ""},
			want: []string{"", "2 more in Deployment shop/shop-blue: graceful-shutdown, pinned-image", line},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{rules: embeddedRules(t), now: newYear, language: test.language}.webhooks()
			object := strings.NewReplacer(test.change...).Replace(odd)
			response := ask{entry: "validate-enforce", object: object, old: strings.Replace(object, "replicas: 3", "replicas: 1", 1)}.answer(t, w)
			assert.True(t, response.Allowed, response.Result.Message)
			require.NotEmpty(t, response.Warnings)
			if name != "Crowded" {
				assert.Equal(t, test.want[0], response.Warnings[len(response.Warnings)-1], test.reason)
				return
			}
			require.Len(t, response.Warnings, 3)
			assert.Equal(t, test.want[1:], response.Warnings[1:], test.reason)
		})
	}
}

// What check and audit are told: who may exempt is not known there.
func TestExemptJudged(t *testing.T) {
	judge := NewJudge(JudgeOptions{Edition: Edition{Rules: embeddedRules(t), Settings: settings.Default()}, Facts: around{}, Now: newYear})
	type want struct {
		denied, warned, exempt []string
	}
	for name, test := range map[string]struct {
		annotation string
		want       want
	}{
		"Covered":    {lasting, want{exempt: []string{"readiness-probe"}}},
		"Ended":      {shorter, want{denied: []string{"readiness-probe"}, warned: []string{"exemption"}}},
		"Unreadable": {"readiness-probe", want{denied: []string{"exemption", "readiness-probe"}}},
		"Without":    {"", want{denied: []string{"readiness-probe"}}},
	} {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{}
			require.NoError(t, yaml.Unmarshal([]byte(exempt(test.annotation)), &object.Object))
			created, err := judge.Validate(t.Context(), object)
			require.NoError(t, err)
			standing, err := judge.Standing(t.Context(), object)
			require.NoError(t, err)
			for _, verdict := range []Verdict{created, standing} {
				var got want
				for _, violation := range verdict.Denied {
					got.denied = append(got.denied, violation.Rule.ID)
				}
				for _, finding := range verdict.Warned {
					got.warned = append(got.warned, finding.Rule.ID)
				}
				for _, excused := range verdict.Exempt {
					got.exempt = append(got.exempt, excused.Rule.ID)
					assert.Equal(t, "legacy app", excused.By.Reason)
				}
				assert.Equal(t, test.want, got)
			}
		})
	}
}
