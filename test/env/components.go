package env

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
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

// etcdArgs trade safety for speed: what is lost with the machine is a test's.
func etcdArgs(dir, url, peerURL string) []string {
	return []string{
		"--name=default",
		"--data-dir=" + filepath.Join(dir, "etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=default=" + peerURL,
		"--unsafe-no-fsync=true",
		"--log-level=warn",
	}
}

// apiServerArgs leave the admission plugins at what Kubernetes enables, the
// ServiceAccount plugin among them. The reconciler that would publish the API
// server's address to pods is off: it refuses 127.0.0.1, and no pod runs.
func apiServerArgs(dir, etcdURL string, port int, options Options) ([]string, error) {
	args := []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + filepath.Join(dir, "apiserver.crt"),
		"--tls-private-key-file=" + filepath.Join(dir, "apiserver.key"),
		"--client-ca-file=" + filepath.Join(dir, "ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + filepath.Join(dir, "service-account.key"),
		"--service-account-signing-key-file=" + filepath.Join(dir, "service-account.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
	}
	if options.AuditLog != "" {
		log, err := filepath.Abs(options.AuditLog)
		if err != nil {
			return nil, err
		}
		policy := filepath.Join(dir, "audit-policy.yaml")
		if err := os.WriteFile(policy, []byte(options.AuditPolicy), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--audit-log-path="+log, "--audit-policy-file="+policy)
	}
	return append(args, options.APIServerArgs...), nil
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
		"--service-account-private-key-file=" + filepath.Join(dir, "service-account.key"),
		"--cluster-signing-cert-file=" + filepath.Join(dir, "ca.crt"),
		"--cluster-signing-key-file=" + filepath.Join(dir, "ca.key"),
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

// freePort returns a port of 127.0.0.1 that nobody listens on. It lies below the
// ports that the kernel gives to outgoing connections and below NodePorts, so
// that it is still free a moment later.
func freePort() (int, error) {
	const first, count, tries = 15000, 15000, 100
	var last error
	for range tries {
		port := first + rand.IntN(count)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port: %w", last)
}
