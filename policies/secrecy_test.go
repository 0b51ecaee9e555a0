package policies_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// secret is what no answer may hold, wherever it stands in a manifest: answers end in
// the logs of pipelines.
const secret = "hunter2"

// TestNothingSecretIsSaid asks all rules at once: what one masks another must not print.
func TestNothingSecretIsSaid(t *testing.T) {
	env := func(name, value string) map[string]any {
		return map[string]any{"env": []any{map[string]any{"name": name, "value": value}}}
	}
	shell := func(text string) map[string]any { return map[string]any{"command": []any{"sh", "-c", text}} }
	probe := func(text string) map[string]any {
		return map[string]any{"readinessProbe": map[string]any{"exec": map[string]any{"command": []any{"sh", "-c", text}}}}
	}
	cases := map[string]struct {
		container map[string]any
		rules     []string
	}{
		"Flyway's address":       {env("SPRING_FLYWAY_URL", "jdbc:mysql://db/shop?user=a&password=hunter2"), []string{"external-config", "schema-on-start"}},
		"Flyway's password":      {shell("flyway -user=sa -password=hunter2 migrate && exec app"), []string{"external-config", "schema-on-start"}},
		"Liquibase's password":   {shell("liquibase --username=sa --password=hunter2 update"), []string{"external-config", "schema-on-start"}},
		"the address of migrate": {shell("migrate -path /m -database postgres://shop:hunter2@pg/shop up"), []string{"external-config", "schema-on-start"}},
		"the words of goose":     {shell("goose postgres hunter2 up"), []string{"schema-on-start"}},
		"Celery's broker":        {map[string]any{"command": []any{"celery", "-b", "redis://:hunter2@redis:6379/0", "worker"}}, []string{"external-config", "self-registration"}},
		"Celery's broker option": {shell("celery --broker=redis://:hunter2@redis:6379/0 worker"), []string{"external-config", "self-registration"}},
		"Dubbo's registry":       {env("DUBBO_REGISTRY_ADDRESS", "nacos://nacos:hunter2@nacos:8848"), []string{"external-config", "self-registration"}},
		"a probe":                {probe("redis-cli -a hunter2 ping || true"), []string{"readiness-probe"}},
		"a probe that speaks":    {probe("echo hunter2"), []string{"readiness-probe"}},
		"a session store":        {env("SESSION_STORE", "redis://:hunter2@redis/1"), []string{"external-config"}},
		"a configuration centre": {env("SPRING_CLOUD_CONFIG_URI", "http://a:hunter2@config:8888"), []string{"external-config"}},
		"options of Java":        {env("JAVA_TOOL_OPTIONS", "-Dspring.flyway.url=jdbc:mysql://db/shop?password=hunter2"), []string{"external-config", "schema-on-start"}},
		"a bare word":            {map[string]any{"args": []any{"--db-password=x", "-p", "hunter2"}}, []string{"external-config"}},
	}
	engine := engine(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			container := map[string]any{"name": "web", "image": "shop:1.4.0", "ports": []any{map[string]any{"name": "http", "containerPort": 8080}}}
			for key, value := range c.container {
				container[key] = value
			}
			object := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}}}}}
			require.Contains(t, asJSON(t, object), secret)
			violations, err := engine.Evaluate(t.Context(), policy.Input{
				Operation: "CREATE", Kind: "Deployment", Namespace: "shop", Name: "shop-green",
				Object: []byte(asJSON(t, object)), Facts: facts.None(),
			})
			require.NoError(t, err)
			var asked []string
			for _, violation := range violations {
				asked = append(asked, violation.Rule.ID)
				for _, language := range policy.Languages() {
					text, err := violation.Message.Fill(language, violation.With)
					require.NoError(t, err)
					said := fmt.Sprint(violation.Identity(), violation.Subject, violation.Field, text)
					assert.NotContains(t, said, secret, "%s prints it: %s", violation.Rule.ID, said)
				}
			}
			assert.Subset(t, asked, c.rules, "the case provokes other rules than it is there for")
		})
	}
}
