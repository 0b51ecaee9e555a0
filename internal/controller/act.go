package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/traffic"
)

// act does what a plan says. Whatever it writes tests that the world still is as it was seen.
func (r *Releaser) act(ctx context.Context, s *sight, act release.Act) error {
	switch act := act.(type) {
	case release.Scale:
		return r.scale(ctx, s, act.Deployment, act.Replicas)
	case release.Run:
		return r.run(ctx, s, act.Job)
	case release.Show:
		return r.move(ctx, s, release.Move{Services: []string{act.Service}, To: act.To}, "")
	case release.Move:
		return r.move(ctx, s, act, recordOf(s.observed.State.Release, act))
	case release.Remove:
		return r.remove(ctx, s, act)
	default:
		return fmt.Errorf("no such act: %T", act)
	}
}

// move writes the selectors, one Service after the other. What fails on the way is seen by
// the next observation, which goes on or undoes. On the way back one that cannot be written
// keeps no other.
func (r *Releaser) move(ctx context.Context, s *sight, act release.Move, record string) error {
	back := s.observed.State.Phase == release.RollingBack
	var failed []error
	for _, name := range act.Services {
		err := r.moveOne(ctx, s, name, act.To, record)
		if err != nil && !back {
			return err
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (r *Releaser) moveOne(ctx context.Context, s *sight, name string, to color.Color, record string) error {
	service := s.services[name]
	if service == nil {
		return fmt.Errorf("there is no Service %s/%s", s.bg.Namespace, name)
	}
	return traffic.Move(ctx, r.client, service, to, record)
}

// recordOf is what the annotation tealgate.dev/switched says of a move.
func recordOf(r *release.Release, act release.Move) string {
	from, left, taken := r.From, r.FromVersion, r.Version
	if act.To == r.From {
		from, left, taken = r.To, r.Version, r.FromVersion
	}
	if left == "" || taken == "" {
		return ""
	}
	return fmt.Sprintf("from %s %s to %s %s", from, left, act.To, taken)
}

func (r *Releaser) scale(ctx context.Context, s *sight, name string, replicas int32) error {
	for i := range s.observed.Deployments {
		if d := &s.observed.Deployments[i]; d.Name == name {
			key := types.NamespacedName{Namespace: s.bg.Namespace, Name: name}
			return traffic.Scale(ctx, r.client, key, types.UID(d.UID), d.Generation, replicas)
		}
	}
	return fmt.Errorf("there is no Deployment %s/%s", s.bg.Namespace, name)
}

func (r *Releaser) remove(ctx context.Context, s *sight, act release.Remove) error {
	for _, name := range act.Deployments {
		if !act.Delete {
			if err := r.scale(ctx, s, name, 0); err != nil {
				return err
			}
			continue
		}
		order := s.observed.State.Release.Orders[name]
		uid := types.UID(order.UID)
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.bg.Namespace, Name: name}}
		err := r.client.Delete(ctx, deployment, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("retiring Deployment %s/%s: %w", s.bg.Namespace, name, err)
		}
	}
	return nil
}

// disown gives up what a crash, or another writer, between the two writes of a move or of a
// scaling has left to tealgate.
func (r *Releaser) disown(ctx context.Context, s *sight) error {
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		if err := traffic.Disown(ctx, r.client, s.services[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.deployments)) {
		if err := traffic.Disown(ctx, r.client, s.deployments[name]); err != nil {
			return err
		}
	}
	return nil
}

// run starts a job, with what its containers learn of the release.
func (r *Releaser) run(ctx context.Context, s *sight, key release.JobKey) error {
	status := s.bg.Status.Release
	owner, controlled := ownerOf(s.bg), true
	owner.Controller = &controlled
	order := &jobOrder{
		key: key, release: status.Name, owner: owner,
		env: map[string]string{
			"COLOR": string(status.To), "VERSION": status.Version, "RELEASE": status.Name, "PREVIEW_URL": previewURL(s, key.Stage),
		},
	}
	for _, job := range jobsByStage(status.Spec)[key.Stage] {
		if job.Name == key.Name {
			order.cronJob = job.CronJobRef.Name
		}
	}
	return startJob(ctx, r.live, r.client, s.bg.Namespace, order)
}

// previewURL is where the new color answers: the preview before the switch, the Service
// itself after it. The port is the first one.
func previewURL(s *sight, stage release.Stage) string {
	for _, pair := range s.bg.Status.Release.Spec.Services {
		name := pair.Name
		if before := stage == release.StageVerify || stage == release.StageBefore; before {
			if pair.Preview == nil {
				continue
			}
			name = pair.Preview.Name
		}
		if service := s.services[name]; service != nil && len(service.Spec.Ports) > 0 {
			return serviceURL(service)
		}
	}
	return ""
}
