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

// join returns the CAs of all bundles, each once, in their order. What is spent is left out,
// and what is no certificate.
func join(now time.Time, bundles ...[]byte) []byte {
	var all []*x509.Certificate
	for _, bundle := range bundles {
		all = append(all, parse(bundle)...)
	}
	return encode(slices.DeleteFunc(all, func(ca *x509.Certificate) bool { return spent(ca, now) }))
}

// merge returns the CAs that are wanted, and behind them those that a bundle has.
func merge(now time.Time, wanted, bundle []byte) []byte {
	return join(now, encode(unended(wanted, now)), bundle)
}

// complete says that a bundle has all CAs that are wanted, and none that is spent. After a
// merge it is, for every replica whose clock differs by less than backdate.
func complete(bundle, wanted []byte, now time.Time) bool {
	has := parse(bundle)
	if slices.ContainsFunc(has, func(ca *x509.Certificate) bool { return spent(ca, now) }) {
		return false
	}
	for _, ca := range parse(encode(unended(wanted, now))) {
		if !slices.ContainsFunc(has, ca.Equal) {
			return false
		}
	}
	return true
}

// unended are those that somebody can still be trusted by: the others nobody puts back.
func unended(bundle []byte, now time.Time) []*x509.Certificate {
	return slices.DeleteFunc(parse(bundle), func(ca *x509.Certificate) bool { return now.After(ca.NotAfter) })
}

// spent says that a CA is to be taken out. That is later than it ends: a replica whose clock
// is behind by less wants it no more by then, and does not put it back.
func spent(ca *x509.Certificate, now time.Time) bool { return now.After(ca.NotAfter.Add(backdate)) }

// encode returns each once, and no more than a bundle may have.
func encode(cas []*x509.Certificate) []byte {
	var each []*x509.Certificate
	for _, ca := range cas {
		if !slices.ContainsFunc(each, ca.Equal) {
			each = append(each, ca)
		}
	}
	// It can only fail by a type of block that is not this one.
	encoded, _ := cert.EncodeCertificates(each[:min(len(each), maxBundle)]...)
	return encoded
}

// parse returns what is a certificate.
func parse(bundle []byte) []*x509.Certificate {
	all, _ := cert.ParseCertsPEM(bundle) // Up to the first that is none.
	return all
}
