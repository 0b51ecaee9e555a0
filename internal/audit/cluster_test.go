package audit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/settings"
	"github.com/tealgate/tealgate/policies"
	"github.com/tealgate/tealgate/test/env"
)

// applications is how many there are in the cluster of the tests, each a Deployment
// and a Service.
const applications = 300

// namespaces have names whose order is not that of the API server's storage.
var namespaces = []string{"team", "team-a", "team-b", "team1", "kube-system"}

func manifests(applications int) string {
	var b strings.Builder
	for _, namespace := range namespaces {
		fmt.Fprintf(&b, "---\n{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {tealgate.dev/mode: warn}}}\n", namespace)
	}
	for i := range applications {
		namespace, name := namespaces[i%len(namespaces)], fmt.Sprintf("app-%d", i)
		fmt.Fprintf(&b, "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: %s, name: %[2]s}, spec: {replicas: 0, "+
			"selector: {matchLabels: {app: %[2]s}}, template: {metadata: {labels: {app: %[2]s}}, spec: {containers: [{name: web, image: web}]}}}}\n", namespace, name)
		fmt.Fprintf(&b, "---\n{apiVersion: v1, kind: Service, metadata: {namespace: %s, name: %[2]s}, spec: {selector: {app: %[2]s}, "+
			"publishNotReadyAddresses: true, ports: [{port: 80}]}}\n", namespace, name)
	}
	return b.String()
}

func edition(tb testing.TB) admission.Edition {
	tb.Helper()
	engine, err := policies.Engine(tb.Context())
	require.NoError(tb, err)
	return admission.Edition{Rules: engine, Settings: settings.Default()}
}

