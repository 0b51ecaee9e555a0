package facts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/color"
)

func service(selector map[string]string) *corev1.Service {
	return &corev1.Service{Spec: corev1.ServiceSpec{Selector: selector}}
}

func TestSelectsPairsAndPinnable(t *testing.T) {
	blue := map[string]string{"app": "shop", "tealgate.dev/color": "blue"}
	plain := map[string]string{"app": "shop"}
	pod := map[string]string{"app": "shop", "tealgate.dev/color": "green", "team": "x"}
	role := func(role string) *corev1.Service {
		s := service(plain)
		s.Labels = map[string]string{"tealgate.dev/role": role}
		return s
	}
	external := service(plain)
	external.Spec.Type = corev1.ServiceTypeExternalName
	annotated := service(plain)
	annotated.Annotations = map[string]string{"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}
	argo := service(map[string]string{"app": "shop", "rollouts-pod-template-hash": "6bd9f4d9bd"})
	argo.Annotations = map[string]string{"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}
	headless := service(plain)
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	for name, test := range map[string]struct {
		reason                   string
		service                  *corev1.Service
		selects, pairs, pinnable bool
	}{
		"Colorless":    {"it routes to both colors until it is pinned", service(plain), true, true, true},
		"OtherColor":   {"one side of its application, not the one that it sends traffic to", service(blue), false, true, false},
		"SameColor":    {"the live side", service(map[string]string{"app": "shop", "tealgate.dev/color": "green"}), true, true, false},
		"AnotherApp":   {"nothing to do with it", service(map[string]string{"app": "cart"}), false, false, true},
		"OnlyAColor":   {"without its color it would match the whole namespace", service(map[string]string{"tealgate.dev/color": "blue"}), false, false, false},
		"OnlyItsColor": {"it matches by the color alone", service(map[string]string{"tealgate.dev/color": "green"}), true, true, false},
		"EmptyColor":   {"a key is there, so nothing is added", service(map[string]string{"app": "shop", "tealgate.dev/color": ""}), false, true, false},
		"NoSelector":   {"an empty selector means nothing, not everything", service(nil), false, false, false},
		"ExternalName": {"the API ignores its selector", external, false, false, false},
		"Argo":         {"Argo Rollouts moves it", argo, false, false, false},
		"Annotated":    {"anybody may write that it does", annotated, true, true, true},
		"Headless":     {"clients get the pods' addresses all the same", headless, true, true, true},
		"Preview":      {"it selects pods, and no live traffic is to be pinned", role("preview"), true, true, false},
		"Metrics":      {"the same", role("metrics"), true, true, false},
		"UnknownRole":  {"a misspelled role takes nobody out", role("previw"), true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.selects, Selects(test.service, pod), "selects: %s", test.reason)
			assert.Equal(t, test.pairs, Pairs(test.service, pod), "pairs: %s", test.reason)
			assert.Equal(t, test.pinnable, Pinnable(test.service), "pinnable: %s", test.reason)
		})
	}
	assert.Equal(t, map[string]string{"app": "shop", "tealgate.dev/color": "blue"}, blue, "the Service itself is not changed")
}

func TestIdleColor(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		facts  Facts
		want   color.Color
	}{
		"Nothing":   {"nothing tells", None(), ""},
		"BlueLive":  {"the other of the live one", Facts{Services: []Service{{Color: "blue"}}}, color.Green},
		"GreenLive": {"the other of the live one", Facts{Services: []Service{{Color: "green"}}}, color.Blue},
		"LiveBeatsPair": {
			"what is live decides, not what stands there",
			Facts{Services: []Service{{Color: "green"}}, Pair: []Deployment{{Color: "blue"}}},
			color.Blue,
		},
		"PreviewDoesNotCount": {
			"a preview follows the idle color", Facts{Services: []Service{{Color: "green", Role: "preview"}, {Color: "blue"}}}, color.Green,
		},
		"StrangeServiceColor": {"red is none", Facts{Services: []Service{{Color: "red"}, {Color: "green"}}}, color.Blue},
		"OnlyOneSide":         {"the other of the only color", Facts{Services: []Service{{}}, Pair: []Deployment{{Color: "blue"}, {Color: "blue"}}}, color.Green},
		"BothSides":           {"nothing tells", Facts{Services: []Service{{}}, Pair: []Deployment{{Color: "blue"}, {Color: "green"}}}, ""},
		"UncolouredSide":      {"nobody knows what that one will be", Facts{Pair: []Deployment{{Color: "blue"}, {Color: ""}}}, ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.facts.IdleColor(), test.reason) })
	}
}

