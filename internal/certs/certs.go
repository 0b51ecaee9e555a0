// Package certs makes the serving certificate of the webhooks, keeps it in a
// Secret that all replicas share, and puts its CA into the webhook
// configurations. Rotation is not here yet: a certificate that is about to
// expire is replaced when a replica starts.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// SecretName is the Secret in tealgate's namespace that replicas share.
const SecretName = "tealgate-webhook-certificate"

// keyCA is where the Secret keeps the CA, beside the keys of kubernetes.io/tls.
const keyCA = "ca.crt"

const (
	lifetime    = 365 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
)

// Certificate is a serving certificate and the CA that signed it. Immutable.
type Certificate struct {
	serving tls.Certificate
	ca      []byte
}

// CA returns the PEM block that goes into a caBundle.
func (c *Certificate) CA() []byte { return c.ca }

// Configure makes a server present the certificate, with TLS 1.3 only.
func (c *Certificate) Configure(config *tls.Config) {
	config.MinVersion = tls.VersionTLS13
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &c.serving, nil }
}

// Ensure returns the certificate for names (DNS names or IP addresses, at least
// one) from the Secret and makes a new one when there is none, when it serves
// other names, or when it expires within 30 days. Replicas that start together
// agree: who loses the race takes what is stored.
func Ensure(ctx context.Context, c client.Client, names []string) (*Certificate, error) {
	if len(names) == 0 {
		return nil, errors.New("certificate: no names to serve")
	}
	var found *Certificate
	again := func(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }
	err := retry.OnError(retry.DefaultBackoff, again, func() error {
		var err error
		found, err = ensure(ctx, c, names)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("certificate in Secret %s/%s: %w", v1alpha1.Namespace, SecretName, err)
	}
	return found, nil
}

func ensure(ctx context.Context, c client.Client, names []string) (*Certificate, error) {
	secret := &corev1.Secret{}
	err := c.Get(ctx, client.ObjectKey{Namespace: v1alpha1.Namespace, Name: SecretName}, secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	missing := apierrors.IsNotFound(err)
	if !missing {
		if stored, err := parse(secret.Data); err == nil && stored.serves(names, time.Now().Add(renewBefore)) {
			return stored, nil
		}
	}
	data, err := generate(names)
	if err != nil {
		return nil, err
	}
	if missing {
		secret = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: SecretName},
			Type:       corev1.SecretTypeTLS, Data: data,
		}
		err = c.Create(ctx, secret)
	} else {
		secret.Data = data
		err = c.Update(ctx, secret)
	}
	if err != nil {
		return nil, err
	}
	return parse(data)
}

func generate(names []string) (map[string][]byte, error) {
	options := cert.SelfSignedCertKeyOptions{Host: names[0], MaxAge: lifetime}
	for _, name := range names[1:] {
		if ip := net.ParseIP(name); ip != nil {
			options.AlternateIPs = append(options.AlternateIPs, ip)
		} else {
			options.AlternateDNS = append(options.AlternateDNS, name)
		}
	}
	chain, key, err := cert.GenerateSelfSignedCertKeyWithOptions(options)
	if err != nil {
		return nil, err
	}
	// The chain is the serving certificate followed by the CA that signed it.
	_, ca := pem.Decode(chain)
	return map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key, keyCA: ca}, nil
}

func parse(data map[string][]byte) (*Certificate, error) {
	serving, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, err
	}
	if len(data[keyCA]) == 0 {
		return nil, fmt.Errorf("%s is empty", keyCA)
	}
	return &Certificate{serving: serving, ca: data[keyCA]}, nil
}

// serves says that a client which trusts the CA accepts the certificate for all
// names at that time.
func (c *Certificate) serves(names []string, at time.Time) bool {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.ca) {
		return false
	}
	for _, name := range names {
		if _, err := c.serving.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at}); err != nil {
			return false
		}
	}
	return true
}
