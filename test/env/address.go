package env

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/cert"
)

// serviceIP is that of the Service kubernetes, by which pods reach the API server: the
// first of serviceCIDR.
const serviceIP = "10.96.0.1"

// listenAt has the API server listen at an address that pods reach and publish it to
// them. Its certificate, of which it returns the CA, is good for that address and for the
// Service; envtest's is for one address only.
func (p *plane) listenAt(address, dir string) (ca []byte, err error) {
	if address == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address of the API server: %w", err)
	}
	server := p.control.APIServer
	server.Address, server.Port = host, port

	certificate, key, err := cert.GenerateSelfSignedCertKey(host, []net.IP{net.ParseIP(serviceIP)},
		[]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc"})
	if err != nil {
		return nil, err
	}
	certFile, keyFile := filepath.Join(dir, "serving.crt"), filepath.Join(dir, "serving.key")
	if err := os.WriteFile(certFile, certificate, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		return nil, err
	}
	server.Configure().
		Set("tls-cert-file", certFile).
		Set("tls-private-key-file", keyFile).
		Set("advertise-address", host).
		Set("endpoint-reconciler-type", "lease").
		Set("authorization-mode", "Node", "RBAC").
		Set("kubelet-preferred-address-types", "InternalIP")
	return certificate, nil
}
