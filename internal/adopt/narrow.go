package adopt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/traffic"
)

// Without a color a Service selects the pods of both Deployments, and no selector says
// not blue. So that the colored ones leave traffic before they are deleted, and not by it, the
// Service selects one pod template meanwhile. A rollout would then take all its pods away:
// the Deployment is paused as long.

// holdStep pauses the Deployment that stays.
func (a App) holdStep(live color.Color) step {
	return step{
		title: fmt.Sprintf("Deployment %s is paused, so that no rollout replaces its pods meanwhile", a.Name),
		done: func(now *state) bool {
			return now.sides[live] == nil || now.plain != nil && now.plain.Spec.Paused && complete(now.plain)
		},
		do: func(ctx context.Context, now *state) error {
			if now.plain == nil {
				return errors.New(unready(nil, a.Name))
			}
			before := client.MergeFrom(now.plain.DeepCopy())
			now.plain.Spec.Paused = true
			return a.Client.Patch(ctx, now.plain, before, client.FieldOwner(manager))
		},
		waiting: func(now *state) string { return unready(now.plain, a.Name) },
	}
}

// held says that a Deployment is paused, and by this program.
func held(d *appsv1.Deployment) bool {
	if d == nil || !d.Spec.Paused {
		return false
	}
	for _, entry := range d.ManagedFields {
		if entry.Manager == manager && entry.FieldsV1 != nil && bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:paused"`)) {
			return true
		}
	}
	return false
}

// narrowStep takes the colored pods out of traffic.
func (a App) narrowStep(first *state, live color.Color, options Options) step {
	return step{
		title: fmt.Sprintf("Service %s selects the pods of %s alone, by their %s", names(first.services), a.Name, traffic.TemplateHash),
		done:  func(now *state) bool { return now.sides[live] == nil || now.narrowed() && now.alone() },
		do:    func(ctx context.Context, now *state) error { return a.narrow(ctx, now, options) },
		waiting: func(*state) string {
			return "the EndpointSlices still name pods that have a color"
		},
	}
}

func (a App) narrow(ctx context.Context, now *state, options Options) error {
	switch {
	case now.plain == nil || !now.plain.Spec.Paused || !complete(now.plain):
		return fmt.Errorf("Deployment %s is being rolled out", a.Name) //nolint:staticcheck // a name
	case !now.served() && !slices.ContainsFunc(now.services, isNarrow):
		return errors.New(a.unserving(now))
	}
	for _, service := range now.services {
		hash := now.behind[service.Name].hash()
		if hash == "" {
			return fmt.Errorf("the pods without a color behind Service %s are not of one template", service.Name)
		}
		if service.Spec.Selector[traffic.TemplateHash] == hash {
			continue
		}
		wanted := maps.Clone(service.Spec.Selector)
		wanted[traffic.TemplateHash] = hash
		if err := a.settle(ctx, service, wanted, traffic.Narrow(ctx, a.Client, service, hash, glass(now, options))); err != nil {
			return err
		}
	}
	return nil
}

// hash is that of the only template of the pods without a color, empty for none.
func (b *behind) hash() string {
	if len(b.hashes) != 1 {
		return ""
	}
	for hash := range b.hashes {
		return hash
	}
	return ""
}

// narrowed says that each Service asks for the template of the pods without a color.
func (s *state) narrowed() bool {
	for _, service := range s.services {
		hash, narrow := service.Spec.Selector[traffic.TemplateHash]
		if !narrow || hash != s.behind[service.Name].hash() {
			return false
		}
	}
	return len(s.services) > 0
}

// goneStep waits for pods with a color where an earlier run has deleted what made them: a
// Service that asks for no template again would reach them.
func (a App) goneStep() step {
	left := func(now *state) int { return now.pods(color.Blue) + now.pods(color.Green) }
	return step{
		title:   "no pod with a color is left",
		done:    func(now *state) bool { return left(now) == 0 },
		do:      func(context.Context, *state) error { return nil },
		waiting: func(now *state) string { return fmt.Sprintf("%d run on", left(now)) },
	}
}

// widenStep takes both back.
func (a App) widenStep(options Options) step {
	return step{
		title: "the Services select as before, and no Deployment is paused",
		done: func(now *state) bool {
			for _, service := range now.services {
				if isNarrow(service) {
					return false
				}
			}
			return !held(now.plain)
		},
		do: func(ctx context.Context, now *state) error {
			for _, service := range now.services {
				if !isNarrow(service) {
					continue
				}
				if err := a.settle(ctx, service, widened(service).Spec.Selector, traffic.Widen(ctx, a.Client, service, glass(now, options))); err != nil {
					return err
				}
			}
			if !held(now.plain) {
				return nil
			}
			before := client.MergeFrom(now.plain.DeepCopy())
			now.plain.Spec.Paused = false
			return a.Client.Patch(ctx, now.plain, before, client.FieldOwner(manager))
		},
	}
}