// TestCluster audits a real API server, page by page.
func TestCluster(t *testing.T) {
	// What a list may go on with is forgotten soon.
	cluster, err := env.Start(t.Context(), env.Options{APIServerArgs: []string{"--etcd-compaction-interval=500ms"}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	result, err := cluster.KubectlWith(t.Context(), env.KubectlOptions{Stdin: strings.NewReader(manifests(applications))}, "apply", "--server-side", "-f", "-")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	reader, err := client.New(cluster.Config, client.Options{})
	require.NoError(t, err)

	t.Run("EachOnce", func(t *testing.T) { eachOnce(t, reader) })
	t.Run("ListsGrowOld", func(t *testing.T) { listsGrowOld(t, reader) })
	t.Run("One", func(t *testing.T) { oneNamespace(t, reader) })
	t.Run("Ends", func(t *testing.T) { ends(t, reader) })
	t.Run("Unseen", func(t *testing.T) { outOfSight(t, cluster) })
}

// gateway is as much of the Gateway API as an HTTPRoute takes.
const gateway = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: httproutes.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-sigs/gateway-api/pull/2997"}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {plural: httproutes, singular: httproute, kind: HTTPRoute, listKind: HTTPRouteList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

// hidden is an application with everything beside it that no webhook sees, and what is
// like that and means nothing.
const hidden = `
{apiVersion: v1, kind: Namespace, metadata: {name: hidden}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: hidden, name: web}, spec: {selector: {app: web, tealgate.dev/color: blue}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: hidden, name: web-green}, spec: {selector: {app: web, tealgate.dev/color: green}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: hidden, name: web-preview, labels: {tealgate.dev/role: preview}}, spec: {selector: {app: web, tealgate.dev/color: green}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: team, name: alias}, spec: {type: ExternalName, externalName: web.hidden.svc.cluster.local}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: team, name: gone}, spec: {type: ExternalName, externalName: gone.hidden.svc.cluster.local}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: hidden, name: edge}, spec: {defaultBackend: {service: {name: web-green, port: {number: 80}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: hidden, name: fine}, spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: hidden, name: dangling}, spec: {defaultBackend: {service: {name: nobody, port: {number: 80}}}}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: hidden, name: route}, spec: {rules: [{backendRefs: [{name: web-preview, port: 80}, {name: web, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: team, name: across}, spec: {rules: [{backendRefs: [{namespace: hidden, name: web-preview, port: 80}]}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: hidden, name: by-hand, labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: me}}, addressType: IPv4, endpoints: [{addresses: [10.1.2.3]}]}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: hidden, name: db}, spec: {replicas: 0, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db, tealgate.dev/color: blue}}, spec: {containers: [{name: db, image: db}]}}}}
`

// outOfSight audits with as little in one page as can be, all and the one namespace, and as
// somebody who may read Deployments and Services only.
func outOfSight(t *testing.T, cluster *env.Cluster) {
	t.Helper()
	apply := func(manifests string) {
		t.Helper()
		result, err := cluster.KubectlWith(t.Context(), env.KubectlOptions{Stdin: strings.NewReader(manifests)}, "apply", "--server-side", "-f", "-")
		require.NoError(t, err)
		require.Zero(t, result.Code, result)
	}
	apply(gateway)
	result, err := cluster.Kubectl(t.Context(), "wait", "--for=condition=Established", "crd/httproutes.gateway.networking.k8s.io", "--timeout=90s")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	apply(hidden)
	reader, err := client.New(cluster.Config, client.Options{})
	require.NoError(t, err)
	beside := []audit.Unseen{
		{Kind: "Ingress", Namespace: "hidden", Name: "edge", Problem: audit.ColorBackend, Service: "web-green", Live: "web"},
		{Kind: "HTTPRoute", Namespace: "hidden", Name: "route", Problem: audit.RoleBackend, Service: "web-preview", Live: "web"},
		{Kind: "EndpointSlice", Namespace: "hidden", Name: "by-hand", Problem: audit.ForeignSlice, Service: "web", By: "me"},
		{Kind: "StatefulSet", Namespace: "hidden", Name: "db", Problem: audit.OldColor, By: "blue"},
	}
	alias := audit.Unseen{Kind: "Service", Namespace: "team", Name: "alias", Problem: audit.ExternalName, Service: "hidden/web"}
	across := audit.Unseen{Kind: "HTTPRoute", Namespace: "team", Name: "across", Problem: audit.RoleBackend, Service: "hidden/web-preview"}
	options := audit.Options{Reader: reader, Edition: edition(t), PageSize: 1, Namespace: "hidden"}
	one, err := audit.Run(t.Context(), options)
	require.NoError(t, err)
	assert.Equal(t, append(slices.Clone(beside), alias), one.Unseen)
	assert.Empty(t, one.NotLooked, "that there are no BlueGreens is no lack of rights")

	options.Namespace, options.PageSize = "", 100
	all, err := audit.Run(t.Context(), options)
	require.NoError(t, err)
	assert.ElementsMatch(t, append(slices.Clone(beside), across, alias), all.Unseen)

	result, err = cluster.Kubectl(t.Context(), "create", "clusterrole", "few", "--verb=list", "--resource=deployments,services,pods,endpointslices,namespaces")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	result, err = cluster.Kubectl(t.Context(), "create", "clusterrolebinding", "few", "--clusterrole=few", "--user=fay")
	require.NoError(t, err)
	require.Zero(t, result.Code, result)
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "fay"}
	options.Reader, err = client.New(config, client.Options{})
	require.NoError(t, err)
	few, err := audit.Run(t.Context(), options)
	require.NoError(t, err)
	var lacking []string
	for _, each := range few.NotLooked {
		lacking = append(lacking, each.What)
	}
	assert.Equal(t, []string{"Ingresses", "HTTPRoutes", "StatefulSets", "Services of namespace hidden"}, lacking)
	assert.Equal(t, []audit.Unseen{beside[2]}, few.Unseen)
	assert.Equal(t, all.Deployments(), few.Deployments())
}

// audited audits all and holds that each object was seen once.
func audited(t *testing.T, reader client.Reader) *audit.Result {
	t.Helper()
	seen := map[string]int{}
	done, total := 0, 0
	result, err := audit.Run(t.Context(), audit.Options{
		Reader: reader, Edition: edition(t), PageSize: 50, Findings: true,
		Each: func(namespace audit.Namespace) error {
			for _, object := range namespace.Objects {
				seen[object.Kind+" "+namespace.Name+"/"+object.Name]++
			}
			return nil
		},
		Progress: func(d, t int) { done, total = d, t },
	})
	require.NoError(t, err)
	for i := range applications {
		namespace := namespaces[i%len(namespaces)]
		want := 1
		if namespace == "kube-system" {
			want = 0
		}
		assert.Equal(t, want, seen[fmt.Sprintf("Deployment %s/app-%d", namespace, i)], "%s/app-%d", namespace, i)
	}
	assert.Empty(t, result.Unjudged)
	assert.Equal(t, 4*applications/5, result.Deployments().Objects)
	assert.Equal(t, 4*applications/5+1, result.Services().Objects, "kubernetes of namespace default is one")
	assert.Equal(t, done, total)
	return result
}

func eachOnce(t *testing.T, reader client.Reader) {
	t.Helper()
	result := audited(t, reader)
	require.Len(t, result.Namespaces, 5)
	assert.Equal(t, "warn", *result.Namespaces[0].Mode)
	assert.Equal(t, applications/5, result.Namespaces[0].Paired)
	assert.Equal(t, audit.Tally{Objects: 60, Denied: 60}, result.Namespaces[0].Deployments)
	assert.Equal(t, audit.Tally{Objects: 60}, result.Namespaces[0].Services, "there are no colors behind them")
	assert.Equal(t, audit.Frequency{Rule: "config-source", Denied: 60}, result.Namespaces[0].Rules[0])
	assert.Equal(t, "default", result.Namespaces[4].Name, "nothing to switch there")
	for _, namespace := range result.Namespaces {
		assert.Empty(t, namespace.Objects, "given to Each")
	}
	require.NoError(t, result.ModesUnknown)
	require.NoError(t, result.ConfigUnknown)
}

// slow reads the second page of a list only when the API server refuses to go on with
// the list as it was.
type slow struct {
	client.Client

	mutex   sync.Mutex
	expired map[string]bool
}

func (s *slow) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	asked := &client.ListOptions{}
	asked.ApplyOptions(options)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if kind := list.GetObjectKind().GroupVersionKind().Kind; asked.Continue != "" && !s.expired[kind] {
		s.expired[kind] = true
		err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			// Only a cluster in which something happens forgets.
			if err := s.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "x-"}}); err != nil {
				return false, err
			}
			again := &unstructured.UnstructuredList{}
			again.SetGroupVersionKind(list.GetObjectKind().GroupVersionKind())
			err := s.Client.List(ctx, again, client.Limit(1), client.Continue(asked.Continue))
			if apierrors.IsResourceExpired(err) {
				return true, nil
			}
			return false, err
		})
		if err != nil {
			return err
		}
	}
	return s.Client.List(ctx, list, options...)
}

