package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/manifests"
)

// concernAPIServer marks what a ValidatingAdmissionPolicy holds and no Rego rule.
const concernAPIServer policy.Concern = "api-server"

// admissionPolicies reads the policies that are installed beside the rules, so that
// what they say in a denial can be explained too. Their names are the ids with the
// group behind.
func admissionPolicies() ([]*policy.Rule, error) {
	files, err := fs.Glob(manifests.AdmissionPolicies, "admission-policies/*.yaml")
	if err != nil {
		return nil, err
	}
	var rules []*policy.Rule
	for _, file := range files {
		content, err := manifests.AdmissionPolicies.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
			var object metav1.PartialObjectMetadata
			if err := yaml.Unmarshal(document, &object); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if object.GroupVersionKind() == admissionregistrationv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicy") {
				rules = append(rules, asRule(object))
			}
		}
	}
	return rules, nil
}

func asRule(object metav1.PartialObjectMetadata) *policy.Rule {
	text := func(key string) string { return strings.TrimSpace(object.Annotations[v1alpha1.Group+"/"+key]) }
	return &policy.Rule{
		ID:          strings.TrimSuffix(object.Name, "."+v1alpha1.Group),
		Action:      policy.Deny,
		Concern:     concernAPIServer,
		Title:       map[policy.Language]string{policy.English: text("title"), policy.Chinese: text("title-zh")},
		Description: map[policy.Language]string{policy.English: text("description"), policy.Chinese: text("description-zh")},
	}
}
