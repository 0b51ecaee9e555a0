package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Stage says when in a release a job runs or an item is checked.
//
// +kubebuilder:validation:Enum=verify;before-switch;after-switch;watch
type Stage string

// The stages.
const (
	StageVerify       Stage = "verify"
	StageBeforeSwitch Stage = "before-switch"
	StageAfterSwitch  Stage = "after-switch"
	StageWatch        Stage = "watch"
)

// JobState is how far a job got.
//
// +kubebuilder:validation:Enum=Running;Succeeded;Failed
type JobState string

// The states.
const (
	JobRunning   JobState = "Running"
	JobSucceeded JobState = "Succeeded"
	JobFailed    JobState = "Failed"
)

// JobStatus is one run of a job.
type JobStatus struct {
	// Stage in which it runs.
	// +required
	Stage Stage `json:"stage"`
	// Name of the run in the spec.
	// +required
	Name string `json:"name"`
	// Job is the name of the Job object.
	// +optional
	Job string `json:"job,omitempty"`
	// State is how far it got.
	// +optional
	State JobState `json:"state,omitempty"`
	// Message is the end of what a failed one had to say.
	// +optional
	Message string `json:"message,omitempty"`
	// StartTime is when it began.
	// +optional
	StartTime metav1.MicroTime `json:"startTime,omitzero"`
	// EndTime is when it ended.
	// +optional
	EndTime metav1.MicroTime `json:"endTime,omitzero"`
}

// CheckStatus is a ticked item of a checklist.
type CheckStatus struct {
	// Stage whose checklist has the item: verify or watch.
	// +required
	Stage Stage `json:"stage"`
	// Name of the item.
	// +required
	Name string `json:"name"`
	// By is who ticked it.
	// +optional
	By string `json:"by,omitempty"`
	// Time is when.
	// +optional
	Time metav1.MicroTime `json:"time,omitzero"`
}

// DecisionStatus is a Decision that was seen.
type DecisionStatus struct {
	// Name of the Decision.
	// +required
	Name string `json:"name"`
	// Verdict is what it says.
	// +optional
	Verdict Verdict `json:"verdict,omitempty"`
	// By is who decided.
	// +optional
	By string `json:"by,omitempty"`
	// Reason that was given.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Time is when.
	// +optional
	Time metav1.MicroTime `json:"time,omitzero"`
	// Discounted says why it does not count; absent if it does.
	// +optional
	Discounted string `json:"discounted,omitempty"`
}

// SignalOutcome is what a measurement says. No data is never a success.
//
// +kubebuilder:validation:Enum=Pass;Fail;NoData
type SignalOutcome string

// The outcomes.
const (
	SignalPass   SignalOutcome = "Pass"
	SignalFail   SignalOutcome = "Fail"
	SignalNoData SignalOutcome = "NoData"
)

// SignalStatus is what was measured. Values are decimal numbers.
type SignalStatus struct {
	// Name of the signal.
	// +required
	Name string `json:"name"`
	// Baseline is the value from before the switch, where there was data.
	// +optional
	Baseline string `json:"baseline,omitempty"`
	// Outcome of the last measurement.
	// +optional
	Outcome SignalOutcome `json:"outcome,omitempty"`
	// Value that was measured last.
	// +optional
	Value string `json:"value,omitempty"`
	// Samples that it was made from, where somebody counts them.
	// +optional
	Samples string `json:"samples,omitempty"`
	// Message says why there is no value, or which limit it breaks.
	// +optional
	Message string `json:"message,omitempty"`
}
