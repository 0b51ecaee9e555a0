package admission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// noon is the time of these tests.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// glazed is a Deployment with a problem, and with an annotation if it is not empty.
func glazed(annotation string) string {
	object := worded("Deployment", "a", "")
	if annotation == "" {
		return object
	}
	return strings.Replace(object, "annotations: {", fmt.Sprintf("annotations: {tealgate.dev/break-glass: %q, ", annotation), 1)
}

// What the API server sends to the entries that record: nobody judges it, unless its
// time is not good after all.
func TestBreakGlass(t *testing.T) {
	const good = "payment outage until 2026-11-23T12:30:00Z"
	broken := func(end string) []string {
		return []string{"break-glass: Deployment shop/shop is not judged until 12:30Z (payment outage); " + end}
	}
	type event struct{ kind, name, uid, reason, action, note string }
	for name, test := range map[string]struct {
		reason string
		entry  string // break-glass
		mode   string
		ask    ask
		denied bool
		warns  []string
		events []event
		counts int
		audit  map[string]string
	}{
		"Create": {
			reason: "recorded with who and why", ask: ask{object: glazed(good)}, warns: broken("recorded"), counts: 1,
			events: []event{{"Deployment", "shop", "", "BreakGlass", "CREATE", "CREATE by alice was not judged: " + good}},
			audit:  map[string]string{"break-glass": good},
		},
		"Update": {
			reason: "the same", ask: ask{object: glazed(good), old: glazed("")}, warns: broken("recorded"), counts: 1,
			events: []event{{"Deployment", "shop", "", "BreakGlass", "UPDATE", "UPDATE by alice was not judged: " + good}},
			audit:  map[string]string{"break-glass": good},
		},
		"Delete": {
			reason: "the old object has it", ask: ask{operation: admissionv1.Delete, old: glazed(good)}, warns: broken("recorded"), counts: 1,
			events: []event{{"Deployment", "shop", "", "BreakGlass", "DELETE", "DELETE by alice was not judged: " + good}},
			audit:  map[string]string{"break-glass": good},
		},
		"DryRun": {
			reason: "nothing is written", ask: ask{object: glazed(good), dryRun: true}, warns: broken("a dry run is not recorded"),
			audit: map[string]string{"break-glass": good},
		},
		"Warn": {
			reason: "recorded as well", entry: "break-glass-warn", mode: "warn", ask: ask{object: glazed(good)}, warns: broken("recorded"), counts: 1,
			events: []event{{"Deployment", "shop", "", "BreakGlass", "CREATE", "CREATE by alice was not judged: " + good}},
			audit:  map[string]string{"break-glass": good},
		},
		"Audit": {
			reason: "silent", entry: "break-glass-warn", mode: "audit", ask: ask{object: glazed(good)}, counts: 1,
			events: []event{{"Deployment", "shop", "", "BreakGlass", "CREATE", "CREATE by alice was not judged: " + good}},
			audit:  map[string]string{"break-glass": good},
		},
		"EndedUnseen": {
			reason: "CEL has no clock; it is judged like any other", ask: ask{object: glazed("x until 2026-11-23T11:59:59Z")}, denied: true,
			warns: []string{"break-glass does not count for Deployment shop/shop: it ended at 2026-11-23T11:59:59Z. " +
				"Write a new time, such as 2026-11-23T12:30:00Z, or remove the annotation."},
			audit: map[string]string{"break-glass": "does not count: ended", "problems": "deny quality metadata.annotations[quality].a"},
		},
		"TooFarUnseen": {
			reason: "with managed fields of tomorrow", ask: ask{object: glazed("x until 2026-11-24T12:00:00Z")}, denied: true,
			warns: []string{"break-glass does not count for Deployment shop/shop: 2026-11-24T12:00:00Z is more than one hour ahead. " +
				"Write a nearer time, such as 2026-11-23T12:30:00Z"},
			audit: map[string]string{"break-glass": "does not count: too far ahead", "problems": "deny quality metadata.annotations[quality].a"},
		},
		"EndedInWarn": {
			reason: "nothing denies there", entry: "break-glass-warn", mode: "warn", ask: ask{object: glazed("x until 2026-11-23T11:00:00Z")},
			warns: []string{
				"break-glass does not count for Deployment shop/shop: it ended at 2026-11-23T11:00:00Z. " +
					"Write a new time, such as 2026-11-23T12:30:00Z, or remove the annotation.",
				"Deployment shop/shop: quality: a is bad. Denied in enforce. More: kubectl tealgate explain quality",
			},
			audit: map[string]string{"break-glass": "does not count: ended", "problems": "would-deny quality metadata.annotations[quality].a"},
		},
		"EndedInAudit": {
			reason: "silent", entry: "break-glass-warn", mode: "audit", ask: ask{object: glazed("x until 2026-11-23T11:00:00Z")},
			audit: map[string]string{"break-glass": "does not count: ended", "problems": "would-deny quality metadata.annotations[quality].a"},
		},
		"AClockThatIsBehind": {
			reason: "that of the API server has decided", ask: ask{object: glazed("payment outage until 2026-11-23T13:00:59Z")}, counts: 1,
			warns:  []string{"break-glass: Deployment shop/shop is not judged until 13:00Z (payment outage); recorded"},
			events: []event{{"Deployment", "shop", "", "BreakGlass", "CREATE", "CREATE by alice was not judged: payment outage until 2026-11-23T13:00:59Z"}},
			audit:  map[string]string{"break-glass": "payment outage until 2026-11-23T13:00:59Z"},
		},
		"NotThere": {
			reason: "somebody changed the manifests", ask: ask{object: glazed("")}, denied: true,
			audit: map[string]string{"problems": "deny quality metadata.annotations[quality].a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var events []event
			w, registry := cluster{
				rules: testRules(t), now: noon, labels: map[string]string{"tealgate.dev/mode": test.mode},
				events: func(regarding runtime.Object, reason, action, note string) {
					object, ok := regarding.(*metav1.PartialObjectMetadata)
					require.True(t, ok)
					events = append(events, event{object.Kind, object.Name, string(object.UID), reason, action, note})
				},
			}.webhooks()
			test.ask.entry = "break-glass"
			if test.entry != "" {
				test.ask.entry = test.entry
			}
			response := test.ask.answer(t, w)
			assert.Equal(t, !test.denied, response.Allowed, test.reason)
			assert.Equal(t, test.warns, response.Warnings, test.reason)
			assert.Equal(t, test.events, events, test.reason)
			assert.Equal(t, test.audit, response.AuditAnnotations, test.reason)
			assert.Equal(t, test.counts, counted(t, registry, "tealgate_break_glass_total", nil), test.reason)
		})
	}
}

