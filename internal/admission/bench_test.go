package admission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// benchmarked is a review of a Deployment with three containers with which nothing
// is wrong.
func benchmarked(b *testing.B) []byte {
	b.Helper()
	container := `
      - name: NAME
        image: registry.example:5000/shop/NAME:1.4.0
        args: [--listen=:8080, --log-format=json, --config=/etc/shop/config.yaml]
        ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
        env:
        - {name: LOG_LEVEL, value: info}
        - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel-collector.monitoring:4317"}
        - {name: DB_URL, valueFrom: {secretKeyRef: {name: shop-secrets, key: DB_URL}}}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        envFrom: [{configMapRef: {name: shop-config}}]
        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5, failureThreshold: 3}
        livenessProbe: {httpGet: {path: /livez, port: http}, periodSeconds: 10}
        lifecycle: {preStop: {sleep: {seconds: 5}}}
        resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 512Mi}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: config, mountPath: /etc/shop}, {name: tmp, mountPath: /tmp}]`
	head, _, _ := strings.Cut(goodDeployment, "      - name: web")
	object := head + strings.TrimPrefix(
		strings.ReplaceAll(container, "NAME", "web")+strings.ReplaceAll(container, "NAME", "api")+strings.ReplaceAll(container, "NAME", "cache"), "\n") + `
      volumes: [{name: config, configMap: {name: shop-config}}, {name: tmp, emptyDir: {}}]
`
	return ask{object: object}.body(b)
}

// BenchmarkValidateDeployment is a whole decision: raw bytes in, all rules of the
// program, the answer's bytes out.
func BenchmarkValidateDeployment(b *testing.B) {
	w, _ := cluster{rules: embeddedRules(b), facts: busy()}.webhooks()
	handler := w.Handlers()["/validate-enforce"]
	body := benchmarked(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/validate-enforce?timeout=3s", bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if answer := recorder.Body.Bytes(); !bytes.Contains(answer, []byte(`"allowed":true`)) || bytes.Contains(answer, []byte(`"warnings"`)) {
			b.Fatal(recorder.Body.String())
		}
	}
}

// BenchmarkRules is the same decision with one rule, and with none: what a rule costs by
// itself, with all that it asks of the library (docs/adr/0019).
func BenchmarkRules(b *testing.B) {
	body := benchmarked(b)
	all := embeddedRules(b)
	ids := []string{"none"}
	for _, rule := range all.Rules() {
		ids = append(ids, rule.ID)
	}
	for _, id := range ids {
		b.Run(id, func(b *testing.B) {
			one, err := all.Tuned(policy.Tuning{Settings: policy.DefaultSettings(), Action: func(_, rule string) policy.Action {
				if rule == id {
					return ""
				}
				return policy.Off
			}})
			require.NoError(b, err)
			w, _ := cluster{rules: one, facts: busy()}.webhooks()
			handler := w.Handlers()["/validate-enforce"]
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/validate-enforce?timeout=3s", bytes.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				handler.ServeHTTP(httptest.NewRecorder(), request)
			}
		})
	}
}

// BenchmarkDecode is what reading the same review into types costs alone.
func BenchmarkDecode(b *testing.B) {
	body := benchmarked(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var review admissionv1.AdmissionReview
		require.NoError(b, json.Unmarshal(body, &review))
		var deployment appsv1.Deployment
		require.NoError(b, json.Unmarshal(review.Request.Object.Raw, &deployment))
	}
}

// BenchmarkHostileString evaluates one long value of the worst kind at two sizes.
// Regular expressions are RE2: twice the size takes about twice the time, never
// four times.
func BenchmarkHostileString(b *testing.B) {
	rules := embeddedRules(b)
	for _, size := range []int{1 << 15, 1 << 16, 1 << 17} {
		for name, part := range map[string]string{"address": "://a:@", "parameter": "password=x;"} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				object := deploymentOf(fmt.Sprintf(`{"name":"c","image":"a:1","env":[{"name":"DB_URL","value":%q}]}`,
					strings.Repeat(part, size/len(part))), "")
				input := policy.Input{
					Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop", Object: []byte(object), Facts: facts.None(),
				}
				for b.Loop() {
					_, err := rules.Evaluate(b.Context(), input)
					require.NoError(b, err)
				}
			})
		}
	}
}
