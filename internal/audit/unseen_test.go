package audit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func serviceOf(name, c, role string) *corev1.Service {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	service.Spec.Selector = map[string]string{"app": "shop"}
	if c != "" {
		service.Spec.Selector["tealgate.dev/color"] = c
	}
	if role != "" {
		service.Labels = map[string]string{"tealgate.dev/role": role}
	}
	return service
}

func TestPast(t *testing.T) {
	other := serviceOf("other", "green", "")
	other.Spec.Selector["app"] = "other"
	shop := serviceOf("shop", "blue", "")
	for name, test := range map[string]struct {
		reason  string
		backend *corev1.Service
		beside  []*corev1.Service
		managed string
		want    Problem
		live    string
	}{
		"Live":            {"the live one itself", shop, nil, "", "", ""},
		"Preview":         {"", serviceOf("shop-preview", "green", "preview"), []*corev1.Service{other, shop}, "", RoleBackend, "shop"},
		"Metrics":         {"", serviceOf("shop-metrics", "", "metrics"), []*corev1.Service{shop}, "", RoleBackend, "shop"},
		"PreviewOfNobody": {"nothing is passed", serviceOf("shop-preview", "green", "preview"), []*corev1.Service{other}, "", "", ""},
		"NamedLikeAColor": {"a switch moves shop and not it", serviceOf("shop-green", "green", ""), []*corev1.Service{shop}, "", ColorBackend, "shop"},
		"TheSameColor":    {"until the next switch", serviceOf("shop-blue", "blue", ""), []*corev1.Service{shop}, "", ColorBackend, "shop"},
		"Unmanaged":       {"the BlueGreen moves shop", serviceOf("web", "green", ""), []*corev1.Service{shop}, "shop", ColorBackend, "shop"},
		"Managed":         {"the BlueGreen moves this one", serviceOf("shop-green", "green", ""), []*corev1.Service{shop}, "shop-green", "", ""},
		"NobodyKnows":     {"either may be the live one", serviceOf("web", "green", ""), []*corev1.Service{shop}, "", "", ""},
		"Colorless":       {"the rules have their say about it", serviceOf("shop-green", "", ""), []*corev1.Service{shop}, "", "", ""},
		"Another":         {"another application", other, []*corev1.Service{shop}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, live := past(test.backend, append(test.beside, test.backend), func(name string) bool { return name == test.managed })
			assert.Equal(t, test.want, got, test.reason)
			assert.Equal(t, test.live, live, test.reason)
		})
	}
}

func TestInCluster(t *testing.T) {
	for host, want := range map[string]string{
		"shop.store.svc.cluster.local": "store/shop", "shop.store.svc.cluster.local.": "store/shop", "Shop.store.svc": "store/shop",
		"db.example.com": "", "shop.store": "", "shop": "", "": "", "a.b.c.svc": "",
	} {
		namespace, name, ok := inCluster(host)
		assert.Equal(t, want != "", ok, host)
		if ok {
			assert.Equal(t, want, namespace+"/"+name)
		}
	}
}

func TestLeadOf(t *testing.T) {
	for name, test := range map[string]struct {
		object string
		want   []string
		by     string
		leads  bool
	}{
		"Ingress": {
			`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: x}, spec: {defaultBackend: {service: {name: b}}, rules: [` +
				`{host: x}, {http: {paths: [{backend: {service: {name: a}}}, {backend: {resource: {kind: Bucket, name: c}}}, {backend: {service: {name: a}}}]}}]}}`,
			[]string{"shop/a", "shop/b"},
			"", true,
		},
		"IngressWithoutBackend": {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: x}}`, nil, "", false},
		"HTTPRoute": {
			`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: shop, name: x}, spec: {rules: [{}, {backendRefs: [` +
				`{name: a}, {name: b, kind: Service, group: "", namespace: other}, {name: c, kind: Bucket, group: store.example}]}]}}`,
			[]string{"other/b", "shop/a"},
			"", true,
		},
		"EndpointSlice": {
			`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: shop, name: x, labels: {kubernetes.io/service-name: a, endpointslice.kubernetes.io/managed-by: me}}}`,
			[]string{"shop/a"},
			"me", true,
		},
		"StatefulSet": {
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: x}, spec: {template: {metadata: {labels: {tealgate.dev/color: blue}}}}}`,
			nil, "blue", true,
		},
		"StatefulSetWithoutColor": {`{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: x}}`, nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{}
			require.NoError(t, yaml.Unmarshal([]byte(test.object), &object.Object))
			got, leads, err := leadOf(object)
			require.NoError(t, err)
			assert.Equal(t, test.leads, leads)
			assert.Equal(t, test.by, got.by)
			assert.ElementsMatch(t, test.want, got.services)
		})
	}
}
