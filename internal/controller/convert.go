package controller

import (
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// specOf is what a BlueGreen asks for, as a release knows it. The API server has filled in
// the defaults and checked the numbers.
func specOf(spec *v1alpha1.BlueGreenSpec) release.Spec {
	return release.Spec{
		DeployDeadline: spec.Deploy.Deadline.Duration,
		Verify: release.Verify{
			Jobs: names(spec.Verify.Jobs), Checklist: items(spec.Verify.Checklist),
			Deadline: spec.Verify.Deadline.Duration,
		},
		Approval: release.Approval{
			Automatic:  spec.Approval.Policy == v1alpha1.ApprovalAutomatic,
			Separation: spec.Approval.Separation != v1alpha1.SeparationNone,
			Approvals:  int(spec.Approval.Approvals),
			ValidFor:   spec.Approval.ValidFor.Duration,
		},
		Before: names(spec.Hooks.BeforeSwitch), After: names(spec.Hooks.AfterSwitch),
		Watch: release.Watch{
			Duration: spec.Watch.Duration.Duration, Interval: spec.Watch.Interval.Duration,
			Jobs: names(spec.Watch.Jobs), Checklist: items(spec.Watch.Checklist), Signals: signalsOf(spec.Watch.Signals),
		},
		ManualRollback: spec.Rollback.Policy == v1alpha1.RollbackManual,
		Retire: release.Retire{
			After:  spec.Retire.After.Duration,
			Delete: spec.Retire.Action == v1alpha1.RetireDelete, Keep: spec.Retire.Action == v1alpha1.RetireKeep,
			Evidence: spec.Retire.Traffic != nil,
		},
	}
}

func names(jobs []v1alpha1.Job) []string {
	var list []string
	for _, job := range jobs {
		list = append(list, job.Name)
	}
	return list
}

func items(checklist []v1alpha1.Check) []string {
	var list []string
	for _, check := range checklist {
		list = append(list, check.Name)
	}
	return list
}

func signalsOf(signals []v1alpha1.Signal) []release.Signal {
	var list []release.Signal
	for i := range signals {
		signal := release.Signal{Name: signals[i].Name, MinSamples: float64(signals[i].MinSamples), Max: limit(signals[i].Max)}
		if percent := signals[i].MaxIncreasePercent; percent != nil {
			increase := float64(*percent)
			signal.Increase = &increase
		}
		list = append(list, signal)
	}
	return list
}

// limit reads 0.5, and 1% as 0.01. The CRD lets nothing else pass.
func limit(text string) *float64 {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return nil
	}
	if percent {
		value /= 100
	}
	return &value
}

// stateOf is what the status of a BlueGreen remembers.
func stateOf(status *v1alpha1.BlueGreenStatus) release.State {
	state := release.State{
		Phase: release.Phase(status.Phase),
		Live:  status.LiveColor, Previous: status.PreviousColor, LiveVersion: status.LiveVersion,
		Settled: status.SettledVersion, Handled: status.HandledRequest,
		PausedSince: status.PausedTime.Time, Number: status.LastNumber,
		Release: releaseOf(status.Release),
	}
	for i := range status.History {
		s := &status.History[i]
		state.History = append(state.History, release.Summary{
			Name: s.Name, From: s.From, To: s.To, Version: s.Version,
			Outcome: release.Outcome(s.Outcome), Reason: s.Reason, Message: s.Message, DecidedBy: s.DecidedBy,
			Started: s.StartTime.Time, Moved: s.EndpointsSwitchedTime.Time, Left: s.EndpointsRestoredTime.Time, Ended: s.EndTime.Time,
		})
	}
	return state
}

func releaseOf(status *v1alpha1.Release) *release.Release {
	if status == nil {
		return nil
	}
	r := &release.Release{
		Name: status.Name, From: status.From, To: status.To,
		FromVersion: status.FromVersion, Version: status.Version, Deployers: status.Deployers,
		Revisions: map[string]string{}, Started: status.StartTime.Time, Revised: status.RevisedTime.Time, Since: status.PhaseTime.Time,
		Moving: status.MoveTime.Time, Moved: status.EndpointsSwitchedTime.Time, Left: status.EndpointsRestoredTime.Time,
		DecidedBy: status.DecidedBy, Retire: status.RetireColor, Retired: status.RetireOrdered,
		Outcome: release.Outcome(status.Outcome), Reason: status.Reason, Message: status.Message, Ended: status.EndTime.Time,
	}
	if status.Spec != nil {
		r.Spec = specOf(status.Spec)
	}
	for i := range status.Deployments {
		d := &status.Deployments[i]
		if d.Revision != nil {
			r.Revisions[d.Name] = *d.Revision
		}
		if d.Order != nil {
			put(&r.Orders, d.Name, release.Order{Replicas: d.Order.Replicas, UID: d.Order.UID, Generation: d.Order.Generation})
		}
		if d.Size != nil {
			put(&r.Size, d.Name, *d.Size)
		}
		if d.Restarts != nil {
			put(&r.Restarts, d.Name, *d.Restarts)
		}
	}
	for i := range status.Services {
		if s := &status.Services[i]; s.Need != nil {
			put(&r.Need, s.Name, *s.Need)
		}
	}
	for i := range status.Signals {
		if value, err := strconv.ParseFloat(status.Signals[i].Baseline, 64); err == nil {
			put(&r.Baseline, status.Signals[i].Name, value)
		}
	}
	return r
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

// micro is a time as a status has it: nothing finer than microseconds comes back.
func micro(t time.Time) metav1.MicroTime { return metav1.NewMicroTime(t) }
