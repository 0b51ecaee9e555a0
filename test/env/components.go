package env

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	serviceCIDR = "10.96.0.0/16"
	podCIDR     = "10.244.0.0/16"

	// nodeIP is nobody's. It is not 127.0.0.1, because the pods that share the
	// node's address would be refused as endpoints.
	nodeIP = "192.0.2.1"

	// defaultAuditPolicy records each request once.
	defaultAuditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`
)

// configureAPIServer leaves the admission plugins at what Kubernetes enables, while
// envtest would disable ServiceAccount. The reconciler that would publish the API
// server's address to pods is off: it refuses 127.0.0.1, and no pod runs.
func configureAPIServer(args *envtest.Arguments, dir string, options Options) error {
	args.Disable("disable-admission-plugins").
		Set("advertise-address", "127.0.0.1").
		Set("endpoint-reconciler-type", "none").
		Set("service-account-issuer", "https://kubernetes.default.svc").
		Set("service-cluster-ip-range", serviceCIDR)

	if options.AuditLog != "" {
		log, err := filepath.Abs(options.AuditLog)
		if err != nil {
			return err
		}
		policy := filepath.Join(dir, "audit-policy.yaml")
		if err := os.WriteFile(policy, []byte(options.AuditPolicy), 0o600); err != nil {
			return err
		}
		args.Set("audit-log-path", log).Set("audit-policy-file", policy)
	}
	return nil
}

// override replaces the values of each flag that is in extra.
func override(args *envtest.Arguments, extra []string) error {
	values := map[string][]string{}
	for _, arg := range extra {
		flag, ok := strings.CutPrefix(arg, "--")
		if !ok {
			return fmt.Errorf("argument %q of the API server is not like --flag=value", arg)
		}
		name, value, ok := strings.Cut(flag, "=")
		if !ok {
			args.Enable(name)
			continue
		}
		values[name] = append(values[name], value)
		args.Set(name, values[name]...)
	}
	return nil
}

// controllerManagerArgs: without a port, because its work is what says that it
// is ready. Nodes are given up late: kwok may starve on a busy machine.
func controllerManagerArgs(dir, kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--root-ca-file=" + filepath.Join(dir, "ca.crt"),
		"--service-account-private-key-file=" + filepath.Join(dir, "sa-signer.key"),
		"--node-monitor-grace-period=10m",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

func schedulerArgs(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

// kwokArgs: node leases are off, the heartbeat stage is enough for the node
// controller and costs less.
func kwokArgs(kubeconfig, stages string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--config=" + stages,
		"--manage-nodes-with-annotation-selector=" + nodeAnnotation + "=" + nodeAnnotationValue,
		"--node-lease-duration-seconds=0",
		"--node-ip=" + nodeIP,
		"--cidr=" + podCIDR,
	}
}
