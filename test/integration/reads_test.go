package integration

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/test/env"
)

// maxReads is what one guarded update may cost.
const maxReads = 3

// reads are, for each request, what tealgate reads live for all of its entries together, by
// resource. Blue is live, green stands beside it, three pods each; all are dry runs.
var reads = map[string]struct {
	args string
	// object is what is created, in YAML.
	object string
	denied bool
	want   string
}{
	"the Service moves: one of the entries records it, one judges": {args: `patch service shop -p {"spec":{"selector":{"tealgate.dev/color":"green"}}}`, want: "endpointslices pods pods"},
	"the Service stays where it is":                                {args: `patch service shop -p {"spec":{"sessionAffinity":"ClientIP"}}`, want: "endpointslices pods"},
	"the Service gets another port":                                {args: `patch service shop --type=json -p [{"op":"replace","path":"/spec/ports/0/targetPort","value":"web"}]`, denied: true, want: "endpointslices pods"},
	"the Service goes to another application":                      {args: `patch service shop -p {"spec":{"selector":{"app":"cart"}}}`, denied: true, want: "endpointslices pods"},
	"the Service selects nothing any more":                         {args: `patch service shop --type=json -p [{"op":"remove","path":"/spec/selector"}]`, denied: true, want: "endpointslices"},
	"the Service loses its color, and gets it back":                {args: `patch service shop --type=json -p [{"op":"remove","path":"/spec/selector/tealgate.dev~1color"}]`},
	"the Service gets a role":                                      {args: "label service shop tealgate.dev/role=preview", denied: true, want: "endpointslices pods"},
	"the Service gets an annotation of somebody":                   {args: "annotate service shop note=x"},
	"the Service is deleted":                                       {args: "delete service shop"},

	"a new version of the idle color":             {args: "set image deployment/shop-green web=shop/web:1.6.0", want: "configmaps"},
	"a new version of the live color":             {args: "set image deployment/shop-blue web=shop/web:1.6.0", want: "configmaps endpointslices"},
	"the idle color is relabelled":                {args: `patch deployment shop-green -p {"spec":{"template":{"metadata":{"labels":{"app.kubernetes.io/version":"1.6.0"}}}}}`, want: "configmaps"},
	"the live color is relabelled":                {args: `patch deployment shop-blue -p {"spec":{"template":{"metadata":{"labels":{"app.kubernetes.io/version":"1.6.0"}}}}}`, want: "configmaps endpointslices"},
	"the idle color loses its probe":              {args: "patch deployment shop-green --type=json -p " + withoutProbe, denied: true, want: "configmaps replicasets"},
	"the live color loses its probe":              {args: "patch deployment shop-blue --type=json -p " + withoutProbe, denied: true, want: "configmaps endpointslices replicasets"},
	"the live color is restarted":                 {args: `patch deployment shop-blue -p {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`, want: "configmaps"},
	"what is not of the pods changes":             {args: `patch deployment shop-blue -p {"spec":{"minReadySeconds":1}}`},
	"fewer pods of the live color":                {args: `patch deployment shop-blue -p {"spec":{"replicas":2}}`, want: "endpointslices"},
	"fewer pods of the idle color":                {args: `patch deployment shop-green -p {"spec":{"replicas":2}}`},
	"more pods of the live color":                 {args: `patch deployment shop-blue -p {"spec":{"replicas":5}}`},
	"a color without a Service is relabelled":     {args: `patch deployment lone-blue -p {"spec":{"template":{"metadata":{"labels":{"app.kubernetes.io/version":"1.6.0"}}}}}`, want: "configmaps services"},
	"a color without a Service gets an unfit pod": {args: "patch deployment lone-blue --type=json -p " + withoutProbeAnd, denied: true, want: "configmaps replicasets services"},

	"the live color is scaled down":  {args: "scale deployment shop-blue --replicas=2", want: "endpointslices services"},
	"the live color is scaled to 0":  {args: "scale deployment shop-blue --replicas=0", denied: true, want: "endpointslices services"},
	"the idle color is scaled to 0":  {args: "scale deployment shop-green --replicas=0", want: "services"},
	"the live color is scaled up":    {args: "scale deployment shop-blue --replicas=5"},
	"the live color is deleted":      {args: "delete deployment shop-blue", denied: true, want: "endpointslices namespaces services"},
	"the idle color is deleted":      {args: "delete deployment shop-green", want: "services"},
	"what has no Service is deleted": {args: "delete deployment lone-blue"},

	"a new Service on a color": {
		args: "create -f -", want: "deployments pods",
		object: "{apiVersion: v1, kind: Service, metadata: {name: new}, spec: {selector: {app: shop, tealgate.dev/color: blue}, ports: [{port: 80, targetPort: http}]}}",
	},
	"a new Service that is pinned": {
		args: "create -f -", want: "deployments pods pods",
		object: "{apiVersion: v1, kind: Service, metadata: {name: new}, spec: {selector: {app: lone}, ports: [{port: 80, targetPort: http}]}}",
	},
}

