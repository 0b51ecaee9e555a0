package integration

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
)

const certManagerOverlay = "manifests/overlays/cert-manager"

// TestCertManager installs the overlay with the real cert-manager: what is missing is said,
// what is issued is served, and while it is renewed, its CA changes, and tealgate moves to
// certificates of its own and back, no request is refused. The roles are enough for all of it,
// as startCluster holds.
func TestCertManager(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cluster := startCluster(t, env.Options{})
	require.NoError(t, env.InstallCertManager(ctx, cluster))
	w := install(t, cluster, env.TealgateOptions{
		Binary: binary, Manifests: certManagerOverlay, Args: fromCertManager, Unready: true,
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

	so := w.underRequests(t)
	t.Run("Renews", w.renews)
	t.Run("CAChanges", w.changesCA)
	t.Run("Back", w.movesBack)
	t.Run("There", w.movesThere)
	so(t)
	t.Run("Twice", installation{w}.certManagerTwice)
	t.Run("EntriesStay", installation{w}.entriesStay)
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
