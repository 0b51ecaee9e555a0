package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Verdict is what a person decided.
//
// +kubebuilder:validation:Enum=Go;NoGo;Rollback;Checked
type Verdict string

// The verdicts. Who may give which is a right: create on decisions/go, decisions/nogo,
// decisions/rollback, decisions/checked.
const (
	// VerdictGo lets a release switch.
	VerdictGo Verdict = "Go"
	// VerdictNoGo aborts it before the switch, and beats Go.
	VerdictNoGo Verdict = "NoGo"
	// VerdictRollback turns it round after the switch.
	VerdictRollback Verdict = "Rollback"
	// VerdictChecked ticks an item of a checklist.
	VerdictChecked Verdict = "Checked"
)

// Decision is a person's word on one release. It never changes; deleting it before the
// switch is decided withdraws it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=tealgate
// +kubebuilder:printcolumn:name=BlueGreen,type=string,JSONPath=`.spec.blueGreen`
// +kubebuilder:printcolumn:name=Release,type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name=Verdict,type=string,JSONPath=`.spec.verdict`
// +kubebuilder:printcolumn:name=Item,type=string,JSONPath=`.spec.item`
// +kubebuilder:printcolumn:name=By,type=string,JSONPath=`.spec.decidedBy`
// +kubebuilder:printcolumn:name=Reason,type=string,JSONPath=`.spec.reason`,priority=1
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.spec.blueGreen`
// +kubebuilder:selectablefield:JSONPath=`.spec.release`
type Decision struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// Spec is the decision.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a Decision never changes: delete it and make another"
	Spec DecisionSpec `json:"spec"`
}

// DecisionList is a list of them.
//
// +kubebuilder:object:root=true
type DecisionList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Decision `json:"items"`
}

// DecisionSpec is the decision.
//
// +kubebuilder:validation:XValidation:rule="has(self.item) == (self.verdict == 'Checked')",message="item names what was checked: it goes with verdict Checked, and with no other"
type DecisionSpec struct {
	// BlueGreen is the name of the one that the release belongs to.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	BlueGreen string `json:"blueGreen"`
	// Release is the name of the release, such as shop-17.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Release string `json:"release"`
	// Verdict is Go, NoGo, Rollback or Checked.
	// +required
	Verdict Verdict `json:"verdict"`
	// Item of a checklist, for Checked.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Item string `json:"item,omitempty"`
	// Reason, for those who read it afterwards.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`
	// DecidedBy is the name of the user who creates the Decision, as kubectl auth whoami
	// says it. The API server compares it with the request.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	DecidedBy string `json:"decidedBy"`
}
