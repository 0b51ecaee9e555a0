package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BlueGreen describes an application that stands there in two colors, and how a
// release of it goes. It works in namespaces in enforce only.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=bg,categories=tealgate
// +kubebuilder:printcolumn:name=Phase,type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name=Live,type=string,JSONPath=`.status.liveColor`
// +kubebuilder:printcolumn:name=Version,type=string,JSONPath=`.status.liveVersion`
// +kubebuilder:printcolumn:name=Release,type=string,JSONPath=`.status.release.name`
// +kubebuilder:printcolumn:name=Outcome,type=string,JSONPath=`.status.release.outcome`
// +kubebuilder:printcolumn:name=Ready,type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,priority=1
// +kubebuilder:printcolumn:name=Waiting,type=string,JSONPath=`.status.waiting.message`,priority=1
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.status.phase`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52",message="a name has at most 52 characters: the releases are named after it"
type BlueGreen struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// Spec is what people ask for.
	// +required
	Spec BlueGreenSpec `json:"spec"`
	// Status is what tealgate has seen and done. Only tealgate writes it.
	// +optional
	Status BlueGreenStatus `json:"status,omitzero"`
}

// BlueGreenList is a list of them.
//
// +kubebuilder:object:root=true
type BlueGreenList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []BlueGreen `json:"items"`
}

// BlueGreenSpec is the Services of the pair and the steps of a release. A release works
// from what stands here when it begins.
//
// +kubebuilder:validation:XValidation:rule="self.services.all(s, !has(s.preview) || self.services.all(t, t.name != s.preview.name))",message="a preview is a Service of its own, none of those that carry the traffic"
// +kubebuilder:validation:XValidation:rule="self.services.all(s, !has(s.preview) || self.services.exists_one(t, has(t.preview) && t.preview.name == s.preview.name))",message="each preview belongs to one Service"
type BlueGreenSpec struct {
	// Services carry the traffic. They are switched together and undone together. The
	// Deployments are those whose pods they select, without the color.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Services []ServicePair `json:"services"`
	// Deploy is about bringing up the idle color.
	// +optional
	// +kubebuilder:default={}
	Deploy Deploy `json:"deploy,omitzero"`
	// Verify is what must pass before anybody is asked.
	// +optional
	// +kubebuilder:default={}
	Verify Verify `json:"verify,omitzero"`
	// Approval is who must say Go.
	// +optional
	// +kubebuilder:default={}
	Approval Approval `json:"approval,omitzero"`
	// Hooks run around the switch.
	// +optional
	Hooks Hooks `json:"hooks,omitzero"`
	// Watch is what must hold after the switch.
	// +optional
	// +kubebuilder:default={}
	Watch Watch `json:"watch,omitzero"`
	// Rollback is about going back.
	// +optional
	// +kubebuilder:default={}
	Rollback Rollback `json:"rollback,omitzero"`
	// Retire is what becomes of the old color.
	// +optional
	// +kubebuilder:default={}
	Retire Retire `json:"retire,omitzero"`
	// Paused stops everything but a rollback. Deadlines stand still meanwhile.
	// +optional
	Paused bool `json:"paused,omitempty"`
}

// ServicePair is a Service that carries traffic and the one that shows what is next.
type ServicePair struct {
	// Name of the Service, in this namespace.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// Preview follows the idle color. It carries no traffic of users.
	// +optional
	Preview *ServiceReference `json:"preview,omitempty"`
}

// ServiceReference names a Service of the same namespace.
type ServiceReference struct {
	// Name of the Service.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
}