// Where an annotation is there and the API server did not honour it, the entries
// that judge say why.
func TestGlassThatDoesNotCount(t *testing.T) {
	const good = "x until 2026-11-23T12:30:00Z"
	for name, test := range map[string]struct {
		reason string
		value  string
		may    func(ctx context.Context) (bool, error)
		want   string
	}{
		"Empty":     {reason: "it is there", value: "", want: "bad form"},
		"Word":      {reason: "no time", value: "please", want: "bad form"},
		"NoReason":  {reason: "the why is what is recorded", value: " until 2026-11-23T12:30:00Z", want: "bad form"},
		"Lines":     {reason: "an Event has one", value: "a\nb until 2026-11-23T12:30:00Z", want: "bad form"},
		"TooLong":   {reason: "CEL has a budget", value: strings.Repeat("x", BreakGlassRunes) + " until 2026-11-23T12:30:00Z", want: "bad form"},
		"NoSuchDay": {reason: "CEL would fail", value: "x until 2026-02-30T12:30:00Z", want: "bad form"},
		"Past":      {reason: "over", value: "x until 2026-11-23T12:00:00Z", want: "ended"},
		"OtherZone": {reason: "11:59 here", value: "x until 2026-11-23T19:59:00+08:00", want: "ended"},
		"Tomorrow":  {reason: "an hour at most", value: "x until 2026-11-24T12:00:00Z", want: "too far ahead"},
		"NoRight":   {reason: "RBAC", value: good, want: "no right"},
		"Holder": {
			reason: "managed fields were removed, say", value: good, want: "not seen",
			may: func(context.Context) (bool, error) { return true, nil },
		},
		"Error": {
			reason: "only a line depends on it", value: good, want: "right not known",
			may: func(context.Context) (bool, error) { return false, errors.New("no answer") },
		},
		"Panic": {reason: "the same", value: good, want: "right not known", may: func(context.Context) (bool, error) { panic("a") }},
		"Hangs": {reason: "the same", value: good, want: "right not known", may: func(ctx context.Context) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{now: noon, facts: around{glass: test.may}}.webhooks()
			fit := strings.Replace(worded("Deployment", "", ""), "annotations: {", fmt.Sprintf("annotations: {tealgate.dev/break-glass: %q, ", test.value), 1)
			for entry, lines := range map[string]int{"validate-enforce": 1, "validate-warn": 1, "validate-audit": 0} {
				for _, operation := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update, admissionv1.Delete} {
					a := ask{entry: entry, operation: operation, object: fit, old: fit}
					response := a.answer(t, w)
					assert.True(t, response.Allowed, "%s: an annotation denies nothing: %s", operation, response.Result.Message)
					assert.Len(t, response.Warnings, lines, operation)
					assert.Equal(t, map[string]string{"break-glass": "does not count: " + test.want}, response.AuditAnnotations, test.reason)
				}
			}
		})
	}
}

