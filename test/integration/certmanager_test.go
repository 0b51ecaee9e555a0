package integration

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
)

// TestCertManager installs the overlay with the real cert-manager: what is missing is said,
// what is issued is served, and what is renewed is served without a refused request. The
// overlay's roles are enough for all of it, as startCluster holds.
func TestCertManager(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cluster := startCluster(t, env.Options{})
	require.NoError(t, env.InstallCertManager(ctx, cluster))
	w := install(t, cluster, env.TealgateOptions{
		Binary: binary, Manifests: "manifests/overlays/cert-manager", Args: []string{"--certificates=cert-manager"}, Unready: true,
	})
	tealgate := w.tealgate

	const certificate = "Certificate tealgate-system/tealgate-webhook"
	w.untilLacking(t, certificate+" is not Ready (cert-manager has said nothing of it; is it running?)")

	w.admin(ctx, t, "-n", "tealgate-system", "delete", "issuer", "tealgate-webhook")
	manager, err := env.StartCertManager(ctx, cluster)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, manager.Stop()) })
	const missing = certificate + " is not Ready (DoesNotExist: Issuing certificate as Secret does not exist); its request is Pending: " +
		`Referenced "Issuer" not found: issuer.cert-manager.io "tealgate-webhook" not found`
	w.untilLacking(t, missing)
	t.Run("SaidAsWell", func(t *testing.T) {
		log, err := tealgate.Log()
		require.NoError(t, err)
		assert.Contains(t, log, `issuer.cert-manager.io \"tealgate-webhook\" not found`)
		require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
			events, err := cluster.Kubectl(ctx, "-n", "tealgate-system", "get", "events",
				"--field-selector=involvedObject.kind=Certificate,reason=CertificateNotReady", "-o=jsonpath={.items[*].message}")
			return strings.Contains(events.Stdout, missing), err
		}))
	})

	issuer, err := filepath.Abs("../../certs/issuer.yaml")
	require.NoError(t, err)
	w.admin(ctx, t, "apply", "--server-side", "-f", issuer)
	require.NoError(t, poll(ctx, func(ctx context.Context) (bool, error) {
		code, _ := w.readiness(ctx, "")
		return code == http.StatusOK, nil
	}), "ready once it is issued")
	require.NoError(t, tealgate.Namespace(ctx, "shop", "enforce"))

	t.Run("Renews", func(t *testing.T) {
		manifest := "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}"
		before := served(t, tealgate.Webhook)
		// What cmctl renew does.
		w.admin(t.Context(), t, "-n", "tealgate-system", "patch", "certificate", "tealgate-webhook", "--subresource=status", "--type=json",
			"-p", `[{"op": "add", "path": "/status/conditions/-", "value": {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered",
				"message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}}]`)
		require.NoError(t, poll(t.Context(), func(ctx context.Context) (bool, error) {
			result, err := cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(manifest)}, "-n", "shop", "create", "--dry-run=server", "-f", "-")
			if err == nil && result.Code != 0 {
				err = errors.New(result.String())
			}
			return !served(t, tealgate.Webhook).Equal(before), err
		}), "another certificate, and no refused request")
	})
}

// untilLacking waits until readiness says what the Certificate lacks.
func (w *world) untilLacking(t *testing.T, lacking string) {
	t.Helper()
	var said string
	err := poll(t.Context(), func(ctx context.Context) (bool, error) {
		code, body := w.readiness(ctx, "/trusted")
		said = body
		return code == http.StatusInternalServerError && strings.Contains(body, lacking), nil
	})
	require.NoError(t, err, "%s", said)
}

// readiness asks for all checks, or for one of them. Nobody answering is code 0.
func (w *world) readiness(ctx context.Context, check string) (int, string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.tealgate.Ready+check, nil)
	if err != nil {
		return 0, err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}
