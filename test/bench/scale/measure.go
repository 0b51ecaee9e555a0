package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// warmUp is asked before anything is measured.
const warmUp = 50

const user = "system:serviceaccount:tealgate-system:tealgate"

// questions are dry runs, so that each finds the same. What tealgate does not see is
// the floor.
var questions = []struct {
	name string
	ask  func(ctx context.Context, s *side) error
	// floor says that tealgate has no part in it.
	floor bool
}{
	{"create a Deployment, unseen", creating(unseen), true},
	{"create a Deployment", creating(shop), false},
	{"switch a Service, unseen", switching(unseen), true},
	{"switch a Service", switching(shop), false},
}

func creating(namespace string) func(context.Context, *side) error {
	return func(ctx context.Context, s *side) error {
		_, err := s.client.AppsV1().Deployments(namespace).Create(ctx, deploymentOf("other", "blue"),
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
}

func switching(namespace string) func(context.Context, *side) error {
	return func(ctx context.Context, s *side) error {
		_, err := s.client.CoreV1().Services(namespace).Patch(ctx, shop, types.MergePatchType,
			[]byte(`{"spec":{"selector":{"tealgate.dev/color":"green"}}}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
}

// sample is what one control plane answered to one question.
type sample struct {
	took []time.Duration
	// reads are all numbers of reads that a request cost, mostly one.
	reads []string
}

// measure asks the sides in turn. The same one is never first twice in a row.
func measure(ctx context.Context, sides []*side, rounds int) (map[string][]sample, error) {
	answers := map[string][]sample{}
	order := []int{0, 1}
	for _, question := range questions {
		samples := make([]sample, len(sides))
		for round := range warmUp + rounds {
			slices.Reverse(order)
			for _, i := range order {
				started := time.Now()
				if err := question.ask(ctx, sides[i]); err != nil {
					return nil, fmt.Errorf("%s: %w", question.name, err)
				}
				if round >= warmUp {
					samples[i].took = append(samples[i].took, time.Since(started))
				}
			}
		}
		for i, side := range sides {
			var err error
			if samples[i].reads, err = side.reads(func() error { return question.ask(ctx, side) }); err != nil {
				return nil, err
			}
		}
		answers[question.name] = samples
	}
	return answers, nil
}

// reads counts, in the API server's own log, what tealgate reads in the namespace of
// the request. It asks a few times.
func (s *side) reads(ask func() error) ([]string, error) {
	var counts []string
	for range 5 {
		before, err := os.Stat(s.log)
		if err != nil {
			return nil, err
		}
		if err := ask(); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(s.log)
		if err != nil {
			return nil, err
		}
		count, err := countReads(content[before.Size():])
		if err != nil {
			return nil, err
		}
		if text := fmt.Sprint(count); !slices.Contains(counts, text) {
			counts = append(counts, text)
		}
	}
	return counts, nil
}

func countReads(log []byte) (int, error) {
	count := 0
	for line := range bytes.Lines(log) {
		var event struct {
			Verb      string
			User      struct{ Username string }
			ObjectRef struct{ Namespace string }
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return 0, fmt.Errorf("audit log: %w", err)
		}
		if event.User.Username == user && event.ObjectRef.Namespace == shop && (event.Verb == "list" || event.Verb == "get") {
			count++
		}
	}
	return count, nil
}