func listsGrowOld(t *testing.T, reader client.Client) {
	t.Helper()
	old := &slow{Client: reader, expired: map[string]bool{}}
	audited(t, old)
	assert.Equal(t, map[string]bool{"DeploymentList": true, "ServiceList": true}, old.expired)
}

func oneNamespace(t *testing.T, reader client.Reader) {
	t.Helper()
	options := audit.Options{Reader: reader, Edition: edition(t), Namespace: "team", PageSize: 7, Findings: true}
	result, err := audit.Run(t.Context(), options)
	require.NoError(t, err)
	require.Len(t, result.Namespaces, 1)
	assert.Equal(t, "team", result.Namespaces[0].Name)
	assert.Len(t, result.Namespaces[0].Objects, 60, "the Deployments")
	_, ok := result.Pilot()
	assert.False(t, ok, "there is no choice")
	assert.Contains(t, result.Namespaces[0].Objects[0].Denial, "problems in Deployment team/app-0: config-source, readiness-probe, version-label\n")

	options.Namespace = "kube-system"
	_, err = audit.Run(t.Context(), options)
	assert.EqualError(t, err, "tealgate is never asked in namespace kube-system")
	options.Namespace = "gone"
	_, err = audit.Run(t.Context(), options)
	assert.True(t, apierrors.IsNotFound(err), err)
}

// ends holds that an interrupt is an error and no half of a report.
func ends(t *testing.T, reader client.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := audit.Run(ctx, audit.Options{
		Reader: reader, Edition: edition(t), PageSize: 50,
		Each: func(audit.Namespace) error {
			cancel(assert.AnError)
			return nil
		},
	})
	assert.ErrorIs(t, err, assert.AnError)

	_, err = audit.Run(t.Context(), audit.Options{Reader: reader, Edition: edition(t), Each: func(audit.Namespace) error { return assert.AnError }})
	assert.ErrorIs(t, err, assert.AnError)
}
