package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func generated(t *testing.T, names ...string) (*Certificate, map[string][]byte) {
	t.Helper()
	data, err := generate(names)
	require.NoError(t, err)
	certificate, err := parse(data)
	require.NoError(t, err)
	return certificate, data
}

func TestServes(t *testing.T) {
	names := []string{"tealgate-webhook.tealgate-system.svc", "127.0.0.1", "localhost", "::1"}
	certificate, _ := generated(t, names...)
	for name, test := range map[string]struct {
		reason string
		names  []string
		in     time.Duration
		want   bool
	}{
		"AllNames":         {"what it was made for", names, 0, true},
		"OneOfThem":        {"fewer names are served as well", names[1:2], 0, true},
		"AnotherName":      {"a changed Service needs a new one", []string{"tealgate-webhook.other.svc"}, 0, false},
		"OneMoreName":      {"all of them, not some", append([]string{"other"}, names...), 0, false},
		"AnotherAddress":   {"addresses count like names", []string{"127.0.0.2"}, 0, false},
		"ShortForm":        {"no part of a name", []string{"tealgate-webhook"}, 0, false},
		"BeforeItsEnd":     {"a year less a month", names, lifetime - renewBefore, true},
		"AfterItsEnd":      {"expired", names, lifetime + time.Hour, false},
		"AlmostAtItsStart": {"clocks differ", names, -30 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, certificate.serves(test.names, time.Now().Add(test.in)), test.reason)
		})
	}
	t.Run("AddressFirst", func(t *testing.T) {
		certificate, _ := generated(t, "127.0.0.1", "localhost")
		assert.True(t, certificate.serves([]string{"127.0.0.1", "localhost"}, time.Now()), "the first name may be an address")
	})
}

func TestParse(t *testing.T) {
	_, good := generated(t, "localhost")
	other, data := generated(t, "localhost")
	with := func(key string, value []byte) map[string][]byte {
		changed := maps.Clone(good)
		changed[key] = value
		return changed
	}
	for name, test := range map[string]struct {
		reason string
		data   map[string][]byte
		want   string
	}{
		"Good":       {"what was made can be read", good, ""},
		"Empty":      {"a Secret that somebody made ahead", nil, "failed to find any PEM data in certificate input"},
		"NoCA":       {"nothing could go into the caBundle", with(keyCA, nil), "ca.crt is empty"},
		"AnotherKey": {"half of one and half of another", with(corev1.TLSPrivateKeyKey, data[corev1.TLSPrivateKeyKey]), "private key does not match public key"},
		"Garbage":    {"not PEM", with(corev1.TLSCertKey, []byte("x")), "failed to find any PEM data in certificate input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.data)
			if test.want == "" {
				assert.NoError(t, err, test.reason)
				return
			}
			assert.ErrorContains(t, err, test.want, test.reason)
		})
	}
	mixed, err := parse(with(keyCA, other.CA()))
	require.NoError(t, err)
	assert.False(t, mixed.serves([]string{"localhost"}, time.Now()), "a client that trusts this CA would refuse it")
	garbage, err := parse(with(keyCA, []byte("x")))
	require.NoError(t, err)
	assert.False(t, garbage.serves([]string{"localhost"}, time.Now()), "no CA at all")
}

// What is presented is what is trusted, and nothing below TLS 1.3 is spoken.
func TestConfigure(t *testing.T) {
	certificate, _ := generated(t, "localhost")
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	certificate.Configure(config)
	assert.EqualValues(t, tls.VersionTLS13, config.MinVersion)
	serving, err := config.GetCertificate(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Equal(t, certificate.serving.Certificate, serving.Certificate)
	block, rest := pem.Decode(certificate.CA())
	require.NotNil(t, block)
	assert.Empty(t, bytes.TrimSpace(rest), "one CA")
	ca, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.True(t, ca.IsCA)
	assert.NotContains(t, string(certificate.CA()), "PRIVATE")
}

// A replica that still serves with the certificate before must stay trusted.
func TestBundle(t *testing.T) {
	_, first := generated(t, "localhost")
	_, second := generated(t, "localhost")
	_, third := generated(t, "localhost")
	count := func(raw []byte) int { return bytes.Count(raw, []byte("BEGIN CERTIFICATE")) }
	assert.Equal(t, 1, count(bundle(first[keyCA], nil)))
	assert.Equal(t, 1, count(bundle(first[keyCA], []byte("Cg=="))), "what is no certificate is left out")
	two := bundle(second[keyCA], first[keyCA])
	assert.Equal(t, 2, count(two))
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(two))
	three := bundle(third[keyCA], two)
	assert.Equal(t, 2, count(three), "it does not grow")
	assert.True(t, bytes.HasPrefix(three, third[keyCA]))
	assert.Contains(t, string(three), string(bytes.TrimSpace(second[keyCA])))
}

func TestEnsureNeedsNames(t *testing.T) {
	_, err := Ensure(t.Context(), nil, nil)
	assert.EqualError(t, err, "certificate: no names to serve")
}
