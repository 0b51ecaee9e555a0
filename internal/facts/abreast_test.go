package facts

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/color"
)

// listed answers lists of one namespace without looking at what they ask for, and says
// that there is more where it is told to.
type listed struct {
	client.Reader

	services    []corev1.Service
	deployments []appsv1.Deployment
	more        bool
	reads       int
}

func (l *listed) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	l.reads++
	switch list := list.(type) {
	case *corev1.ServiceList:
		list.Items = l.services
	case *appsv1.DeploymentList:
		list.Items = l.deployments
	}
	if l.more {
		list.SetContinue("more")
	}
	return nil
}

func shop(c string) corev1.Service {
	selector := map[string]string{"app": "shop"}
	if c != "" {
		selector["tealgate.dev/color"] = c
	}
	return *live("shop", selector)
}

func shopSide(c string) appsv1.Deployment {
	deployment := side("shop-"+c, map[string]string{"app": "shop", "tealgate.dev/color": c})
	deployment.Labels = map[string]string{"tealgate.dev/color": c}
	return *deployment
}

func TestAbreast(t *testing.T) {
	for name, test := range map[string]struct {
		reason       string
		cached, live listed
		color        string
		// service is the color of the Service that is found, pair the names of the pair.
		service []string
		pair    []string
		reads   int
	}{
		"CacheIsBehind": {
			"the Service and blue were applied a moment ago",
			listed{},
			listed{services: []corev1.Service{shop("")}, deployments: []appsv1.Deployment{shopSide("blue")}},
			"green",
			[]string{""},
			[]string{"shop-blue"},
			2,
		},
		"PinnedMeanwhile": {
			"the cache has the Service as it was before the controller pinned it",
			listed{services: []corev1.Service{shop("")}, deployments: []appsv1.Deployment{shopSide("blue")}},
			listed{services: []corev1.Service{shop("blue")}},
			"green",
			[]string{"blue"},
			[]string{"shop-blue"},
			1,
		},
		"Pinned": {
			"what is pinned stays so",
			listed{services: []corev1.Service{shop("blue")}, deployments: []appsv1.Deployment{shopSide("blue")}},
			listed{},
			"green",
			[]string{"blue"},
			[]string{"shop-blue"},
			0,
		},
		"DeletedMeanwhile": {
			"the cache still has a blue of which the API server knows nothing",
			listed{services: []corev1.Service{shop("")}, deployments: []appsv1.Deployment{shopSide("blue")}},
			listed{services: []corev1.Service{shop("")}},
			"green",
			[]string{""},
			nil, 2,
		},
		"NoService":    {"a worker has none", listed{}, listed{}, "green", nil, nil, 1},
		"WithoutColor": {"no color comes", listed{}, listed{services: []corev1.Service{shop("")}}, "", nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := New(Options{Cached: &test.cached, Live: &test.live})
			deployment := shopSide(test.color)
			gathered, err := g.ForDeployment(t.Context(), &deployment)
			require.NoError(t, err)
			got, err := g.Abreast(t.Context(), &deployment, gathered)
			require.NoError(t, err)
			var colors, pair []string
			for _, service := range got.Services {
				colors = append(colors, service.Color)
			}
			for _, other := range got.Pair {
				pair = append(pair, other.Name)
			}
			assert.Equal(t, test.service, colors, test.reason)
			assert.Equal(t, test.pair, pair, test.reason)
			assert.Equal(t, test.reads, test.live.reads, "live reads")
			assert.Equal(t, test.reads, got.Reads)
		})
	}
}

// TestTooManyToRead: what is left out could be what counts.
func TestTooManyToRead(t *testing.T) {
	live := &listed{more: true}
	g, deployment, service := New(Options{Cached: &listed{}, Live: live}), shopSide("green"), shop("")
	_, err := g.Abreast(t.Context(), &deployment, Facts{})
	require.EqualError(t, err, "namespace shop has more than 5000 Services")
	assert.Equal(t, maxPages, live.reads)
	_, err = g.coming(t.Context(), &service)
	require.EqualError(t, err, "namespace shop has more than 1000 Deployments with a color")
}

func TestFirst(t *testing.T) {
	aged := func(c string, age time.Duration) appsv1.Deployment {
		deployment := shopSide(c)
		deployment.CreationTimestamp = metav1.NewTime(time.Unix(1e9, 0).Add(-age))
		return deployment
	}
	idle, ending, zero := aged("green", 0), aged("green", 0), int32(0)
	idle.Spec.Replicas = &zero
	ending.DeletionTimestamp = &metav1.Time{}
	for name, test := range map[string]struct {
		deployments []appsv1.Deployment
		want        color.Color
	}{
		"GreenIsOlder":   {[]appsv1.Deployment{aged("blue", 0), aged("green", time.Minute)}, color.Green},
		"BlueIsOlder":    {[]appsv1.Deployment{aged("green", 0), aged("blue", time.Minute)}, color.Blue},
		"AsOld":          {[]appsv1.Deployment{aged("green", 0), aged("blue", 0)}, color.Blue},
		"OneColor":       {[]appsv1.Deployment{aged("blue", 0), aged("blue", time.Minute)}, ""},
		"None":           {nil, ""},
		"OtherWantsNone": {[]appsv1.Deployment{aged("blue", 0), idle}, ""},
		"OtherIsEnding":  {[]appsv1.Deployment{aged("blue", 0), ending}, ""},
		"UnknownColor":   {[]appsv1.Deployment{aged("blue", 0), aged("green", 0), aged("red", 0)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			service := shop("")
			got, ok := First(&service, test.deployments)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.want != "", ok)
		})
	}
}
