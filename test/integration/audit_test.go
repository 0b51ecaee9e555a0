package integration

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/certs"
	"github.com/tealgate/tealgate/test/env"
)

// auditEvent is the part of audit.k8s.io/v1 Event that the tests read.
type auditEvent struct {
	Verb string `json:"verb"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		Resource  string `json:"resource"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	RequestURI               string            `json:"requestURI"`
	RequestReceivedTimestamp metav1.MicroTime  `json:"requestReceivedTimestamp"`
	StageTimestamp           metav1.MicroTime  `json:"stageTimestamp"`
	Annotations              map[string]string `json:"annotations"`
}

const tealgateUser = "system:serviceaccount:tealgate-system:tealgate"

// TestAPIRequests reads from the API server's own log what tealgate does: nothing
// is written in a dry run, nothing is refused, one guarded update costs three live reads at
// most. No informer of its manager is for pods or their endpoints.
func TestAPIRequests(t *testing.T) {
	t.Parallel()
	w := start(t, env.Options{}) // Nothing that other tests have left asks for anything.
	log := w.cluster.AuditLog()
	ctx := t.Context()
	require.NoError(t, w.tealgate.Namespace(ctx, "requests", "enforce"))
	apply := func(file string, args ...string) {
		w.admin(ctx, t, append([]string{"-n", "requests", "apply", "-f", filepath.Join("testdata", "shared", file)}, args...)...)
	}

	apply("shop-blue.yaml")
	w.admin(ctx, t, "-n", "requests", "rollout", "status", "deployment/shop-blue", "--timeout=90s")

	dry := requestsDuring(t, log, func() {
		apply("service.yaml", "--dry-run=server")
		apply("shop-green.yaml", "--dry-run=server")
	})
	assert.NotEmpty(t, dry, "the Service's pods are read live")
	for _, event := range dry {
		assert.NotContains(t, []string{"create", "update", "patch", "delete"}, event.Verb, event.RequestURI)
	}

	apply("service.yaml")
	apply("shop-green.yaml")
	w.admin(ctx, t, "-n", "requests", "rollout", "status", "deployment/shop-green", "--timeout=90s")
	w.holdReads(t, log)

	var watched []string
	for _, event := range readAudit(t, log) {
		if event.User.Username == tealgateUser {
			assert.NotContains(t, []int{401, 403}, event.ResponseStatus.Code, "%s %s", event.Verb, event.RequestURI)
			switch {
			case event.Verb != "watch":
			case event.ObjectRef.Resource == "secrets":
				assert.Contains(t, event.RequestURI, "fieldSelector=metadata.name%3D"+certs.SecretName, "the one that it serves with")
			default:
				watched = append(watched, event.ObjectRef.Resource)
			}
		}
	}
	assert.Subset(t, watched, []string{"deployments", "services"}, "what is cached")
	for _, resource := range []string{"pods", "endpointslices", "endpoints", "replicasets", "events"} {
		assert.NotContains(t, watched, resource, "what decides about readiness, or grows with it, has no informer")
	}
}

// TestAuditAnnotations holds that the API server's log names the rules and the policies.
func TestAuditAnnotations(t *testing.T) {
	w := solitary(t)
	log := w.cluster.AuditLog()
	ctx := t.Context()
	require.NoError(t, w.tealgate.Namespace(ctx, "quiet", "audit"))
	manifest := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: bad}, spec: {selector: {matchLabels: {app: bad}}, " +
		"template: {metadata: {labels: {app: bad, version: '1'}}, spec: {containers: [{name: web, image: 'a:1', ports: [{containerPort: 80}], " +
		"lifecycle: {preStop: {sleep: {seconds: 5}}}}]}}}}"
	result, err := w.cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(manifest)}, "-n", "quiet", "apply", "-f", "-")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	assert.Empty(t, result.Stderr, "audit is silent")
	result, err = w.cluster.Kubectl(ctx, "-n", "quiet", "run", "bare", "--image=a:1", "--labels=tealgate.dev/color=blue")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	assert.Empty(t, result.Stderr, "audit is silent")

	found := map[string]string{}
	for _, event := range readAudit(t, log) {
		maps.Copy(found, event.Annotations)
	}
	assert.Equal(t, "would-deny config-source spec.template.spec; "+
		"would-deny readiness-probe spec.template.spec.containers[0].readinessProbe", found["validate-audit.tealgate.dev/problems"])
	assert.Contains(t, found["validation.policy.admission.k8s.io/validation_failure"],
		`"message":"1 problem in Pod quiet/bare: pod-color: it carries the color blue and is made by admin, `)
}

// requestsDuring returns what tealgate asked of the API server while do ran,
// apart from what goes on all the time.
func requestsDuring(t *testing.T, log string, do func()) []auditEvent {
	t.Helper()
	before := len(readAudit(t, log))
	do()
	return requested(readAudit(t, log)[before:])
}

// requested leaves of a log what tealgate asked for, apart from what goes on all the time.
func requested(log []auditEvent) []auditEvent {
	var ours []auditEvent
	for _, event := range log {
		background := event.ObjectRef.Resource == "leases" || event.Verb == "watch"
		if event.User.Username == tealgateUser && !background {
			ours = append(ours, event)
		}
	}
	return ours
}

func readAudit(t *testing.T, path string) []auditEvent {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var events []auditEvent
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // still being written
		}
		var event auditEvent
		require.NoError(t, json.Unmarshal(line, &event))
		events = append(events, event)
	}
	return events
}
