package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/color"
)

// Release is one attempt to bring a version live. Times have microseconds: the length of
// a switch is worked out from them.
type Release struct {
	// Name is that of the BlueGreen with a number that only grows.
	// +required
	Name string `json:"name"`
	// From is the color that was live when it began.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	From color.Color `json:"from,omitempty"`
	// FromVersion is the version label of From.
	// +optional
	FromVersion string `json:"fromVersion,omitempty"`
	// To is the color to bring live.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	To color.Color `json:"to,omitempty"`
	// Version is the version label of To.
	// +optional
	Version string `json:"version,omitempty"`
	// Deployers are the users who last changed the pod templates of To.
	// +optional
	// +listType=atomic
	Deployers []string `json:"deployers,omitempty"`
	// Spec is the one that the release works from.
	// +optional
	Spec *BlueGreenSpec `json:"spec,omitempty"`
	// Deployments of both colors, as far as the release has to do with them.
	// +optional
	// +listType=map
	// +listMapKey=name
	Deployments []ReleaseDeployment `json:"deployments,omitempty"`
	// Services are those to move, from the moment when the switch is decided.
	// +optional
	// +listType=map
	// +listMapKey=name
	Services []ReleaseService `json:"services,omitempty"`
	// Jobs are the runs of this release.
	// +optional
	// +listType=map
	// +listMapKey=stage
	// +listMapKey=name
	Jobs []JobStatus `json:"jobs,omitempty"`
	// Checks are the ticked items of the checklists.
	// +optional
	// +listType=map
	// +listMapKey=stage
	// +listMapKey=name
	Checks []CheckStatus `json:"checks,omitempty"`
	// Decisions are those that were seen, and whether they count.
	// +optional
	// +listType=map
	// +listMapKey=name
	Decisions []DecisionStatus `json:"decisions,omitempty"`
	// DecidedBy are those whose Go let it switch.
	// +optional
	// +listType=atomic
	DecidedBy []string `json:"decidedBy,omitempty"`
	// Signals with what was measured last.
	// +optional
	// +listType=map
	// +listMapKey=name
	Signals []SignalStatus `json:"signals,omitempty"`
	// Phases are those that it went through, oldest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Phases []PhaseTime `json:"phases,omitempty"`
	// StartTime is when it began.
	// +optional
	StartTime metav1.MicroTime `json:"startTime,omitzero"`
	// RevisedTime is when what it stands for last changed. What was verified and decided
	// before does not count.
	// +optional
	RevisedTime metav1.MicroTime `json:"revisedTime,omitzero"`
	// PhaseTime is when the present phase began, later by the time that it was paused.
	// +optional
	PhaseTime metav1.MicroTime `json:"phaseTime,omitzero"`
	// MoveTime is when the intent to move the Services was written down, before any was.
	// +optional
	MoveTime metav1.MicroTime `json:"moveTime,omitzero"`
	// EndpointsSwitchedTime is when all endpoints of all Services were of the new color.
	// +optional
	EndpointsSwitchedTime metav1.MicroTime `json:"endpointsSwitchedTime,omitzero"`
	// EndpointsRestoredTime is when they were of the old color again.
	// +optional
	EndpointsRestoredTime metav1.MicroTime `json:"endpointsRestoredTime,omitzero"`
	// RetireColor is the color to retire.
	// +optional
	// +kubebuilder:validation:Enum=blue;green
	RetireColor color.Color `json:"retireColor,omitempty"`
	// RetireOrdered says that the intent to retire it was written down. From then on there
	// is no way back but a release in the other direction.
	// +optional
	RetireOrdered bool `json:"retireOrdered,omitempty"`
	// Outcome is how it ended; absent while it runs.
	// +optional
	Outcome Outcome `json:"outcome,omitempty"`
	// Reason of the outcome, or of a rollback under way, in one word.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message about it, for a person.
	// +optional
	Message string `json:"message,omitempty"`
	// EndTime is when it ended.
	// +optional
	EndTime metav1.MicroTime `json:"endTime,omitzero"`
}

// ReleaseDeployment is what a release keeps of a Deployment.
type ReleaseDeployment struct {
	// Name of the Deployment.
	// +required
	Name string `json:"name"`
	// Revision is the pod-template-hash that the release stands for; absent on the color
	// that was live.
	// +optional
	Revision *string `json:"revision,omitempty"`
	// Size is how many replicas it had when the switch was decided.
	// +optional
	Size *int32 `json:"size,omitempty"`
	// Restarts is how often its containers had restarted then.
	// +optional
	Restarts *int32 `json:"restarts,omitempty"`
	// Order is what is about to happen to it, written down before it does.
	// +optional
	Order *DeploymentOrder `json:"order,omitempty"`
}

// DeploymentOrder is to set replicas, or to retire. It is spent once the Deployment has
// another generation.
type DeploymentOrder struct {
	// Replicas to set; 0 is to retire it.
	// +required
	Replicas int32 `json:"replicas"`
	// UID of the Deployment that is meant.
	// +optional
	UID string `json:"uid,omitempty"`
	// Generation that it had when the order was written.
	// +optional
	Generation int64 `json:"generation,omitempty"`
}

// ReleaseService is what a release keeps of a Service.
type ReleaseService struct {
	// Name of the Service.
	// +required
	Name string `json:"name"`
	// Need is how many ready endpoints it had when the switch was decided.
	// +optional
	Need *int32 `json:"need,omitempty"`
}

// PhaseTime is when a phase began.
type PhaseTime struct {
	// Phase that began.
	// +required
	Phase Phase `json:"phase"`
	// StartTime is when.
	// +required
	StartTime metav1.MicroTime `json:"startTime"`
}