func TestVersion(t *testing.T) {
	for name, test := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"None":        {nil, ""},
		"Recommended": {map[string]string{"app.kubernetes.io/version": "1.4.0"}, "1.4.0"},
		"Short":       {map[string]string{"version": "v2"}, "v2"},
		"Both":        {map[string]string{"version": "v2", "app.kubernetes.io/version": "1.4.0"}, "1.4.0"},
		"Empty":       {map[string]string{"version": "v2", "app.kubernetes.io/version": ""}, "v2"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, Version(test.labels)) })
	}
}

func TestReferences(t *testing.T) {
	found := references([]corev1.Container{{Name: "web", Env: []corev1.EnvVar{
		{Name: "LITERAL", Value: "x"},
		{Name: "SECRET", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k"}}},
		{Name: "MAP", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "m"}, Key: "k"}}},
		{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
	}}})
	assert.Equal(t, []Reference{
		{Container: "web", Env: "SECRET", Kind: "Secret", Name: "s", Key: "k"}, {Container: "web", Env: "MAP", Kind: "ConfigMap", Name: "m", Key: "k"},
	}, found)
	assert.NotNil(t, references(nil), "a rule that walks a list must find one")
}

// What a Service was is judged with the pods that were read only where they are
// the same pods.
func TestForOldService(t *testing.T) {
	gathered := Facts{Selected: Selected{Pods: []Pod{{Name: "a"}}}, Serving: Serving{Ready: 3, Pods: []string{"b"}}}
	blue, green := service(map[string]string{"app": "shop"}), service(map[string]string{"app": "cart"})
	assert.Equal(t, gathered.Selected, ForOldService(blue, blue.DeepCopy(), gathered).Selected)
	moved := ForOldService(green, blue, gathered)
	assert.Empty(t, moved.Selected.Pods)
	assert.NotNil(t, moved.Selected.Pods)
	assert.Equal(t, gathered.Serving, moved.Serving)
}

func TestCarriesTraffic(t *testing.T) {
	for role, want := range map[string]bool{"": true, "preview": false, "metrics": false, "Preview": true, "live": true} {
		assert.Equal(t, want, CarriesTraffic(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tealgate.dev/role": role}}}), role)
	}
}

func TestSelectedBy(t *testing.T) {
	deployment := func(name string, labels, annotations map[string]string) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}}
		d.Spec.Template.Labels, d.Spec.Template.Annotations = labels, annotations
		return d
	}
	shop, other := map[string]string{"app": "shop"}, map[string]string{"app": "cart"}
	going := deployment("a-going", shop, nil)
	going.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	first := deployment("b", shop, nil)
	selected := selectedBy(service(shop), []*appsv1.Deployment{
		deployment("e", shop, nil), going, deployment("d", shop, nil), first, deployment("a-worker", shop, map[string]string{"tealgate.dev/traffic": "none"}),
		deployment("a-cart", other, nil), deployment("c", shop, nil),
	})
	var names []string
	for _, each := range selected {
		names = append(names, each.Name)
	}
	assert.Equal(t, []string{"b", "c", "d"}, names, "the first three by name, of those that it may select")
	assert.Empty(t, selectedBy(service(nil), []*appsv1.Deployment{first}), "an empty selector selects nothing")
}
