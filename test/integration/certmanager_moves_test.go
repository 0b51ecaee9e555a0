package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// With a short lifetime, what is trusted is served after seconds.
var (
	fromCertManager = []string{"--certificates=cert-manager", "--certificate-lifetime=1h"}
	fromTealgate    = []string{"--certificate-lifetime=1h"}
)

// client is an administrator's, of a few requests a second.
func (w *world) client(t *testing.T) client.Client {
	t.Helper()
	config := rest.CopyConfig(w.cluster.Config)
	config.QPS, config.Burst = 10, 1
	c, err := client.New(config, client.Options{})
	require.NoError(t, err)
	return c
}

// underRequests makes requests in namespace shop, and handshakes with what the stored
// configuration calls, until the returned function is called. None may be refused: not before
// that either, so that one test ends where the other begins.
func (w *world) underRequests(t *testing.T) (so func(*testing.T)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var refused sync.Map
	done := make([]int, 2)
	for n, request := range []func(context.Context, client.Client) error{asked, handshake} {
		c := w.client(t)
		clients.Go(func() {
			for ctx.Err() == nil {
				if err := request(ctx, c); err != nil && ctx.Err() == nil {
					refused.Store(err.Error(), true)
				}
				done[n]++
			}
		})
	}
	end := func() { stop(); clients.Wait() }
	t.Cleanup(end)
	return func(t *testing.T) {
		t.Helper()
		end()
		refused.Range(func(err, _ any) bool { return assert.Fail(t, "refused", "%s", err) })
		t.Logf("%d requests, %d handshakes", done[0], done[1])
	}
}

// asked is a request that every entry of enforce may be asked about.
func asked(ctx context.Context, c client.Client) error {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", GenerateName: "asked-"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}
	return c.Create(ctx, service, client.DryRunAll)
}

// handshake trusts only what is stored, as an API server does that has just started: one that
// has called before may still have the connection. Who has paused in between looks again.
func handshake(ctx context.Context, c client.Client) error {
	for before := ""; ; {
		var configuration admissionregistrationv1.ValidatingWebhookConfiguration
		if err := c.Get(ctx, client.ObjectKey{Name: "tealgate"}, &configuration); err != nil {
			return err
		}
		called, err := url.Parse(*configuration.Webhooks[0].ClientConfig.URL)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(configuration.Webhooks[0].ClientConfig.CABundle)
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots}}
		connection, err := dialer.DialContext(ctx, "tcp", called.Host)
		if err == nil {
			return connection.Close()
		}
		if before == configuration.ResourceVersion {
			return err
		}
		before = configuration.ResourceVersion
	}
}

// untilServed waits until another certificate is served than before, which is trusted.
func (w *world) untilServed(t *testing.T, before *x509.Certificate) *x509.Certificate {
	t.Helper()
	var now *x509.Certificate
	require.NoError(t, poll(t.Context(), func(context.Context) (bool, error) {
		now = served(t, w.tealgate.Webhook)
		return !now.Equal(before), nil
	}), "another certificate")
	require.NoError(t, handshake(t.Context(), w.client(t)))
	code, said := w.readiness(t.Context(), "")
	assert.Equal(t, http.StatusOK, code, said)
	return now
}

// renew does what cmctl renew does. There is one order at a time.
func (w *world) renew(t *testing.T) {
	t.Helper()
	const issuing = `[{"op": "add", "path": "/status/conditions/-", "value": {"type": "Issuing", "status": "True",
		"reason": "ManuallyTriggered", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}}]`
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
		result, err := w.cluster.Kubectl(ctx, "-n", "tealgate-system", "patch", "certificate", "tealgate-webhook",
			"--subresource=status", "--type=json", "-p", issuing)
		return result.Code == 0, err
	}))
}

func (w *world) renews(t *testing.T) {
	before := served(t, w.tealgate.Webhook)
	w.renew(t)
	w.untilServed(t, before)
}

