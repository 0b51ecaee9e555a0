package release

import (
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// Observation is the world as one reconcile saw it. What decides about traffic was read live.
type Observation struct {
	// Name is the BlueGreen's; releases are named after it. Namespace is where it lives.
	Name, Namespace string
	Spec            Spec
	State           State
	// Highest is the highest number of a release that anything in the cluster still names: a
	// lost status must not give a name twice.
	Highest int64
	// Requested is the request for a release that the BlueGreen carries, or "".
	Requested string
	// Paused stops everything but rollback: spec.paused, or the cluster-wide freeze.
	Paused bool
	// Services are those of the spec, in its order; a missing one has no color and no pods.
	Services []Service
	// Deployments of both colors.
	Deployments []Deployment
	Decisions   []Decision
	// Crowded says that there are more Decisions than these: a NoGo may be among them.
	Crowded bool
	// Jobs are the runs of the present release.
	Jobs map[JobKey]Job
	// Samples are measured values, by signal; without data there is none, or one with Trouble.
	Samples map[string]Sample
	// OldTraffic is the measured traffic of the color to retire, nil if nothing measures it.
	OldTraffic *Sample
}

// Service is one that the release moves.
type Service struct {
	Name string
	// Color is what its selector pins: "" if it pins none or does not exist.
	Color color.Color
	// Ready are the ready, non-terminating pods that it would select of each color.
	Ready map[color.Color]int
	// Serving are the ready endpoints in its slices, by the color of their pods; those of
	// no known pod count as color "".
	Serving map[color.Color]int
	// Unfit says what else keeps a color from carrying its traffic, by color: ports,
	// address families, nodes that would have no pod.
	Unfit map[color.Color][]string
	// Preview is the Service that shows the idle color, nil if there is none.
	Preview *Preview
}

// Preview is a Service that follows the idle color.
type Preview struct {
	Name string
	// Missing says that there is no such Service.
	Missing bool
	Color   color.Color
	// Serving as in Service.
	Serving map[color.Color]int
}

// Deployment is one of the pair.
type Deployment struct {
	// Name is the object's, Base the part that its counterpart of the other color shares.
	Name, Base string
	Color      color.Color
	Version    string
	// Revision is the pod-template-hash of what its spec asks for.
	Revision string
	// Deployer is the user who last changed its pod template, or "".
	Deployer string
	// UID and Generation are the object's.
	UID            string
	Generation     int64
	Desired, Ready int32
	// Incomplete says in words what keeps its rollout from being done; "" if it is.
	Incomplete string
	// Autoscaler is the HorizontalPodAutoscaler that owns its replicas, or "".
	Autoscaler string
	// Crashing are its pods in CrashLoopBackOff, Restarts those of its containers in all.
	Crashing []string
	Restarts int32
}

// Verdict is what a person decided.
type Verdict string

// The verdicts.
const (
	Go       Verdict = "Go"
	NoGo     Verdict = "NoGo"
	Rollback Verdict = "Rollback"
	Checked  Verdict = "Checked"
)

// Decision is a person's word on one release.
type Decision struct {
	// Name is the object's.
	Name    string
	Release string
	Verdict Verdict
	// Item is the checklist's, for Checked.
	Item, By, Reason string
	At               time.Time
}

// Stage says when in a release a job runs.
type Stage string

// The stages.
const (
	StageVerify Stage = "verify"
	StageBefore Stage = "before-switch"
	StageAfter  Stage = "after-switch"
	StageWatch  Stage = "watch"
)

// JobKey names one run of a job.
type JobKey struct {
	Stage Stage
	Name  string
}

// Job is the run of a job as far as it got. The zero value runs.
type Job struct {
	Succeeded, Failed bool
	// Message is the end of what a failed one had to say.
	Message string
	// Began and Ended are for the report, zero while it has not.
	Began, Ended time.Time
}

// Sample is one measured value.
type Sample struct {
	Value float64
	// Samples is how many it was made from, negative if nobody counts them.
	Samples float64
	// Trouble says why there is no value; "" if there is one.
	Trouble string
}

// on returns the Deployments of a color.
func (o *Observation) on(c color.Color) []Deployment {
	var found []Deployment
	for _, deployment := range o.Deployments {
		if deployment.Color == c {
			found = append(found, deployment)
		}
	}
	return found
}

// counterpart finds the Deployment of the other color that belongs to one.
func (o *Observation) counterpart(of *Deployment) *Deployment {
	for i := range o.Deployments {
		if d := &o.Deployments[i]; d.Base == of.Base && d.Color == of.Color.Other() {
			return d
		}
	}
	return nil
}
