package admission

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile are objects that an attacker sends to keep the webhook busy. All have a
// problem, so that being allowed in enforce is wrong whatever it costs to find it.
func hostile() map[string]string {
	container := func(i int, rest string) string {
		return fmt.Sprintf(`{"name":"c%d","image":"shop/web:1.4.0","ports":[{"containerPort":8080}]%s}`, i, rest)
	}
	repeat := func(n int, one func(int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = one(i)
		}
		return strings.Join(parts, ",")
	}
	env := func(n int, name, value string) string {
		return `,"env":[` + repeat(n, func(i int) string { return fmt.Sprintf(`{"name":"%s_%d","value":%q}`, name, i, value) }) + `]`
	}
	const mega = 1 << 20
	const longest = 120 << 10
	return map[string]string{
		"as many containers as are looked at": deploymentOf(repeat(500, func(i int) string { return container(i, env(9, "DB_PASSWORD", "hunter2x")) }), ""),
		"as many passwords as are looked at":  deploymentOf(container(0, env(5000, "API_PASSWORD", "hunter2x")), ""),
		"as many addresses as are looked at":  deploymentOf(container(0, env(5000, "URL", "postgres://a:b@c.example.com:5432/d")), ""),
		"as long as is looked at, addresses":  deploymentOf(container(0, env(12, "DB_URL", strings.Repeat("://a:@", longest/6))), ""),
		"as long as is looked at, parameters": deploymentOf(container(0, env(12, "DB_URL", strings.Repeat("password=x;", longest/11))), ""),
		"as long as is looked at, words":      deploymentOf(container(0, `,"args":["`+strings.Repeat("--password x ", longest/13)+`"]`), ""),
		"2,000 containers":                    deploymentOf(repeat(2000, func(i int) string { return container(i, "") }), ""),
		"2,000 containers with secrets":       deploymentOf(repeat(2000, func(i int) string { return container(i, env(5, "DB_PASSWORD", "hunter2x")) }), ""),
		"10,000 env":                          deploymentOf(container(0, env(10000, "NAME", "some value")), ""),
		"10,000 passwords":                    deploymentOf(container(0, env(10000, "API_PASSWORD", "hunter2x")), ""),
		"10,000 addresses":                    deploymentOf(container(0, env(10000, "URL", "postgres://a:b@c.example.com:5432/d")), ""),
		"1 MB of one letter":                  deploymentOf(container(0, env(1, "DB_URL", strings.Repeat("a", mega))), ""),
		"1 MB that nearly is an address":      deploymentOf(container(0, env(1, "DB_URL", strings.Repeat("://a:@", mega/6))), ""),
		"1 MB that nearly is a parameter":     deploymentOf(container(0, env(1, "DB_URL", strings.Repeat("password=x;", mega/11))), ""),
		"1 MB of hosts":                       deploymentOf(container(0, env(1, "KAFKA_BROKERS", strings.Repeat("a.example.com:1,", mega/16))), ""),
		"1 MB name":                           deploymentOf(container(0, env(1, strings.Repeat("aB", mega/2), "x")), ""),
		"1 MB of words in args":               deploymentOf(container(0, `,"args":["`+strings.Repeat("--password x ", mega/13)+`"]`), ""),
		"100,000 args":                        deploymentOf(container(0, `,"args":[`+repeat(100000, func(int) string { return `"--a=b"` })+`]`), ""),
		"1 MB of nesting in an annotation":    deploymentOf(container(0, ""), strings.Repeat(`[`, mega/2)+strings.Repeat(`]`, mega/2)),
		"10,000 exemptions":                   deploymentExempt(container(0, ""), strings.Repeat("readiness-probe: x until 2099-01-01;", 10000)),
	}
}

func deploymentOf(containers, annotation string) string {
	return deploymentWith(containers, "note", annotation)
}

func deploymentExempt(containers, annotation string) string {
	return deploymentWith(containers, "tealgate.dev/exempt", annotation)
}

func deploymentWith(containers, key, annotation string) string {
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop","namespace":"shop","annotations":{%q:%q}},`+
		`"spec":{"selector":{"matchLabels":{"app":"shop"}},"template":{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[%s]}}}}`,
		key, annotation, containers)
}

func reviewOf(t *testing.T, object string) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
			"uid": "b5f5", "operation": "CREATE", "namespace": "shop", "name": "shop", "userInfo": map[string]any{"username": "mallory"},
			"kind":   map[string]any{"group": "apps", "version": "v1", "kind": "Deployment"},
			"object": json.RawMessage(object),
		},
	})
	require.NoError(t, err)
	return body
}

// TestHostileInput holds that every answer comes from the webhook itself, by its own
// deadline at the latest, that enforce allows none of it, that the others
// deny none of it, and that nothing goes on working afterwards.
func TestHostileInput(t *testing.T) {
	w, _ := cluster{rules: embeddedRules(t), facts: busy()}.webhooks()
	for name, object := range hostile() {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			body := reviewOf(t, object)
			post(t, w, "mutate", body)
			enforced := post(t, w, "validate-enforce", body)
			assert.False(t, enforced.Allowed)
			if enforced.Result.Code != 403 {
				assert.Contains(t, enforced.Result.Message, "tealgate could not decide: ")
				t.Logf("%s", enforced.Result.Message)
			}
			warned := post(t, w, "validate-warn", body)
			assert.True(t, warned.Allowed)
			assert.NotEmpty(t, warned.Warnings)
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, time.Minute, 10*time.Millisecond,
				"an evaluation that nobody waits for goes on")
		})
	}
}

// TestDeepNesting: what encoding/json does not read, and what it just reads, in a
// field that no type knows.
func TestDeepNesting(t *testing.T) {
	w, _ := cluster{rules: embeddedRules(t), facts: busy()}.webhooks()
	for _, depth := range []int{9000, 100000} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			object := strings.TrimSuffix(deploymentOf(`{"name":"c","image":"a:1","ports":[{"containerPort":1}]}`, ""), "}") +
				`,"unknown":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
			body := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"b5f5","operation":"CREATE","namespace":"shop",` +
				`"name":"shop","userInfo":{"username":"mallory"},"kind":{"group":"apps","version":"v1","kind":"Deployment"},"object":` + object + `}}`
			assert.False(t, post(t, w, "validate-enforce", []byte(body)).Allowed)
			assert.True(t, post(t, w, "validate-warn", []byte(body)).Allowed)
		})
	}
}
