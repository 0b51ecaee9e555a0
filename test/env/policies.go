package env

import (
	"context"
	"fmt"
	"strings"
)

// policyProbe is what the last of the policies, by name, warns about.
const policyProbe = `apiVersion: apps/v1
kind: ReplicaSet
metadata: {namespace: tealgate-probe, name: probe}
spec:
  replicas: 0
  selector: {matchLabels: {app: probe}}
  template:
    metadata: {labels: {app: probe, tealgate.dev/color: blue}}
    spec: {containers: [{name: probe, image: probe}]}
`

// waitForPolicies returns when the API server applies the admission policies, which
// it compiles some time after it has stored them. kustomize sorts by name, and the
// API server learns in the order in which objects were created: once the last
// policy acts by its last binding, all do.
func waitForPolicies(ctx context.Context, c *Cluster) error {
	namespace := "{apiVersion: v1, kind: Namespace, metadata: {name: tealgate-probe, labels: {tealgate.dev/mode: warn}}}"
	if err := c.apply(ctx, namespace); err != nil {
		return err
	}
	var last KubectlResult
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		var err error
		last, err = c.KubectlWith(ctx, KubectlOptions{Stdin: strings.NewReader(policyProbe)}, "create", "--dry-run=server", "-f", "-")
		return strings.Contains(last.Stderr, "binding 'replicaset-color-warn.tealgate.dev'"), err
	})
	if err != nil {
		return fmt.Errorf("the admission policies do not act: %w; last: %s", err, last)
	}
	if _, err := c.Kubectl(ctx, "delete", "namespace", "tealgate-probe", "--wait=false"); err != nil {
		return err
	}
	return nil
}
