// Package manifests embeds the admission policies, so that they can be explained
// where no cluster is asked.
package manifests

import "embed"

// AdmissionPolicies are the files of the ValidatingAdmissionPolicies and of their
// bindings, beside a kustomization.
//
//go:embed admission-policies
var AdmissionPolicies embed.FS