// A line about break-glass is one of three, and leaves room for a problem.
func TestGlassAmongWarnings(t *testing.T) {
	w, _ := cluster{rules: testRules(t), now: noon, labels: map[string]string{"tealgate.dev/mode": "enforced"}}.webhooks()
	object := shop("shop-blue", blue, "tealgate.dev/color-from: name, tealgate.dev/break-glass: x, quality: a b", "app: shop, "+blue, "app: shop")
	response := ask{entry: "validate-warn", object: object}.answer(t, w)
	require.Len(t, response.Warnings, 3, response.Warnings)
	assert.Contains(t, response.Warnings[1], "break-glass does not count")
	assert.Contains(t, response.Warnings[2], "2 problems")
}

// Its own failure admits what the API server has excused.
func TestBreakGlassFailsOpen(t *testing.T) {
	for _, entry := range []string{"break-glass", "break-glass-warn"} {
		w, _ := cluster{now: noon, events: func(runtime.Object, string, string, string) { panic("a") }}.webhooks()
		response := ask{entry: entry, object: glazed("x until 2026-11-23T12:30:00Z")}.answer(t, w)
		assert.True(t, response.Allowed)
		assert.Equal(t, []string{"tealgate could not decide: internal error, see the log of tealgate. Allowed by break-glass, and not recorded."}, response.Warnings)
	}
}

// A long name and a long reason still make an Event.
func TestGlassNoteIsBounded(t *testing.T) {
	var note string
	w, _ := cluster{now: noon, language: policy.Chinese, facts: around{service: facts.None()}, events: func(_ runtime.Object, _, _, text string) { note = text }}.webhooks()
	value := strings.Repeat("火", BreakGlassRunes-40) + " until 2026-11-23T12:30:00Z"
	ask{entry: "break-glass", object: glazed(value), user: strings.Repeat("用", 500)}.answer(t, w)
	assert.NotEmpty(t, note)
	assert.LessOrEqual(t, len(note), 1024, "the limit of the API")
}
