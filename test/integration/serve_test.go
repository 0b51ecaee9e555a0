package integration

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
)

// TestServe tries what a platform engineer relies on: TLS 1.3 only, a CA that
// comes back when somebody takes it away, and an end without a refused request.
func TestServe(t *testing.T) {
	w := solitary(t)
	cluster, tealgate := w.cluster, w.tealgate
	require.NoError(t, tealgate.Namespace(t.Context(), "served", "enforce"))
	t.Cleanup(func() { w.revive(t) })

	t.Run("OldTLS", func(t *testing.T) {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}}
		_, err := dialer.DialContext(t.Context(), "tcp", tealgate.Webhook)
		assert.ErrorContains(t, err, "protocol version")
	})

	t.Run("CAComesBack", func(t *testing.T) {
		for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
			w.admin(t.Context(), t, "patch", kind, "tealgate", "--type=json",
				"-p", `[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]`)
			require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
				result, err := cluster.Kubectl(ctx, "get", kind, "tealgate", "-o=jsonpath={.webhooks[0].clientConfig.caBundle}")
				return result.Stdout != "", err
			}))
		}
	})

	t.Run("Rotates", func(t *testing.T) {
		manifest := "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}"
		before := served(t, tealgate.Webhook)
		w.admin(t.Context(), t, "-n", "tealgate-system", "delete", "secret", "tealgate-webhook-certificate")
		require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
			result, err := cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(manifest)}, "-n", "served", "create", "--dry-run=server", "-f", "-")
			if err == nil && result.Code != 0 {
				err = errors.New(result.String())
			}
			return !served(t, tealgate.Webhook).Equal(before), err
		}), "another certificate, and no refused request")
		now := w.untilServed(t, before)
		require.NoError(t, w.untilMetric(t.Context(), "tealgate_webhook_configuration_trusted"+`{kind="validating"} 1`))
		require.NoError(t, w.untilMetric(t.Context(), fmt.Sprintf("tealgate_certificate_expiry_timestamp_seconds %s",
			strconv.FormatFloat(float64(now.NotAfter.Unix()), 'g', -1, 64))))
		// As docs/certificates.md asks for them.
		require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
			events, err := cluster.Kubectl(ctx, "-n", "tealgate-system", "get", "events",
				"--field-selector", "involvedObject.name=tealgate-webhook-certificate", "-o=jsonpath={.items[*].reason}")
			return strings.Contains(events.Stdout, "CertificateReplaced") && strings.Contains(events.Stdout, "CertificateRotated"), err
		}))
	})

	t.Run("DeletionShows", func(t *testing.T) {
		// With nothing left to call, tealgate itself is the only one to tell.
		const metric = "tealgate_webhook_configuration_trusted"
		require.NoError(t, w.untilMetric(t.Context(), metric+`{kind="mutating"} 1`))
		before := w.dropMutation(t)
		require.NoError(t, w.untilMetric(t.Context(), metric+`{kind="mutating"} 0`))
		require.NoError(t, w.untilMetric(t.Context(), metric+`{kind="validating"} 1`))
		w.bringBackMutation(t, before)
	})

	t.Run("Drains", func(t *testing.T) {
		// What the API server knows of the CA just now may be a moment old.
		require.NoError(t, tealgate.WaitForMode(t.Context(), "served", "enforce"))
		ended := make(chan error, 1)
		go func() { ended <- tealgate.Stop() }()
		require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, tealgate.Ready, nil)
			if err != nil {
				return false, err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return false, err
			}
			return response.StatusCode != http.StatusOK, response.Body.Close()
		}), "it says that it is not ready any more")
		manifest := "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}"
		result, err := cluster.KubectlWith(t.Context(), env.KubectlOptions{Stdin: strings.NewReader(manifest)}, "-n", "served", "apply", "-f", "-")
		require.NoError(t, err)
		assert.Zero(t, result.Code, "and answers on: %s", result)
		require.NoError(t, <-ended)
	})
}

// served is the certificate that is presented at an address.
func served(t *testing.T, address string) *x509.Certificate {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	presented := connection.(*tls.Conn).ConnectionState().PeerCertificates[0]
	require.NoError(t, connection.Close())
	return presented
}
