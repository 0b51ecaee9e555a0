package certs

import (
	"crypto/x509"
	"slices"
	"time"

	"k8s.io/client-go/util/cert"
)

// maxBundle is how many CAs a caBundle may have. More come together only if somebody throws
// the Secret away again and again.
const maxBundle = 8

// join returns the CAs of all bundles, each once, in their order. What has expired is left
// out, and what is no certificate.
func join(now time.Time, bundles ...[]byte) []byte {
	var all []*x509.Certificate
	for _, bundle := range bundles {
		for _, ca := range parse(bundle) {
			if !spent(ca, now) && !slices.ContainsFunc(all, ca.Equal) {
				all = append(all, ca)
			}
		}
	}
	// It can only fail by a type of block that is not this one.
	joined, _ := cert.EncodeCertificates(all[:min(len(all), maxBundle)]...)
	return joined
}

// complete says that a bundle has all CAs that are wanted, and none that has expired.
func complete(bundle, wanted []byte, now time.Time) bool {
	has := parse(bundle)
	if slices.ContainsFunc(has, func(ca *x509.Certificate) bool { return spent(ca, now) }) {
		return false
	}
	for _, ca := range parse(join(now, wanted)) {
		if !slices.ContainsFunc(has, ca.Equal) {
			return false
		}
	}
	return true
}

// spent says that nobody can be trusted by a CA any more. It says so late: replicas whose
// clocks differ would put it back and take it out in turn.
func spent(ca *x509.Certificate, now time.Time) bool { return now.After(ca.NotAfter.Add(backdate)) }

// parse returns what is a certificate.
func parse(bundle []byte) []*x509.Certificate {
	all, _ := cert.ParseCertsPEM(bundle) // Up to the first that is none.
	return all
}
