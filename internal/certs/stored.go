package certs

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Keys of the Secret beside those of kubernetes.io/tls.
const (
	// keyCA has every CA that the webhook configurations are to have, the newest first.
	keyCA = "ca.crt"
	// keyNext and keyNextKey are a pair that is made and not yet served.
	keyNext    = "next.crt"
	keyNextKey = "next.key"
)

// stored is what the Secret says. The zero value is a Secret that says nothing.
type stored struct {
	// current is what all replicas serve, next what they will; nil if there is none, or if it
	// is garbage. why is of a current that is nil.
	current, next *pair
	ca            []byte
	why           error
}

func decode(data map[string][]byte) stored {
	s := stored{ca: data[keyCA]}
	s.current, s.why = parsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], s.ca)
	s.next, _ = parsePair(data[keyNext], data[keyNextKey], s.ca)
	return s
}

// encode writes into the data of a Secret and leaves keys of others alone.
func (s *stored) encode(data map[string][]byte) map[string][]byte {
	if data == nil {
		data = map[string][]byte{}
	}
	data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], data[keyCA] = s.current.crt, s.current.key, s.ca
	delete(data, keyNext)
	delete(data, keyNextKey)
	if s.next != nil {
		data[keyNext], data[keyNextKey] = s.next.crt, s.next.key
	}
	return data
}

// step is one write of the Secret. Each leaves it such that whoever leads next goes on.
type step string

const (
	rest step = ""
	// replaced: nothing that could be served was stored.
	replaced step = "CertificateReplaced"
	// prepared: the next pair is stored, so that every replica makes it trusted.
	prepared step = "CertificatePrepared"
	// rotated: the next pair is the current one.
	rotated step = "CertificateRotated"
)

// plan decides the next step, and what the Secret holds after it. serving is what this
// replica serves, nil at its start; trusted says that every API server trusts the next pair.
// It never takes away a CA that has not expired: a replica may serve a certificate of it.
func (o *Options) plan(s stored, serving *pair, trusted bool, now time.Time) (stored, step, error) {
	renew := now.Add(o.RenewBefore)
	if s.next != nil && !s.next.good(o.Names, renew) {
		s.next = nil
	}
	took := rest
	switch {
	case s.current.good(o.Names, now):
	case s.next != nil:
		s.current, s.next = s.next, nil
		return s, replaced, nil
	case serving.good(o.Names, now):
		// Who has thrown the Secret away wants another pair, and no refused request.
		s.current, s.ca, took = serving, join(now, s.ca, serving.ca), replaced
	default:
		made, err := generate(o.Names, now, o.Lifetime)
		if err != nil {
			return s, rest, fmt.Errorf("make a certificate: %w", err)
		}
		s.current, s.ca = made, join(now, made.ca, s.ca)
		return s, replaced, nil
	}
	switch {
	case s.next != nil && trusted:
		s.current, s.next, took = s.next, nil, rotated
	case s.next == nil && (took == replaced || !s.current.good(o.Names, renew)):
		made, err := generate(o.Names, now, o.Lifetime)
		if err != nil {
			return s, rest, fmt.Errorf("make the next certificate: %w", err)
		}
		s.next, s.ca = made, join(now, made.ca, s.ca)
		if took == rest {
			took = prepared
		}
	}
	return s, took, nil
}
