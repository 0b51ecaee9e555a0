// Package certs keeps the webhooks served with a certificate that the API server
// trusts, on every replica and without a restart. The pair is in a Secret that all
// replicas share. Either tealgate makes it: the leader prepares the next pair, every
// replica puts the CAs into the webhook configurations, and only what is trusted there
// is served. Or cert-manager makes it, and tealgate only serves it.
package certs

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/utils/clock"
)

// SecretName is the Secret in tealgate's namespace that replicas share. In kubernetes.io/tls
// it is what cert-manager writes, too.
const SecretName = "tealgate-webhook-certificate"

// ConfigurationName is the name of both webhook configurations.
const ConfigurationName = "tealgate"

const (
	// DefaultLifetime of a CA and its one certificate.
	DefaultLifetime = 90 * 24 * time.Hour
	// MinLifetime leaves some rotations' time to a cluster in which something hangs.
	MinLifetime = time.Hour

	// maxRenewBefore is more than the time that the alert on a late renewal leaves.
	maxRenewBefore = 30 * 24 * time.Hour
	// backdate is by how much clocks may differ.
	backdate = time.Hour
	// maxSettle is how long every API server may take to learn of a CA that one of them has
	// stored. It is waited for before a certificate of that CA is served; less with a lifetime
	// of some hours.
	maxSettle = 20 * time.Second
	// resync bounds how late the leader sees that a certificate is due.
	resync = time.Minute
)

// Options say what is served. Names are required.
type Options struct {
	// Names are the DNS names and IP addresses that the API server calls the webhooks by.
	Names []string
	// Lifetime of a pair that tealgate makes; 0 means DefaultLifetime.
	Lifetime time.Duration
	// RenewBefore is what is left of a pair when its successor is made; 0 means a third of its
	// lifetime, at most 30 days.
	RenewBefore time.Duration
	// CertManager says that cert-manager writes the Secret, and its cainjector the webhook
	// configurations. Then neither is written here.
	CertManager bool
	// Settle and Clock are for tests.
	Settle time.Duration
	Clock  clock.PassiveClock
}

func (o *Options) complete() error {
	if len(o.Names) == 0 {
		return errors.New("certificate: no names to serve")
	}
	if o.Lifetime == 0 {
		o.Lifetime = DefaultLifetime
	}
	if o.Lifetime < MinLifetime {
		return fmt.Errorf("certificate: a lifetime of %s is less than %s", o.Lifetime, MinLifetime)
	}
	if o.RenewBefore == 0 {
		o.RenewBefore = min(maxRenewBefore, o.Lifetime/3)
	}
	// With cert-manager, too: cainjector keeps the CA before, and API servers learn of the next
	// one as late. One that replaces it leaves nothing to wait for, as adopt sees.
	if o.Settle == 0 {
		o.Settle = min(maxSettle, o.Lifetime/1000)
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return nil
}
