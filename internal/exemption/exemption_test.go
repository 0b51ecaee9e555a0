package exemption_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/exemption"
)

func day(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	parsed, err := time.Parse(time.DateOnly, text)
	require.NoError(t, err)
	return parsed
}

func TestParse(t *testing.T) {
	type want struct {
		text, rule, reason, until string
		problem                   exemption.Problem
	}
	long := strings.Repeat("字", 201)
	for name, test := range map[string]struct {
		annotation string
		want       []want
	}{
		"Empty":      {"", nil},
		"Blank":      {" ;\n; ", nil},
		"One":        {"rule-a: legacy app until 2027-01-31", []want{{"rule-a: legacy app until 2027-01-31", "rule-a", "legacy app", "2027-01-31", ""}}},
		"NoSpace":    {"rule-a:legacy until 2027-01-31", []want{{"rule-a:legacy until 2027-01-31", "rule-a", "legacy", "2027-01-31", ""}}},
		"Spaces":     {"  rule-a :  legacy\t app   until  2027-01-31 ", []want{{"rule-a : legacy app until 2027-01-31", "rule-a", "legacy app", "2027-01-31", ""}}},
		"ColonAgain": {"rule-a: see https://x.y/1: soon until 2027-01-31", []want{{"rule-a: see https://x.y/1: soon until 2027-01-31", "rule-a", "see https://x.y/1: soon", "2027-01-31", ""}}},
		"UntilAgain": {"rule-a: not until we can until 2027-01-31", []want{{"rule-a: not until we can until 2027-01-31", "rule-a", "not until we can", "2027-01-31", ""}}},
		"LeapDay":    {"rule-a: x until 2028-02-29", []want{{"rule-a: x until 2028-02-29", "rule-a", "x", "2028-02-29", ""}}},
		"Chinese":    {"rule-a: 旧系统 until 2027-01-31", []want{{"rule-a: 旧系统 until 2027-01-31", "rule-a", "旧系统", "2027-01-31", ""}}},
		"LongestReason": {"rule-a: " + long[3:] + " until 2027-01-31", []want{
			{"rule-a: " + long[3:] + " until 2027-01-31", "rule-a", long[3:], "2027-01-31", ""},
		}},
		"Several": {"rule-a: x until 2027-01-31; rule-b: y until 2027-02-28;", []want{
			{"rule-a: x until 2027-01-31", "rule-a", "x", "2027-01-31", ""}, {"rule-b: y until 2027-02-28", "rule-b", "y", "2027-02-28", ""},
		}},
		"Lines": {"rule-a: x until 2027-01-31\r\nrule-b: y until 2027-02-28\n", []want{
			{"rule-a: x until 2027-01-31", "rule-a", "x", "2027-01-31", ""}, {"rule-b: y until 2027-02-28", "rule-b", "y", "2027-02-28", ""},
		}},
		"OneIsBroken": {"rule-a until 2027-01-31; rule-b: y until 2027-02-28", []want{
			{"rule-a until 2027-01-31", "rule-a", "", "2027-01-31", exemption.NoColon}, {"rule-b: y until 2027-02-28", "rule-b", "y", "2027-02-28", ""},
		}},
		"NoColon":       {"rule-a legacy app until 2027-01-31", []want{{"rule-a legacy app until 2027-01-31", "rule-a", "legacy app", "2027-01-31", exemption.NoColon}}},
		"RuleAlone":     {"rule-a", []want{{"rule-a", "rule-a", "", "", exemption.NoColon}}},
		"OtherColon":    {"rule-a：旧系统 until 2027-01-31", []want{{"rule-a：旧系统 until 2027-01-31", "rule-a：旧系统", "", "2027-01-31", exemption.NoColon}}},
		"NoRule":        {": x until 2027-01-31", []want{{": x until 2027-01-31", "", "x", "2027-01-31", ""}}},
		"TwoWords":      {"from rule-a: x until 2027-01-31", []want{{"from rule-a: x until 2027-01-31", "from rule-a", "x", "2027-01-31", ""}}},
		"NoReason":      {"rule-a: until 2027-01-31", []want{{"rule-a: until 2027-01-31", "rule-a", "", "2027-01-31", exemption.NoReason}}},
		"Nothing":       {"rule-a:", []want{{"rule-a:", "rule-a", "", "", exemption.NoReason}}},
		"LongReason":    {"rule-a: " + long + " until 2027-01-31", []want{{"rule-a: " + long + " until 2027-01-31", "rule-a", long, "2027-01-31", exemption.LongReason}}},
		"NoDay":         {"rule-a: legacy app", []want{{"rule-a: legacy app", "rule-a", "legacy app", "", exemption.NoDay}}},
		"UntilNothing":  {"rule-a: legacy app until", []want{{"rule-a: legacy app until", "rule-a", "legacy app", "", exemption.NoDay}}},
		"NotInCalendar": {"rule-a: x until 2027-02-30", []want{{"rule-a: x until 2027-02-30", "rule-a", "x", "", exemption.NoDay}}},
		"NoLeapDay":     {"rule-a: x until 2027-02-29", []want{{"rule-a: x until 2027-02-29", "rule-a", "x", "", exemption.NoDay}}},
		"Time":          {"rule-a: x until 2027-01-31T10:00:00Z", []want{{"rule-a: x until 2027-01-31T10:00:00Z", "rule-a", "x", "", exemption.NoDay}}},
		"OtherOrder":    {"rule-a: x until 31.01.2027", []want{{"rule-a: x until 31.01.2027", "rule-a", "x", "", exemption.NoDay}}},
		"ShortDay":      {"rule-a: x until 2027-1-31", []want{{"rule-a: x until 2027-1-31", "rule-a", "x", "", exemption.NoDay}}},
		"DayAndMore":    {"rule-a: x until 2027-01-31 or so", []want{{"rule-a: x until 2027-01-31 or so", "rule-a", "x until 2027-01-31 or so", "", exemption.TwoDays}}},
		"YearZero":      {"rule-a: x until 0000-00-00", []want{{"rule-a: x until 0000-00-00", "rule-a", "x", "", exemption.NoDay}}},
		"Comma":         {"rule-a: x until 2027-01-31, rule-b: y until 2027-02-28", []want{{"rule-a: x until 2027-01-31, rule-b: y until 2027-02-28", "rule-a", "x until 2027-01-31, rule-b: y", "2027-02-28", exemption.TwoDays}}},
	} {
		t.Run(name, func(t *testing.T) {
			var wanted []exemption.Exemption
			for _, w := range test.want {
				wanted = append(wanted, exemption.Exemption{Text: w.text, Rule: w.rule, Reason: w.reason, Until: day(t, w.until), Problem: w.problem})
			}
			assert.Equal(t, wanted, exemption.Parse(test.annotation))
		})
	}
}

