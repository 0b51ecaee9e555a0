package facts

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// blueGreen is one that is some minutes old and moves Services.
func blueGreen(name string, age int, services ...string) *v1alpha1.BlueGreen {
	object := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{
		Name: name, CreationTimestamp: metav1.NewTime(time.Unix(0, 0).Add(-time.Duration(age) * time.Minute)),
	}}
	for _, service := range services {
		object.Spec.Services = append(object.Spec.Services, v1alpha1.ServicePair{Name: service})
	}
	return object
}

func TestManagedPods(t *testing.T) {
	services := []*corev1.Service{
		live("shop", map[string]string{"app": "shop", "tealgate.dev/color": "blue"}),
		live("cart", map[string]string{"app": "cart"}),
	}
	for name, test := range map[string]struct {
		reason     string
		blueGreens []*v1alpha1.BlueGreen
		pod        map[string]string
		want       Managed
	}{
		"None": {"nobody manages anything", nil, map[string]string{"app": "shop"}, Managed{}},
		"Live": {
			"the selector matches",
			[]*v1alpha1.BlueGreen{blueGreen("shop", 1, "shop")},
			map[string]string{"app": "shop", "tealgate.dev/color": "blue"},
			Managed{By: "shop", Service: "shop"},
		},
		"Idle": {
			"the color does not count",
			[]*v1alpha1.BlueGreen{blueGreen("shop", 1, "shop")},
			map[string]string{"app": "shop", "tealgate.dev/color": "green"},
			Managed{By: "shop", Service: "shop"},
		},
		"AnotherApplication": {
			"its Service does not match",
			[]*v1alpha1.BlueGreen{blueGreen("shop", 1, "shop")},
			map[string]string{"app": "cart"},
			Managed{},
		},
		"MissingService": {
			"named, and not there",
			[]*v1alpha1.BlueGreen{blueGreen("web", 1, "web")},
			map[string]string{"app": "shop"},
			Managed{},
		},
		"Oldest": {
			"it owns the Service",
			[]*v1alpha1.BlueGreen{blueGreen("a", 1, "shop"), blueGreen("b", 5, "shop")},
			map[string]string{"app": "shop"},
			Managed{By: "b", Service: "shop"},
		},
		"SameAge": {
			"the name decides",
			[]*v1alpha1.BlueGreen{blueGreen("b", 5, "shop"), blueGreen("a", 5, "shop")},
			map[string]string{"app": "shop"},
			Managed{By: "a", Service: "shop"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			slices.SortFunc(test.blueGreens, OlderBlueGreen)
			assert.Equal(t, test.want, managedPods(test.blueGreens, services, test.pod), test.reason)
		})
	}
}

func TestWayBack(t *testing.T) {
	under := v1alpha1.Release{Name: "shop-1", From: "blue", To: "green"}
	retired, ended := under, under
	lost := v1alpha1.Waiting{Reason: "RollbackDeadline", Stalled: true}
	retired.RetireOrdered, ended.Outcome = true, v1alpha1.OutcomeAborted
	for name, test := range map[string]struct {
		reason  string
		phase   v1alpha1.Phase
		release *v1alpha1.Release
		waiting *v1alpha1.Waiting
		want    string
	}{
		"NoRelease":        {"nothing to go back from", v1alpha1.PhaseIdle, nil, nil, ""},
		"LostRelease":      {"the status was cut", v1alpha1.PhaseWatching, nil, nil, ""},
		"Deploying":        {"nothing has moved", v1alpha1.PhaseDeploying, &under, nil, ""},
		"AwaitingDecision": {"nothing has moved", v1alpha1.PhaseAwaitingDecision, &under, nil, ""},
		"Switching":        {"it may move now", v1alpha1.PhaseSwitching, &under, nil, "blue"},
		"Watching":         {"it may go back", v1alpha1.PhaseWatching, &under, nil, "blue"},
		"RollingBack":      {"it goes back", v1alpha1.PhaseRollingBack, &under, nil, "blue"},
		"RollingLost":      {"people repair it, so that it can be gone back to", v1alpha1.PhaseRollingBack, &under, &lost, ""},
		"WatchingStalled":  {"it takes a person, and may go back", v1alpha1.PhaseWatching, &under, &lost, "blue"},
		"Retiring":         {"it may go back until the order is written", v1alpha1.PhaseRetiring, &under, nil, "blue"},
		"Retired":          {"there is no way back", v1alpha1.PhaseRetiring, &retired, nil, ""},
		"Aborted":          {"the new color is retired", v1alpha1.PhaseRetiring, &ended, nil, ""},
		"Idle":             {"it is over", v1alpha1.PhaseIdle, &ended, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			object := blueGreen("shop", 1, "shop")
			object.Status = v1alpha1.BlueGreenStatus{Phase: test.phase, Release: test.release, Waiting: test.waiting}
			managed := managedFact(object, "shop")
			assert.Equal(t, test.want, managed.Kept, test.reason)
			assert.Equal(t, test.want != "", managed.Release != "", test.reason)
			services := []*corev1.Service{live("shop", map[string]string{"app": "shop"})}
			for _, side := range []string{"blue", "green"} {
				pod := map[string]string{"app": "shop", "tealgate.dev/color": side}
				kept := managedPods([]*v1alpha1.BlueGreen{object}, services, pod).Keeps
				assert.Equal(t, test.want == side, kept, "%s: %s", side, test.reason)
			}
		})
	}
}
