package rulebook

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
)

// Trial is what came of trying a ConfigMap.
type Trial struct {
	// Problems would keep it from being loaded.
	Problems policy.Problems
	// Doubts would not.
	Doubts policy.Problems
}

// Gate tries ConfigMaps before they are stored: what is in force, with that one in it.
// Safe for concurrent use.
type Gate struct {
	book *Book
	live client.Reader
}

// NewGate returns a Gate. The others are read live: one that was stored a moment ago
// may be a library that the next needs.
func NewGate(book *Book, live client.Reader) *Gate { return &Gate{book: book, live: live} }

// Try says what is wrong with a ConfigMap of tealgate's namespace. An error means that
// it could not be tried.
func (g *Gate) Try(ctx context.Context, configMap *corev1.ConfigMap) (Trial, error) {
	if IsSettings(configMap) {
		return g.trySettings(ctx, configMap)
	}
	value, labelled := configMap.Labels[v1alpha1.LabelPolicy]
	if !labelled {
		return Trial{}, nil
	}
	if value != v1alpha1.PolicyTrue {
		return Trial{Doubts: policy.Problems{{
			Kind: policy.BadLabel, Subject: value, Detail: fmt.Sprintf("label %s is %q, not true: nothing is loaded", v1alpha1.LabelPolicy, value),
		}}}, nil
	}
	source := FromConfigMap(configMap)
	if len(source.Files) == 0 {
		return Trial{Doubts: policy.Problems{{Kind: policy.NoFiles, Detail: "no key ends in " + extension + ": nothing is loaded"}}}, nil
	}
	built, err := g.build(ctx, &source)
	if problems := policy.Problems(nil); errors.As(err, &problems) {
		return Trial{Problems: problems}, nil
	}
	if err != nil {
		return Trial{}, err
	}
	var trial Trial
	if slices.Contains(built.Untested, source.Name) {
		trial.Doubts = append(trial.Doubts, policy.Problem{Kind: policy.NoTests, Detail: "it has no test: nothing says that its rules deny"})
	}
	return trial, nil
}

func (g *Gate) trySettings(ctx context.Context, configMap *corev1.ConfigMap) (Trial, error) {
	source := FromSettings(configMap)
	chosen, err := readSettings(source)
	if problems := policy.Problems(nil); errors.As(err, &problems) {
		return Trial{Problems: problems}, nil
	}
	if chosen.Check(g.book.Edition().Rules.Rules()) == nil {
		return Trial{}, nil
	}
	// The rule may be in a ConfigMap that was stored a moment ago.
	built, err := g.build(ctx, nil)
	if problems := policy.Problems(nil); err != nil && !errors.As(err, &problems) {
		return Trial{}, err
	}
	rules := g.book.Edition().Rules.Rules()
	if built != nil {
		rules = built.Engine.Rules()
	}
	if err := chosen.Check(rules); err != nil {
		return Trial{Problems: settingsProblems(source, err)}, nil
	}
	return Trial{}, nil
}

// build tries one source, if any, with the others as they are stored now. What was set
// aside as it is stored counts as it is held.
func (g *Gate) build(ctx context.Context, candidate *Source) (*Built, error) {
	var stored corev1.ConfigMapList
	err := g.live.List(ctx, &stored, client.InNamespace(v1alpha1.Namespace),
		client.MatchingLabels{v1alpha1.LabelPolicy: v1alpha1.PolicyTrue})
	if err != nil {
		return nil, fmt.Errorf("reading the other policies: %w", err)
	}
	known := map[string]Status{}
	var sources []Source
	for _, status := range g.book.Edition().policies() {
		known[status.Source.Name] = status
		if status.Source.Ref == nil && status.held != nil {
			sources = append(sources, *status.held)
		}
	}
	for _, source := range wantedOf(stored.Items).Sources {
		status, loaded := known[source.Name]
		switch {
		case candidate != nil && source.Name == candidate.Name:
		case !loaded || !status.Source.same(source):
			sources = append(sources, source)
		case status.held != nil:
			sources = append(sources, *status.held)
		}
	}
	if candidate != nil {
		// Behind the others: where two cannot both be, this one is told so.
		sources = append(sources, *candidate)
	}
	return g.book.try(ctx, sources)
}