const (
	withoutProbe    = `[{"op":"remove","path":"/spec/template/spec/containers/0/readinessProbe"}]`
	withoutProbeAnd = `[{"op":"remove","path":"/spec/template/spec/containers/0/readinessProbe"},{"op":"add","path":"/spec/template/metadata/labels/team","value":"store"}]`
)

// holdReads fails when a request costs other reads than it should, or one that has no bound.
func (w *world) holdReads(t *testing.T, log string) {
	t.Helper()
	ctx := t.Context()
	w.lone(ctx, t)
	require.Eventually(t, func() bool {
		ready := w.admin(ctx, t, "-n", "requests", "get", "endpointslices", "-l", "kubernetes.io/service-name=shop",
			"-o", "jsonpath={.items[*].endpoints[*].conditions.ready}")
		return strings.Count(ready, "true") == 3
	}, time.Minute, 100*time.Millisecond, "blue serves")
	for name, test := range reads {
		t.Run(name, func(t *testing.T) {
			var result env.KubectlResult
			requests := requestsDuring(t, log, func() {
				var err error
				args := append([]string{"-n", "requests"}, strings.Fields(test.args)...)
				result, err = w.cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(test.object)}, append(args, "--dry-run=server")...)
				require.NoError(t, err)
			})
			assert.Equal(t, test.denied, result.Code != 0, result)
			assert.Equal(t, test.denied, strings.Contains(result.Stderr, "denied the request: 1 problem in "), result)
			var got []string
			for _, event := range requests {
				if event.Verb != "list" && event.Verb != "get" {
					continue
				}
				got = append(got, event.ObjectRef.Resource)
				if event.Verb == "list" {
					assert.Contains(t, event.RequestURI, "limit=")
				}
				if slices.Contains([]string{"pods", "endpointslices", "replicasets"}, event.ObjectRef.Resource) {
					assert.Contains(t, event.RequestURI, "labelSelector=")
				}
			}
			slices.Sort(got)
			assert.Equal(t, test.want, strings.Join(got, " "))
			assert.LessOrEqual(t, len(got), maxReads)
		})
	}
}

// lone applies a color of an application that no Service is in front of.
func (w *world) lone(ctx context.Context, t *testing.T) {
	t.Helper()
	blue, err := os.ReadFile(filepath.Join("testdata", "shared", "shop-blue.yaml"))
	require.NoError(t, err)
	result, err := w.cluster.KubectlWith(ctx, env.KubectlOptions{Stdin: strings.NewReader(strings.ReplaceAll(string(blue), "shop", "lone"))},
		"-n", "requests", "apply", "-f", "-")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	w.admin(ctx, t, "-n", "requests", "rollout", "status", "deployment/lone-blue", "--timeout=90s")
}
