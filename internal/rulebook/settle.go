package rulebook

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tealgate/tealgate/internal/policy"
)

// attempt builds one set of sources. An error that is not policy.Problems means that
// ctx has ended.
type attempt func(ctx context.Context, sources []Source) (*Built, error)

// settle finds out which sources can be in force together: all that are wanted, if
// they can. Otherwise it keeps what was good before and lets in what can stand beside
// it, so that a new version which breaks somebody else's rule is the one that waits. A
// source that stays out keeps its last good content, if there is one and it still fits.
// Only the very first attempts may be an error; whatever ctx leaves no time for later
// stays out.
func settle(ctx context.Context, try attempt, last []Status, wanted []Source) (*Built, []Status, error) {
	wanted = sorted(wanted)
	s := &shelf{try: try, held: map[string]Source{}}
	var blame policy.Problems
	if err := s.put(ctx, wanted...); err == nil {
		return s.built, s.statuses(wanted, nil), nil
	} else if !errors.As(err, &blame) {
		return nil, nil, err
	}
	good := lastGood(last, wanted)
	if len(good) == 0 || s.put(ctx, good...) != nil {
		// Nothing is known to be good together: begin with the embedded rules.
		if err := s.put(ctx); err != nil {
			return nil, nil, err
		}
	}
	pending := s.missing(wanted)
	if rest := slices.DeleteFunc(slices.Clone(pending), func(source Source) bool { return blamed(source, blame) }); len(rest) > 1 {
		_ = s.put(ctx, rest...) // else each by itself
	}
	why := s.grow(ctx, s.missing(wanted))
	s.grow(ctx, slices.DeleteFunc(good, func(source Source) bool { _, in := s.held[source.Name]; return in }))
	return s.built, s.statuses(wanted, why), nil
}

// shelf is a set of sources that is known to be good together.
type shelf struct {
	try   attempt
	held  map[string]Source
	built *Built
}

// put adds sources, or takes new contents of those that are there, if all are good
// together then.
func (s *shelf) put(ctx context.Context, sources ...Source) error {
	together := maps.Clone(s.held)
	for _, source := range sources {
		together[source.Name] = source
	}
	built, err := s.try(ctx, sorted(slices.Collect(maps.Values(together))))
	if err != nil {
		return err
	}
	s.held, s.built = together, built
	return nil
}

// grow adds one source after the other, for as long as one more fits: one may need
// another that comes later. It returns what is wrong with those that do not, by name.
func (s *shelf) grow(ctx context.Context, pending []Source) map[string]policy.Problems {
	why := map[string]policy.Problems{}
	for progress := true; progress; {
		progress = false
		for _, source := range slices.Clone(pending) {
			err := s.put(ctx, source)
			if err == nil {
				progress = true
				pending = slices.DeleteFunc(pending, func(p Source) bool { return p.Name == source.Name })
				continue
			}
			var problems policy.Problems
			if !errors.As(err, &problems) {
				problems = policy.Problems{{Kind: policy.TooSlow, Detail: err.Error()}}
			}
			why[source.Name] = problems
		}
	}
	return why
}

// missing are the sources of which something else is held, or nothing.
func (s *shelf) missing(wanted []Source) []Source {
	return slices.DeleteFunc(slices.Clone(wanted), func(source Source) bool {
		held, in := s.held[source.Name]
		return in && held.same(source)
	})
}

func (s *shelf) statuses(wanted []Source, why map[string]policy.Problems) []Status {
	statuses := make([]Status, 0, len(wanted))
	for _, source := range wanted {
		status := Status{Source: source, State: SetAside, Problems: why[source.Name]}
		if held, in := s.held[source.Name]; in {
			status.State, status.held = LastGood, &held
			if held.same(source) {
				status.State, status.Problems = InForce, nil
			}
		}
		statuses = append(statuses, status)
	}
	return statuses
}

// lastGood are the contents that were in force of sources that are still wanted.
func lastGood(last []Status, wanted []Source) []Source {
	var good []Source
	for _, status := range last {
		if status.held != nil && slices.ContainsFunc(wanted, func(w Source) bool { return w.Name == status.Source.Name }) {
			good = append(good, *status.held)
		}
	}
	return good
}

func blamed(source Source, problems policy.Problems) bool {
	return len(source.problems) > 0 || slices.ContainsFunc(problems, func(p policy.Problem) bool { return source.has(p.File) })
}