// changesCA: its key is lost, and the next certificate is by another one. Both are trusted then.
func (w *world) changesCA(t *testing.T) {
	read := func(ctx context.Context) string {
		result, err := w.cluster.Kubectl(ctx, "-n", "tealgate-system", "get", "secret", "tealgate-webhook-ca", "-o=jsonpath={.data.tls\\.crt}")
		require.NoError(t, err)
		return result.Stdout
	}
	before := read(t.Context())
	w.admin(t.Context(), t, "-n", "tealgate-system", "delete", "secret", "tealgate-webhook-ca")
	require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
		now := read(ctx)
		return now != "" && now != before, nil
	}), "another CA")
	// The Issuer may not have seen it yet when it is asked for the first time.
	first := served(t, w.tealgate.Webhook)
	now := first
	for tries := 0; tries < 5 && bytes.Equal(now.AuthorityKeyId, first.AuthorityKeyId); tries++ {
		w.renew(t)
		now = w.untilServed(t, now)
	}
	require.NotEqual(t, first.AuthorityKeyId, now.AuthorityKeyId)
	assert.Len(t, w.authorities(t), 2, "cainjector keeps the CA before")
}

// authorities are the CAs that an entry trusts.
func (w *world) authorities(t *testing.T) []*x509.Certificate {
	t.Helper()
	encoded := w.admin(t.Context(), t, "get", "validatingwebhookconfiguration", "tealgate", "-o=jsonpath={.webhooks[0].clientConfig.caBundle}")
	bundle, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	cas, err := cert.ParseCertsPEM(bundle)
	require.NoError(t, err)
	return cas
}

// move changes the overlay as a rollout does: the new replica gets the requests when it is
// ready, and the old one ends after that.
func (w *world) move(t *testing.T, manifests string, args ...string) {
	t.Helper()
	ctx, old := t.Context(), w.tealgate
	require.NoError(t, old.Apply(ctx, manifests))
	next, err := old.Replica(ctx, args...)
	require.NoError(t, err)
	w.tealgate = next
	require.NoError(t, next.Apply(ctx, manifests))
	require.NoError(t, next.WaitForMode(ctx, "shop", "enforce"))
	require.NoError(t, old.Stop())
}

// movesBack does what docs/certificates.md says, and has the next certificate made.
func (w *world) movesBack(t *testing.T) {
	ctx, before := t.Context(), served(t, w.tealgate.Webhook)
	w.admin(ctx, t, "delete", "-k", filepath.Join("..", "..", "certs"))
	w.move(t, "manifests", fromTealgate...)
	w.admin(ctx, t, "-n", "tealgate-system", "delete", "role,rolebinding", "tealgate-cert-manager")
	w.admin(ctx, t, "-n", "tealgate-system", "delete", "secret", "tealgate-webhook-ca")
	assert.Equal(t, before, served(t, w.tealgate.Webhook), "what is in the Secret is served")
	w.admin(ctx, t, "-n", "tealgate-system", "delete", "secret", "tealgate-webhook-certificate")
	now := w.untilServed(t, before)
	assert.True(t, strings.HasPrefix(now.Issuer.CommonName, "tealgate-webhook-ca@"), now.Issuer.CommonName)
}

// movesThere takes over what tealgate has made.
func (w *world) movesThere(t *testing.T) {
	ctx, before := t.Context(), served(t, w.tealgate.Webhook)
	w.move(t, certManagerOverlay, fromCertManager...)
	w.admin(ctx, t, "delete", "clusterrole,clusterrolebinding", "tealgate-certificates")
	w.admin(ctx, t, "-n", "tealgate-system", "delete", "role,rolebinding", "tealgate-certificates")
	assert.Equal(t, "tealgate-webhook-ca", w.untilServed(t, before).Issuer.CommonName)
}

// certManagerTwice applies the overlay as it stands, over what cainjector has written.
func (i installation) certManagerTwice(t *testing.T) {
	dir := filepath.Join(manifestsDir, "overlays", "cert-manager")
	i.apply(t, dir)
	i.comesUp(t)
	assert.NoError(t, i.changesNothing(t, dir, "--server-side"))
}

// entriesStay where cainjector has been: it owns every one of them, and leaves a name and a CA
// of those that an apply drops, which is no entry. docs/certificates.md says what then.
func (i installation) entriesStay(t *testing.T) {
	trial := []string{"apply", "--server-side", "--dry-run=server", "-k", auditOnlyDir}
	result, err := i.cluster.Kubectl(t.Context(), trial...)
	require.NoError(t, err)
	assert.Contains(t, result.Stderr, "webhooks[")
	assert.Contains(t, result.Stderr, "Required value")
	i.admin(t.Context(), t, "delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "tealgate")
	i.admin(t.Context(), t, trial...)
}
