//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// People of the releases: who deploys may not decide.
const (
	developer = "lee"
	manager   = "mia"
)

// app is the application shop in a namespace of its own.
type app struct {
	*cluster
	t         *testing.T
	namespace string
}

// as is a client of a user with every right.
func (c *cluster) as(t *testing.T, user string) client.Client {
	t.Helper()
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	one, err := client.New(config, client.Options{Scheme: c.Scheme()})
	require.NoError(t, err)
	return one
}

// open applies a file in a namespace and returns when both colors are complete.
func (c *cluster) open(t *testing.T, namespace, file string) *app {
	t.Helper()
	a := &app{c, t, namespace}
	c.do(t, "-n", namespace, "apply", "--server-side", "-f", file)
	for _, one := range []color.Color{color.Blue, color.Green} {
		a.complete(one)
	}
	return a
}

// complete waits until all pods of a color are of its last template, and ready.
func (a *app) complete(c color.Color) {
	a.t.Helper()
	a.do(a.t, "-n", a.namespace, "rollout", "status", "deployment/shop-"+string(c), "--timeout="+patience.String())
}

// deploy gives a color another version.
func (a *app) deploy(c color.Color, version string) {
	a.t.Helper()
	a.patch(c, fmt.Sprintf(`{"spec": {"template": {"metadata": {"labels": {%q: %q}}}}}`, v1alpha1.LabelVersion, version))
}

// patch changes the Deployment of a color as the developer.
func (a *app) patch(c color.Color, patch string) {
	a.t.Helper()
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: "shop-" + string(c)}}
	require.NoError(a.t, a.as(a.t, developer).Patch(a.t.Context(), deployment, client.RawPatch(types.StrategicMergePatchType, []byte(patch))))
}

// service reads the Service.
func (a *app) service() *corev1.Service {
	a.t.Helper()
	service := &corev1.Service{}
	require.NoError(a.t, a.Get(a.t.Context(), client.ObjectKey{Namespace: a.namespace, Name: "shop"}, service))
	return service
}

// blueGreen reads the BlueGreen shop.
func (a *app) blueGreen() (*v1alpha1.BlueGreen, error) {
	bg := &v1alpha1.BlueGreen{}
	return bg, a.Get(a.t.Context(), client.ObjectKey{Namespace: a.namespace, Name: "shop"}, bg)
}

// reaches waits until the BlueGreen shop is in a state.
func (a *app) reaches(what string, reached func(bg *v1alpha1.BlueGreen) bool) *v1alpha1.BlueGreen {
	a.t.Helper()
	var found *v1alpha1.BlueGreen
	a.until(a.t, what, func(context.Context) (bool, error) {
		bg, err := a.blueGreen()
		found = bg
		return err == nil && reached(bg), err
	})
	return found
}

// phase waits until the release of that number is in a phase.
func (a *app) phase(number int64, phase v1alpha1.Phase) *v1alpha1.BlueGreen {
	a.t.Helper()
	return a.reaches(string(phase), func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.LastNumber >= number && bg.Status.Phase == phase
	})
}

// decide says a person's word on the release that runs, and when.
func (a *app) decide(verdict v1alpha1.Verdict) time.Time {
	a.t.Helper()
	bg, err := a.blueGreen()
	require.NoError(a.t, err)
	decision := &v1alpha1.Decision{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, GenerateName: strings.ToLower(string(verdict)) + "-"},
		Spec:       v1alpha1.DecisionSpec{BlueGreen: bg.Name, Release: bg.Status.Release.Name, Verdict: verdict, Reason: "the scenario", DecidedBy: manager},
	}
	said := time.Now()
	require.NoError(a.t, a.as(a.t, manager).Create(a.t.Context(), decision))
	return said
}

// pods lists those of a color that are to stay.
func (a *app) pods(c color.Color) []corev1.Pod {
	a.t.Helper()
	pods := &corev1.PodList{}
	require.NoError(a.t, a.List(a.t.Context(), pods, client.InNamespace(a.namespace), client.MatchingLabels{v1alpha1.LabelColor: string(c)}))
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// breaks something in a pod: its readiness, or its process for good.
func (a *app) breaks(pod corev1.Pod, what string) {
	a.t.Helper()
	a.do(a.t, "get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:8080/proxy/break/%s", a.namespace, pod.Name, what))
}

// tryAs runs kubectl as a user with every right that RBAC knows.
func (a *app) tryAs(user string, args ...string) result {
	a.t.Helper()
	return a.try(a.t, user, "", append([]string{"--as-group=system:masters"}, args...)...)
}
