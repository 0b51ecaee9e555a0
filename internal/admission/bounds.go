package admission

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Bounds of a pod template. No workload comes near them, and what is within them is
// judged within the deadline or soon after: one built-in function of a rule cannot be
// interrupted.
const (
	maxContainers = 500
	// maxWords bounds the environment variables of all containers, and the words of
	// their command lines.
	maxWords = 5000
	// maxWordBytes is what Linux starts a process with (MAX_ARG_STRLEN).
	maxWordBytes = 128 << 10
)

// bounded says which bound an object passes. Its size is bounded before it is decoded.
func (r *review) bounded() error {
	if r.Kind.Kind != kindDeployment || len(r.Object.Raw) == 0 {
		return nil
	}
	object, _, err := r.deployments()
	if err != nil {
		return err
	}
	pod := &object.Spec.Template.Spec
	containers := slices.Concat(pod.InitContainers, pod.Containers)
	if len(containers) > maxContainers {
		return fmt.Errorf("%d containers are more than the %d that tealgate looks at", len(containers), maxContainers)
	}
	total := 0
	for i := range containers {
		count, longest := measured(&containers[i])
		if total += count; total > maxWords {
			return fmt.Errorf("the containers have more than %d variables and arguments, and tealgate looks at no more", maxWords)
		}
		if longest > maxWordBytes {
			return fmt.Errorf("a variable or argument of container %q has %d bytes: no process starts with more than %d",
				containers[i].Name, longest, maxWordBytes)
		}
	}
	return nil
}

// measured counts what the kernel is given, as far as it stands in the manifest, and
// says how long the longest is.
func measured(container *corev1.Container) (count, longest int) {
	for _, list := range [][]string{container.Command, container.Args} {
		count += len(list)
		for _, word := range list {
			longest = max(longest, len(word))
		}
	}
	for i := range container.Env {
		longest = max(longest, len(container.Env[i].Name)+len("=")+len(container.Env[i].Value))
	}
	return count + len(container.Env), longest
}
