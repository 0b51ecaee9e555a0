package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/color"
)

// Phase is where a release is, for people. The conditions are for machines.
//
// +kubebuilder:validation:Enum=Idle;Deploying;Verifying;AwaitingDecision;Switching;Watching;Retiring;RollingBack
type Phase string

// The phases.
const (
	PhaseIdle             Phase = "Idle"
	PhaseDeploying        Phase = "Deploying"
	PhaseVerifying        Phase = "Verifying"
	PhaseAwaitingDecision Phase = "AwaitingDecision"
	PhaseSwitching        Phase = "Switching"
	PhaseWatching         Phase = "Watching"
	PhaseRetiring         Phase = "Retiring"
	PhaseRollingBack      Phase = "RollingBack"
)

// Outcome is how a release ended.
//
// +kubebuilder:validation:Enum=Succeeded;RolledBack;Aborted;Superseded
type Outcome string

// The outcomes.
const (
	OutcomeSucceeded  Outcome = "Succeeded"
	OutcomeRolledBack Outcome = "RolledBack"
	OutcomeAborted    Outcome = "Aborted"
	OutcomeSuperseded Outcome = "Superseded"
)

// BlueGreenStatus is what tealgate remembers between two looks. Without it a release
// cannot go on: what is there is then taken for settled.
type BlueGreenStatus struct {
	// ObservedGeneration is the generation of the spec that was looked at last.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Conditions are the truth about the BlueGreen; see their types.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Phase is where the release is.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// Waiting says what the release waits for.
	// +optional
	Waiting *Waiting `json:"waiting,omitempty"`
	// LiveColor carries the traffic.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	LiveColor color.Color `json:"liveColor,omitempty"`
	// LiveVersion is the version label of its pods.
	// +optional
	LiveVersion string `json:"liveVersion,omitempty"`
	// PreviousColor carried the traffic before the last switch.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	PreviousColor color.Color `json:"previousColor,omitempty"`
	// SettledVersion is the version on the idle color that begins no release by itself: it
	// was retired, was aborted, or stood there before anybody looked.
	// +optional
	SettledVersion string `json:"settledVersion,omitempty"`
	// HandledRequest is the annotation tealgate.dev/release-requested that was taken up last.
	// +optional
	HandledRequest string `json:"handledRequest,omitempty"`
	// PausedTime is when a pause or a freeze was first seen, while there is one.
	// +optional
	PausedTime metav1.MicroTime `json:"pausedTime,omitzero"`
	// LastNumber is that of the newest release. It only grows.
	// +optional
	LastNumber int64 `json:"lastNumber,omitempty"`
	// Release is the one that runs or, once it has an outcome, the last.
	// +optional
	Release *Release `json:"release,omitempty"`
	// History are the releases before, newest first, at most 10.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	History []ReleaseSummary `json:"history,omitempty"`
	// Notifications are what somebody is still to be told of, oldest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Notifications []Notification `json:"notifications,omitempty"`
}

// Notification is an event that somebody is still to be told of. It is written down
// together with what it tells of.
type Notification struct {
	// Release that it is about.
	// +required
	Release string `json:"release"`
	// Event is Started, DecisionNeeded, Switched, RolledBack or Finished.
	// +required
	Event string `json:"event"`
	// Time is when it happened.
	// +required
	Time metav1.MicroTime `json:"time"`
	// Phase that it led to.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// Message about it, for a person.
	// +optional
	Message string `json:"message,omitempty"`
	// Targets are the names, in the settings, of those who do not know yet.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Targets []string `json:"targets"`
}

// Waiting is what a release waits for.
type Waiting struct {
	// Reason in one word.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message for a person.
	// +optional
	Message string `json:"message,omitempty"`
	// UntilTime is when it stops waiting; absent, it waits for ever.
	// +optional
	UntilTime metav1.MicroTime `json:"untilTime,omitzero"`
	// Stalled says that it takes a person to go on.
	// +optional
	Stalled bool `json:"stalled,omitempty"`
}

// ReleaseSummary is what is kept of a release that has ended.
type ReleaseSummary struct {
	// Name of the release.
	// +required
	Name string `json:"name"`
	// From is the color that was live.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	From color.Color `json:"from,omitempty"`
	// To is the color that was released.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	To color.Color `json:"to,omitempty"`
	// Version that was released.
	// +optional
	Version string `json:"version,omitempty"`
	// Outcome is how it ended.
	// +optional
	Outcome Outcome `json:"outcome,omitempty"`
	// Reason of the outcome in one word.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message about the outcome, for a person.
	// +optional
	Message string `json:"message,omitempty"`
	// DecidedBy are those whose Go let it switch.
	// +optional
	// +listType=atomic
	DecidedBy []string `json:"decidedBy,omitempty"`
	// StartTime is when it began.
	// +optional
	StartTime metav1.MicroTime `json:"startTime,omitzero"`
	// EndpointsSwitchedTime is when all endpoints were of the new color.
	// +optional
	EndpointsSwitchedTime metav1.MicroTime `json:"endpointsSwitchedTime,omitzero"`
	// EndpointsRestoredTime is when they were of the old color again.
	// +optional
	EndpointsRestoredTime metav1.MicroTime `json:"endpointsRestoredTime,omitzero"`
	// EndTime is when it ended.
	// +optional
	EndTime metav1.MicroTime `json:"endTime,omitzero"`
}
