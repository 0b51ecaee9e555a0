package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// pair is a serving certificate with its key, and the CAs that come with it. Immutable.
type pair struct {
	serving      tls.Certificate
	crt, key, ca []byte // PEM
}

// parsePair fails if the key is not the certificate's. Whether the CAs are its own and
// whether it is good at a time is for verify.
func parsePair(crt, key, ca []byte) (*pair, error) {
	serving, err := tls.X509KeyPair(crt, key)
	if err != nil {
		return nil, err
	}
	return &pair{serving: serving, crt: crt, key: key, ca: ca}, nil
}

// generate makes a CA, and one certificate by it for the names. The CA's key is thrown away:
// nobody, tealgate included, can sign anything else with it.
func generate(names []string, now time.Time, lifetime time.Duration) (*pair, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	authority := &x509.Certificate{
		Subject:   pkix.Name{CommonName: fmt.Sprintf("tealgate-webhook-ca@%d", now.Unix())},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(lifetime),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, MaxPathLenZero: true, BasicConstraintsValid: true,
	}
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "tealgate-webhook"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	ca, err := sign(authority, authority, caKey, caKey)
	if err != nil {
		return nil, err
	}
	// The stored CA has what the template has not: the id of its key.
	authorities, err := cert.ParseCertsPEM(ca)
	if err != nil {
		return nil, err
	}
	crt, err := sign(leaf, authorities[0], key, caKey)
	if err != nil {
		return nil, err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	return parsePair(crt, keyPEM, ca)
}

// sign returns the certificate of a key, signed by another, as PEM.
func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, err
	}
	return cert.EncodeCertificates(&x509.Certificate{Raw: raw})
}

// verify says why a client that trusts only the CAs would refuse the pair at that time by
// one of the names, at least one.
func (p *pair) verify(cas []byte, names []string, at time.Time) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cas)
	between := x509.NewCertPool()
	for _, raw := range p.serving.Certificate[1:] {
		if intermediate, err := x509.ParseCertificate(raw); err == nil {
			between.AddCert(intermediate)
		}
	}
	for _, name := range names {
		_, err := p.serving.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: at})
		if err != nil {
			return err
		}
	}
	return nil
}

// good says that a client which trusts the pair's own CAs accepts it at that time.
func (p *pair) good(names []string, at time.Time) bool {
	return p != nil && p.verify(p.ca, names, at) == nil
}

// is says that both have the same certificate and key.
func (p *pair) is(other *pair) bool {
	return p != nil && other != nil && string(p.crt) == string(other.crt) && string(p.key) == string(other.key)
}

func (p *pair) notAfter() time.Time { return p.serving.Leaf.NotAfter }
