// Package v1alpha1 holds the names by which users and tealgate talk: labels,
// annotations and their values, and the kinds of the API group.
//
// A duration is written as Go does it, with h, m, s and ms, and no finer: what is stored
// in a status must pass the same pattern as what a person wrote into a spec.
//
// +kubebuilder:object:generate=true
// +groupName=tealgate.dev
package v1alpha1
