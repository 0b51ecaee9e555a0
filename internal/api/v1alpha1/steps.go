package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Deploy is about bringing up the idle color.
type Deploy struct {
	// Deadline is how long the idle color may take to be complete: 1s to 168h.
	// +optional
	// +kubebuilder:default="30m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('168h')",message="between 1s and 168h"
	Deadline metav1.Duration `json:"deadline,omitzero"`
}

// Verify is what must pass before anybody is asked.
type Verify struct {
	// Jobs run against the preview Services, one after the other.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Jobs []Job `json:"jobs,omitempty"`
	// Checklist is ticked by people, each item by a Decision Checked.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Checklist []Check `json:"checklist,omitempty"`
	// Deadline is how long jobs and checklist may take together: 1s to 168h.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('168h')",message="between 1s and 168h"
	Deadline metav1.Duration `json:"deadline,omitzero"`
}

// Job is a run of what a suspended CronJob describes.
type Job struct {
	// Name of the run, in reports.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// CronJobRef is the template. It gets PREVIEW_URL, COLOR, VERSION and RELEASE as
	// environment variables.
	// +required
	CronJobRef CronJobReference `json:"cronJobRef"`
}

// CronJobReference names a CronJob of the same namespace.
type CronJobReference struct {
	// Name of the CronJob. It should be suspended.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Check is one item of a checklist.
type Check struct {
	// Name of the item, as people tick it.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// Description says what to look at.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Description string `json:"description,omitempty"`
}

// ApprovalPolicy says whether people are asked.
//
// +kubebuilder:validation:Enum=Required;Automatic
type ApprovalPolicy string

// The policies.
const (
	// ApprovalRequired waits for Decisions.
	ApprovalRequired ApprovalPolicy = "Required"
	// ApprovalAutomatic switches once all is verified. A NoGo still stops.
	ApprovalAutomatic ApprovalPolicy = "Automatic"
)

// Separation says who may not decide.
//
// +kubebuilder:validation:Enum=DeployerMayNotDecide;None
type Separation string

// The separations.
const (
	// SeparationDeployer keeps who deployed, and ServiceAccounts of the namespace, from deciding.
	SeparationDeployer Separation = "DeployerMayNotDecide"
	// SeparationNone lets everybody decide who has the right to.
	SeparationNone Separation = "None"
)

// Approval is who must say Go.
type Approval struct {
	// Policy is Required, or Automatic to ask nobody.
	// +optional
	// +kubebuilder:default=Required
	Policy ApprovalPolicy `json:"policy,omitempty"`
	// Separation is DeployerMayNotDecide, or None.
	// +optional
	// +kubebuilder:default=DeployerMayNotDecide
	Separation Separation `json:"separation,omitempty"`
	// Approvals is how many people must say Go.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	Approvals int32 `json:"approvals,omitempty"`
	// ValidFor is how long a Go counts, and how long a release waits for one: 1s to 168h.
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('168h')",message="between 1s and 168h"
	ValidFor metav1.Duration `json:"validFor,omitzero"`
}

// Hooks run around the switch: for registration centres, consumers, caches.
type Hooks struct {
	// BeforeSwitch run one after the other before the first Service moves. Where one
	// fails nothing is moved.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	BeforeSwitch []Job `json:"beforeSwitch,omitempty"`
	// AfterSwitch run one after the other once all Services have moved. One that fails
	// counts as a failed signal.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	AfterSwitch []Job `json:"afterSwitch,omitempty"`
}

// RollbackPolicy says who decides about going back.
//
// +kubebuilder:validation:Enum=Automatic;Manual
type RollbackPolicy string

// The policies.
const (
	// RollbackAutomatic goes back when a signal or a job fails, or pods do.
	RollbackAutomatic RollbackPolicy = "Automatic"
	// RollbackManual only tells that somebody should.
	RollbackManual RollbackPolicy = "Manual"
)

// Rollback is about going back.
type Rollback struct {
	// Policy is Automatic, or Manual to leave it to a Decision Rollback.
	// +optional
	// +kubebuilder:default=Automatic
	Policy RollbackPolicy `json:"policy,omitempty"`
}

// RetireAction is what becomes of the old color.
//
// +kubebuilder:validation:Enum=ScaleToZero;Delete;Keep
type RetireAction string

// The actions.
const (
	// RetireScaleToZero sets the replicas to zero, once.
	RetireScaleToZero RetireAction = "ScaleToZero"
	// RetireDelete deletes the Deployments.
	RetireDelete RetireAction = "Delete"
	// RetireKeep leaves them as they are.
	RetireKeep RetireAction = "Keep"
)

// Retire is what becomes of the color that is not needed any more.
type Retire struct {
	// After is how long the old color stays once the watch has ended, to go back to: 0s
	// to 720h.
	// +optional
	// +kubebuilder:default="30m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('720h')",message="at most 720h"
	After metav1.Duration `json:"after"`
	// Action is ScaleToZero, Delete or Keep.
	// +optional
	// +kubebuilder:default=ScaleToZero
	Action RetireAction `json:"action,omitempty"`
	// Traffic measures the requests to the old color. Where it is given they must be at
	// zero before the color is retired.
	// +optional
	Traffic *PrometheusQuery `json:"traffic,omitempty"`
}
