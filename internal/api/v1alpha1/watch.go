package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Watch is what must hold after the switch.
type Watch struct {
	// Duration is how long to look: 0s to 168h.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('168h')",message="at most 168h"
	Duration metav1.Duration `json:"duration"`
	// Interval is how often to look: 1s to 1h.
	// +optional
	// +kubebuilder:default="15s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}(h|m|ms)|[0-9]{1,7}(\.[0-9]{1,3})?s){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="between 1s and 1h"
	Interval metav1.Duration `json:"interval,omitzero"`
	// Jobs run against the live Services, one after the other.
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
	// Signals are measured at each interval.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Signals []Signal `json:"signals,omitempty"`
}

// Signal is a measured value with its limits. Without a limit it only has to have data.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minSamples) || self.minSamples == 0 || has(self.samplesQuery)",message="minSamples counts what samplesQuery returns: give both"
type Signal struct {
	// Name of the signal, as reports and messages call it.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	PrometheusQuery `json:",inline"`

	// Max is the highest value that passes: a number, such as 0.5, or percent, such as 1%
	// for 0.01.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[0-9]{1,15}(\.[0-9]{1,15})?%?$`
	Max string `json:"max,omitempty"`
	// MaxIncreasePercent is how much more than before the switch passes, in percent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxIncreasePercent *int32 `json:"maxIncreasePercent,omitempty"`
	// MinSamples is how many samples it takes to judge. With fewer there is not enough
	// data, which is no success.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MinSamples int64 `json:"minSamples,omitempty"`
	// SamplesQuery returns how many samples query was made from, such as requests.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	SamplesQuery string `json:"samplesQuery,omitempty"`
}

// PrometheusQuery asks a Prometheus for one value.
type PrometheusQuery struct {
	// Prometheus is the name of a server in the settings of tealgate.
	// +optional
	// +kubebuilder:default=main
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Prometheus string `json:"prometheus,omitempty"`
	// Query is PromQL that returns one value. In it {{.Namespace}}, {{.BlueGreen}},
	// {{.Service}}, {{.Release}}, {{.Color}} and {{.Version}} stand for those of the release;
	// nothing else of Go templates is understood.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Query string `json:"query"`
}
