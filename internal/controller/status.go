package controller

import (
	"maps"
	"slices"
	"strconv"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// writeState puts a state into a status. What the state does not know stays: conditions,
// results of jobs, measured values.
func writeState(status *v1alpha1.BlueGreenStatus, state *release.State, spec *v1alpha1.BlueGreenSpec) {
	entered := status.Phase != v1alpha1.Phase(state.Phase)
	status.Phase = v1alpha1.Phase(state.Phase)
	status.LiveColor, status.PreviousColor, status.LiveVersion = state.Live, state.Previous, state.LiveVersion
	status.SettledVersion, status.HandledRequest = state.Settled, state.Handled
	status.PausedTime, status.LastNumber = micro(state.PausedSince), state.Number
	status.History = nil
	for i := range state.History {
		s := &state.History[i]
		status.History = append(status.History, v1alpha1.ReleaseSummary{
			Name: s.Name, From: s.From, To: s.To, Version: s.Version,
			Outcome: v1alpha1.Outcome(s.Outcome), Reason: s.Reason, Message: s.Message, DecidedBy: s.DecidedBy,
			StartTime: micro(s.Started), EndpointsSwitchedTime: micro(s.Moved), EndpointsRestoredTime: micro(s.Left), EndTime: micro(s.Ended),
		})
	}
	status.Release = writeRelease(status.Release, state.Release, spec)
	if r := status.Release; r != nil && (entered || len(r.Phases) == 0) && len(r.Phases) < maxPhases {
		r.Phases = append(r.Phases, v1alpha1.PhaseTime{Phase: status.Phase, StartTime: r.PhaseTime})
	}
}

// writeRelease puts a release into a status. One of a new name begins anew, with the spec
// of this moment.
func writeRelease(old *v1alpha1.Release, r *release.Release, spec *v1alpha1.BlueGreenSpec) *v1alpha1.Release {
	if r == nil {
		return nil
	}
	status := old
	if old == nil || old.Name != r.Name {
		status = &v1alpha1.Release{Name: r.Name, Spec: spec.DeepCopy()}
		for _, signal := range spec.Watch.Signals {
			status.Signals = append(status.Signals, v1alpha1.SignalStatus{Name: signal.Name})
		}
	}
	status.From, status.To, status.FromVersion, status.Version = r.From, r.To, r.FromVersion, r.Version
	status.Deployers, status.DecidedBy = r.Deployers, r.DecidedBy
	status.StartTime, status.RevisedTime, status.PhaseTime = micro(r.Started), micro(r.Revised), micro(r.Since)
	status.MoveTime, status.EndpointsSwitchedTime, status.EndpointsRestoredTime = micro(r.Moving), micro(r.Moved), micro(r.Left)
	status.RetireColor, status.RetireOrdered = r.Retire, r.Retired
	status.Outcome, status.Reason, status.Message, status.EndTime = v1alpha1.Outcome(r.Outcome), r.Reason, r.Message, micro(r.Ended)
	status.Deployments = writeDeployments(r)
	status.Services = writeServices(r)
	for i := range status.Signals {
		if value, measured := r.Baseline[status.Signals[i].Name]; measured {
			status.Signals[i].Baseline = strconv.FormatFloat(value, 'g', -1, 64)
		}
	}
	return status
}

func writeDeployments(r *release.Release) []v1alpha1.ReleaseDeployment {
	known := map[string]bool{}
	for _, keys := range [][]string{
		slices.Collect(maps.Keys(r.Revisions)), slices.Collect(maps.Keys(r.Orders)),
		slices.Collect(maps.Keys(r.Size)), slices.Collect(maps.Keys(r.Restarts)),
	} {
		for _, name := range keys {
			known[name] = true
		}
	}
	var list []v1alpha1.ReleaseDeployment
	for _, name := range slices.Sorted(maps.Keys(known)) {
		d := v1alpha1.ReleaseDeployment{
			Name: name, Revision: pick(r.Revisions, name), Size: pick(r.Size, name), Restarts: pick(r.Restarts, name),
		}
		if order := pick(r.Orders, name); order != nil {
			d.Order = &v1alpha1.DeploymentOrder{Replicas: order.Replicas, UID: order.UID, Generation: order.Generation}
		}
		list = append(list, d)
	}
	return list
}

func writeServices(r *release.Release) []v1alpha1.ReleaseService {
	var list []v1alpha1.ReleaseService
	for _, name := range slices.Sorted(maps.Keys(r.Need)) {
		list = append(list, v1alpha1.ReleaseService{Name: name, Need: pick(r.Need, name)})
	}
	return list
}

// pick is a value of a map, nil if there is none.
func pick[V any](m map[string]V, key string) *V {
	if value, there := m[key]; there {
		return &value
	}
	return nil
}

// maxPhases is how many changes of phase a release remembers; a release that goes through
// more has been deployed again and again.
const maxPhases = 64
