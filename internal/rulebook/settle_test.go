package rulebook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// The sources of these tests are words. bad does not compile; rule:x may be in one
// source only; use:x needs lib:x in some source. The source at fault is the one in which
// the compiler would find it, as in Rego.
func compileWords(_ context.Context, sources []Source) (*Built, error) {
	var problems policy.Problems
	rules, libs := map[string]bool{}, map[string]bool{}
	for _, source := range sources {
		for word := range strings.FieldsSeq(source.Files[source.Name]) {
			if lib, ok := strings.CutPrefix(word, "lib:"); ok {
				libs[lib] = true
			}
		}
	}
	for _, source := range sources {
		problems = append(problems, source.problems...)
		for word := range strings.FieldsSeq(source.Files[source.Name]) {
			kind, name, _ := strings.Cut(word, ":")
			if kind == "bad" || kind == "use" && !libs[name] || kind == "rule" && rules[name] {
				problems = append(problems, policy.Problem{File: source.Name, Detail: word})
			}
			rules[name] = rules[name] || kind == "rule"
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return &Built{}, nil
}

// words are pairs of a source's name and its words.
func wordsOf(pairs ...string) []Source {
	var sources []Source
	for i := 0; i < len(pairs); i += 2 {
		sources = append(sources, Source{Name: pairs[i], Files: map[string]string{pairs[i]: pairs[i+1]}})
	}
	return sources
}

func TestSettle(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		// before are loaded first, one set after the other.
		before [][]Source
		wanted []Source
		want   []string
	}{
		"Nothing": {reason: "nobody added anything"},
		"AllGood": {reason: "one attempt", wanted: wordsOf("b", "rule:b", "a", "rule:a"), want: []string{"a: in force", "b: in force"}},
		"BadAtStart": {
			reason: "what is bad is left out, the others are not",
			wanted: wordsOf("a", "rule:a", "b", "bad", "c", "rule:c"), want: []string{"a: in force", "b: set aside (bad)", "c: in force"},
		},
		"AllBadAtStart": {
			reason: "the embedded rules are in force", wanted: wordsOf("a", "bad", "b", "bad"),
			want: []string{"a: set aside (bad)", "b: set aside (bad)"},
		},
		"BadVersion": {
			reason: "its last good content stays", before: [][]Source{wordsOf("a", "rule:a", "b", "rule:b")},
			wanted: wordsOf("a", "rule:a bad", "b", "rule:b"), want: []string{"a: last good (bad)", "b: in force"},
		},
		"BadVersionTwice": {
			reason: "however often", before: [][]Source{wordsOf("a", "rule:a"), wordsOf("a", "bad")},
			wanted: wordsOf("a", "bad bad"), want: []string{"a: last good (bad)"},
		},
		"BadThenGood": {
			reason: "a repair counts", before: [][]Source{wordsOf("a", "rule:a"), wordsOf("a", "bad")},
			wanted: wordsOf("a", "rule:a2"), want: []string{"a: in force"},
		},
		"GoodVersionBesideABadOne": {
			reason: "they have nothing to do with each other", before: [][]Source{wordsOf("a", "rule:a", "b", "rule:b")},
			wanted: wordsOf("a", "rule:a2", "b", "bad"), want: []string{"a: in force", "b: last good (bad)"},
		},
		"BreaksAnother": {
			reason: "the compiler blames the other, but what changed is at fault, and no rule is lost",
			before: [][]Source{wordsOf("lib", "lib:x", "user", "rule:u use:x")},
			wanted: wordsOf("lib", "lib:y", "user", "rule:u use:x"), want: []string{"lib: last good (use:x)", "user: in force"},
		},
		"LibraryAfterItsUser": {
			reason: "the order of names is none of dependencies", wanted: wordsOf("a", "use:x", "b", "lib:x", "c", "bad"),
			want: []string{"a: in force", "b: in force", "c: set aside (bad)"},
		},
		"BadLibrary": {
			reason: "who needs it waits with it", wanted: wordsOf("a", "use:x", "b", "lib:x bad", "c", "rule:c"),
			want: []string{"a: set aside (use:x)", "b: set aside (bad)", "c: in force"},
		},
		"LibraryRemoved": {
			reason: "nothing that was good before is, without it", before: [][]Source{wordsOf("lib", "lib:x", "other", "rule:o", "user", "use:x")},
			wanted: wordsOf("other", "rule:o", "user", "use:x"), want: []string{"other: in force", "user: set aside (use:x)"},
		},
		"LibraryRemovedAndABadVersion": {
			reason: "the last good content is tried again by itself", before: [][]Source{wordsOf("lib", "lib:x", "other", "rule:o", "user", "use:x")},
			wanted: wordsOf("other", "bad", "user", "use:x"), want: []string{"other: last good (bad)", "user: set aside (use:x)"},
		},
		"RuleMoves": {
			reason: "while a third is bad", before: [][]Source{wordsOf("a", "rule:x", "b", "rule:b", "c", "rule:c")},
			wanted: wordsOf("a", "rule:a", "b", "rule:b rule:x", "c", "bad"), want: []string{"a: in force", "b: in force", "c: last good (bad)"},
		},
		"Conflict": {
			reason: "at start the first by name has the rule, on every replica", wanted: wordsOf("b", "rule:x", "a", "rule:x"),
			want: []string{"a: in force", "b: set aside (rule:x)"},
		},
		"ConflictWithWhatIsThere": {
			reason: "who has it keeps it", before: [][]Source{wordsOf("b", "rule:x")}, wanted: wordsOf("a", "rule:x", "b", "rule:x"),
			want: []string{"a: set aside (rule:x)", "b: in force"},
		},
		"Unreadable": {
			reason: "like a version that is bad", before: [][]Source{wordsOf("a", "rule:a", "b", "rule:b")},
			wanted: append(wordsOf("a", "rule:a"), Unreadable("b", errors.New("gone"))), want: []string{"a: in force", "b: last good (gone)"},
		},
		"Removed": {
			reason: "gone is gone", before: [][]Source{wordsOf("a", "rule:a", "b", "bad")}, wanted: wordsOf("a", "rule:a"), want: []string{"a: in force"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var last []Status
			for _, sources := range append(test.before, test.wanted) {
				_, statuses, err := settle(t.Context(), compileWords, last, sources)
				require.NoError(t, err)
				last = statuses
			}
			var got []string
			for _, status := range last {
				line := status.Source.Name + ": " + string(status.State)
				if len(status.Problems) > 0 {
					line += " (" + status.Problems[0].Detail + ")"
				}
				got = append(got, line)
				assert.Equal(t, status.State == SetAside, status.held == nil)
			}
			assert.Equal(t, test.want, got, test.reason)
		})
	}
}

// TestSettleEnds holds what becomes of sources for which no time is left.
func TestSettleEnds(t *testing.T) {
	late := errors.New("too late")
	attempts := 0
	until := func(last int) attempt {
		attempts = 0
		return func(ctx context.Context, sources []Source) (*Built, error) {
			if attempts++; attempts > last {
				return nil, late
			}
			return compileWords(ctx, sources)
		}
	}
	wanted := wordsOf("a", "rule:a", "b", "bad", "c", "rule:c", "d", "bad")

	_, _, err := settle(t.Context(), until(0), nil, wanted)
	require.ErrorIs(t, err, late, "nothing is known")
	_, _, err = settle(t.Context(), until(1), nil, wanted)
	require.ErrorIs(t, err, late, "not even the embedded rules were built")

	_, statuses, err := settle(t.Context(), until(3), nil, wanted)
	require.NoError(t, err)
	var states []State
	for _, status := range statuses {
		states = append(states, status.State)
	}
	assert.Equal(t, []State{InForce, SetAside, InForce, SetAside}, states, "what was found to be good is in force")
	assert.Equal(t, policy.TooSlow, statuses[1].Problems[0].Kind, "and the rest is tried again")
	assert.Less(t, attempts, 10)
}

// TestSettleIsQuick bounds the attempts: one bad source among many costs a few.
func TestSettleIsQuick(t *testing.T) {
	var wanted []Source
	for name := range strings.FieldsSeq("a b c d e f g h i j k l m n o p") {
		wanted = append(wanted, wordsOf(name, "rule:"+name)...)
	}
	wanted = slices.Concat(wanted, wordsOf("z", "bad"))
	attempts := 0
	_, _, err := settle(t.Context(), func(ctx context.Context, sources []Source) (*Built, error) {
		attempts++
		return compileWords(ctx, sources)
	}, nil, wanted)
	require.NoError(t, err)
	assert.Equal(t, 4, attempts)
}