func TestParseBounds(t *testing.T) {
	var many strings.Builder
	for i := range 12 {
		fmt.Fprintf(&many, "rule-%d: x until 2027-01-31;", i)
	}
	list := exemption.Parse(many.String())
	require.Len(t, list, exemption.Max+1)
	for _, e := range list[:exemption.Max] {
		assert.Empty(t, e.Problem)
	}
	assert.Equal(t, exemption.Exemption{Text: "rule-10: x until 2027-01-31", Problem: exemption.TooMany}, list[exemption.Max])

	assert.Len(t, exemption.Parse(strings.Repeat("a;", 1<<20)), exemption.Max+1, "the rest is not looked at")
	assert.Empty(t, exemption.Parse(strings.Repeat(";", 1<<20)))
	assert.Equal(t, exemption.LongReason, exemption.Parse("a: " + strings.Repeat("until ", 1<<17))[0].Problem)
}

// The last day counts as a whole, in UTC and wherever the clock stands.
func TestEnded(t *testing.T) {
	e := exemption.Parse("rule-a: x until 2027-01-31")[0]
	for now, want := range map[string]bool{
		"2026-01-01T00:00:00Z":           false,
		"2027-01-31T00:00:00Z":           false,
		"2027-01-31T23:59:59.999999999Z": false,
		"2027-02-01T00:00:00Z":           true,
		"2027-02-01T07:59:59+08:00":      false,
		"2027-02-01T08:00:00+08:00":      true,
		"2027-01-31T16:00:00-08:00":      true,
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		assert.Equal(t, want, e.Ended(at), now)
	}
	assert.True(t, exemption.Exemption{}.Ended(time.Now()), "without a day nothing is exempt")
}

func TestWithin(t *testing.T) {
	stored := exemption.Parse("rule-a: x until 2027-01-31; rule-b: y until 2027-02-28; rule-c: z")
	for name, test := range map[string]struct {
		reason, text string
		want         bool
	}{
		"Same":        {"it is there already", "rule-a: x until 2027-01-31", true},
		"OtherSpaces": {"the same in other spaces", " rule-a:  x until 2027-01-31", true},
		"Shorter":     {"less than what was granted", "rule-a: x until 2026-12-31", true},
		"Longer":      {"more than what was granted", "rule-a: x until 2027-02-01", false},
		"OtherReason": {"another thing than what was granted", "rule-a: y until 2027-01-31", false},
		"OtherRule":   {"the same", "rule-c: x until 2027-01-31", false},
		"Broken":      {"as broken as it was", "rule-c: z", true},
		"Mended":      {"it counts now", "rule-c: z until 2027-01-31", false},
		"Breaks":      {"it is another text", "rule-a: x", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, exemption.Parse(test.text)[0].Within(stored), test.reason)
			assert.False(t, exemption.Parse(test.text)[0].Within(nil))
		})
	}
}

func TestFor(t *testing.T) {
	list := exemption.Parse("rule-a: x until 2027-01-31; rule-a: y until 2027-03-31; rule-a: z until 2027-02-28; rule-b: x; rule-c: y until 2027-02-28")
	for rule, want := range map[string]string{"rule-a": "y", "rule-b": "", "rule-c": "y", "rule-d": "", "": ""} {
		got, found := exemption.For(rule, list)
		assert.Equal(t, want != "", found, rule)
		assert.Equal(t, want, got.Reason, rule)
	}
}
