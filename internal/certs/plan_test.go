package certs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlan is the table of what the leader does. Whatever it does, every CA that was stored
// and has not expired still is.
func TestPlan(t *testing.T) {
	now := time.Now()
	young, due := made(t, now, "localhost"), made(t, now.Add(-61*day24), "localhost")
	expired, dueToo := made(t, now.Add(-91*day24), "localhost"), made(t, now.Add(-70*day24), "localhost")
	elsewhere := made(t, now, "elsewhere")
	const anew, none = "anew", "none"
	for name, test := range map[string]struct {
		reason                 string
		current, next, serving *pair
		trusted                bool
		step                   step
		wantCurrent, wantNext  any
	}{
		"Young":              {"nothing to do", young, nil, young, false, rest, young, none},
		"Due":                {"its successor is made, and not served", due, nil, due, false, prepared, due, anew},
		"NotTrustedYet":      {"it waits", due, young, due, false, rest, due, young},
		"Trusted":            {"now it is served", due, young, due, true, rotated, young, none},
		"TrustedEarly":       {"a successor that was asked for by hand", young, young, young, true, rotated, young, none},
		"SuccessorIsDue":     {"one that waited for a month is made again", due, dueToo, due, true, prepared, due, anew},
		"Expired":            {"what is served has expired too: nothing to lose", expired, nil, expired, false, replaced, anew, none},
		"ExpiredWithNext":    {"the successor may be trusted already", expired, young, expired, false, replaced, young, none},
		"Nothing":            {"a first start", nil, nil, nil, false, replaced, anew, none},
		"Deleted":            {"what is served stays, with a successor", nil, nil, young, false, replaced, young, anew},
		"DeletedWhenDue":     {"likewise", nil, nil, due, false, replaced, due, anew},
		"DeletedAndExpired":  {"what is served is no good", nil, nil, expired, false, replaced, anew, none},
		"OtherNames":         {"what is served has the right ones", elsewhere, nil, young, false, replaced, young, anew},
		"OtherNamesAtStart":  {"nothing else is there", elsewhere, nil, nil, false, replaced, anew, none},
		"NextHasOtherNames":  {"it is made again", due, elsewhere, due, true, prepared, due, anew},
		"YoungNextWithNames": {"nothing is due: it is only forgotten", young, elsewhere, young, true, rest, young, none},
	} {
		t.Run(name, func(t *testing.T) {
			keeper, err := New(Options{Names: []string{"localhost"}})
			require.NoError(t, err)
			before := stored{current: test.current, next: test.next}
			for _, p := range []*pair{test.next, test.current} {
				if p != nil {
					before.ca = join(now, before.ca, p.ca)
				}
			}
			// As they are read: with all CAs that are stored.
			if before.current != nil {
				before = decode(before.encode(nil))
			}
			after, took, err := keeper.options.plan(before, test.serving, test.trusted, now)
			require.NoError(t, err)
			assert.Equal(t, test.step, took, test.reason)
			check := func(want any, got *pair) {
				switch want {
				case none:
					assert.Nil(t, got)
				case anew:
					assert.True(t, got.good([]string{"localhost"}, now.Add(DefaultLifetime-time.Minute)), "just made")
				default:
					assert.True(t, got.is(want.(*pair)))
				}
			}
			check(test.wantCurrent, after.current)
			check(test.wantNext, after.next)
			assert.True(t, complete(after.ca, before.ca, now), "no CA is lost")
			again := decode(after.encode(nil))
			assert.True(t, again.current.good([]string{"localhost"}, now), "what is stored can be served")
		})
	}
}
