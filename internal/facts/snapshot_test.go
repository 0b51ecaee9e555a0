package facts

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// side is a Deployment of the namespace shop.
func side(name string, labels map[string]string) *appsv1.Deployment {
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name, deployment.Spec.Template.Labels = "shop", name, labels
	return deployment
}

func live(name string, selector map[string]string) *corev1.Service {
	s := service(selector)
	s.Namespace, s.Name = "shop", name
	return s
}

func TestSnapshot(t *testing.T) {
	blue := side("shop-blue", map[string]string{"app": "shop", "tealgate.dev/color": "blue"})
	s := NewSnapshot()
	s.AddService(live("shop", map[string]string{"app": "shop", "tealgate.dev/color": "blue"}))
	s.AddService(live("cart", map[string]string{"app": "cart"}))
	s.AddService(live("all", nil))
	s.AddDeployment(blue)
	member := s.AddDeployment(side("shop-green", map[string]string{"app": "shop"}))
	s.AddDeployment(side("cart-green", map[string]string{"app": "cart"}))
	elsewhere := side("shop-green", map[string]string{"app": "shop"})
	elsewhere.Namespace = "elsewhere"
	s.AddDeployment(elsewhere)

	pair := func() Deployment {
		found := s.Around(blue)
		assert.Len(t, found.Services, 1)
		if assert.Len(t, found.Pair, 1, "not itself, not another application, not another namespace") {
			return found.Pair[0]
		}
		return Deployment{}
	}
	assert.Empty(t, pair().Color)
	s.Replace(member, side("shop-green", map[string]string{"app": "shop", "tealgate.dev/color": "green"}))
	assert.Equal(t, "green", pair().Color)
	assert.Equal(t, "blue", s.AroundMember(member).Pair[0].Color, "the other side")

	s.AddService(live("by-color", map[string]string{"tealgate.dev/color": "green"}))
	assert.Len(t, s.Around(side("other", map[string]string{"tealgate.dev/color": "green"})).Pair, 1, "found by a label that it got later")
	assert.Equal(t, None(), s.Around(&appsv1.Deployment{}), "lists are never nil")
}

// TestDoubling holds that nothing is quadratic: it looks at what is compared and not
// at a clock, which a busy machine would bend.
func TestDoubling(t *testing.T) {
	looked := func(n int) int {
		s := NewSnapshot()
		var sides []*appsv1.Deployment
		for i := range n {
			app := fmt.Sprintf("app-%d", i)
			s.AddService(live(app, map[string]string{"app": app, "part-of": "all", "tealgate.dev/color": "blue"}))
			for _, color := range []string{"blue", "green"} {
				sides = append(sides, side(app+"-"+color, map[string]string{"app": app, "part-of": "all", "tealgate.dev/color": color}))
			}
		}
		for _, deployment := range sides {
			s.AddDeployment(deployment)
		}
		at := 0
		for _, deployment := range sides {
			services, others := s.near(deployment)
			assert.Len(t, s.Around(deployment).Pair, 1)
			at += len(services) + len(others)
		}
		return at
	}
	assert.Equal(t, 2*looked(50), looked(100), "twice the objects, twice the work")
}
