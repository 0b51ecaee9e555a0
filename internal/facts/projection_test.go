package facts

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/randfill"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// objects answers for the objects of the namespace shop.
type objects struct {
	client.Reader

	deployments []*appsv1.Deployment
	services    []*corev1.Service
}

func (o *objects) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *appsv1.DeploymentList:
		for _, deployment := range o.deployments {
			list.Items = append(list.Items, *deployment)
		}
	case *corev1.ServiceList:
		for _, service := range o.services {
			list.Items = append(list.Items, *service)
		}
	case *v1alpha1.BlueGreenList:
		list.Items = []v1alpha1.BlueGreen{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}}
		for _, service := range o.services {
			list.Items[0].Spec.Services = append(list.Items[0].Spec.Services, v1alpha1.ServicePair{Name: service.Name})
		}
	case *corev1.PodList:
		for _, version := range []string{"1", "2"} {
			list.Items = append(list.Items, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "shop", "version": version}}})
		}
	}
	return nil
}

func (o *objects) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	for _, deployment := range o.deployments {
		if deployment.Name == key.Name {
			*into.(*appsv1.Deployment) = *deployment
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Group: "apps", Resource: "deployments"}, key.Name)
}

func (o *objects) projected(t *testing.T) *objects {
	t.Helper()
	projection, kept := NewProjection(), &objects{}
	for _, deployment := range o.deployments {
		projected, err := projection.Transform(deployment)
		require.NoError(t, err)
		kept.deployments = append(kept.deployments, projected.(*appsv1.Deployment))
	}
	for _, service := range o.services {
		projected, err := projection.Transform(service)
		require.NoError(t, err)
		kept.services = append(kept.services, projected.(*corev1.Service))
	}
	return kept
}

// randomly are pairs and Services of two applications, every field filled at random; those
// by which they find each other, and what facts look for, from few values.
func randomly(seed int64) *objects {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	of := func(values ...string) string { return values[random.IntN(len(values))] }
	labels := func() map[string]string {
		return map[string]string{
			"app": of("shop", "shop", "cart"), "tealgate.dev/color": of("blue", "green", ""), "version": of("1", "2"), "team": "store",
		}
	}
	filler := randfill.NewWithSeed(seed).NilChance(0.4).NumElements(0, 3).Funcs(
		func(into *metav1.Time, _ randfill.Continue) { into.Time = time.Unix(random.Int64N(1e9), 0) },
		func(into *resource.Quantity, _ randfill.Continue) {
			*into = *resource.NewQuantity(random.Int64N(100), resource.BinarySI)
		},
		func(into *corev1.EnvVar, c randfill.Continue) {
			c.FillNoCustom(into)
			into.Name = of("NODE_ENV", "APOLLO_META", "DB_PASSWORD")
			into.Value = of("", "production", "me@host", into.Value)
		},
	)
	all := &objects{}
	for i := range 6 {
		deployment := &appsv1.Deployment{}
		filler.Fill(deployment)
		deployment.Namespace, deployment.Name = "shop", fmt.Sprintf("app-%d", i)
		deployment.Labels, deployment.Spec.Template.Labels = labels(), labels()
		deployment.Annotations = map[string]string{"tealgate.dev/exempt": of("a", "b"), "tealgate.dev/blue-green": of("disabled", ""), "note": "x"}
		if random.IntN(3) > 0 {
			deployment.DeletionTimestamp = nil
		}
		if random.IntN(4) == 0 {
			deployment.Spec.Template.Annotations = map[string]string{"tealgate.dev/traffic": "none"}
		}
		all.deployments = append(all.deployments, deployment)
	}
	for i := range 4 {
		service := &corev1.Service{}
		filler.Fill(service)
		service.Namespace, service.Name = "shop", fmt.Sprintf("service-%d", i)
		service.Labels = map[string]string{"tealgate.dev/role": of("", "", "preview", "metrics")}
		service.Spec.Type = corev1.ServiceType(of("ClusterIP", "ClusterIP", "ExternalName"))
		service.Spec.Selector = map[string]string{"app": of("shop", "cart")}
		if random.IntN(2) == 0 {
			service.Spec.Selector["tealgate.dev/color"] = of("blue", "green")
		}
		if random.IntN(6) == 0 {
			service.Spec.Selector["rollouts-pod-template-hash"] = "1"
			service.Annotations = map[string]string{v1alpha1.AnnotationArgoRollouts: "shop"}
		}
		all.services = append(all.services, service)
	}
	return all
}

// answers are all that comes of a cache: to rules as facts, to controllers as what they
// ask about what is in it. Live is the same in both cases.
func answers(t *testing.T, cached, live *objects) map[string]any {
	t.Helper()
	said := map[string]any{}
	g := New(Options{Cached: cached, Live: live})
	say := func(what string, i int, answer any, err error) {
		require.NoError(t, err, what)
		said[fmt.Sprint(what, " ", i)] = answer
	}
	inventory, err := g.Inventory(t.Context(), "shop")
	require.NoError(t, err)
	say("inventory", 0, inventory.Deployments, nil)
	say("inventory of", 0, inventory.Of, nil)
	versions, err := g.SideBySide(t.Context(), "shop")
	say("side by side", 0, versions, err)
	for i, deployment := range live.deployments {
		pod, other := deployment.Spec.Template.Labels, live.deployments[(i+1)%len(live.deployments)].Spec.Template.Labels
		around, err := g.ForDeployment(t.Context(), deployment)
		say("facts", i, around, err)
		around, err = g.Abreast(t.Context(), deployment, around)
		say("abreast", i, around, err)
		around, err = inventory.ForDeployment(t.Context(), deployment)
		say("facts of the inventory", i, around, err)
		traffic, err := g.Traffic(t.Context(), "shop", Touched{Leaving: other, Coming: pod, Before: other}, None())
		say("traffic", i, traffic, err)
		carriers, err := g.CarriersNow(t.Context(), "shop", pod)
		say("carriers now", i, carriers, err)
		scaled, err := g.Scaled(t.Context(), "shop", deployment.Name)
		say("scaled", i, scaled, err)
		managed, err := g.ManagedPods(t.Context(), "shop", pod)
		say("managed", i, managed, err)
		say("identity", i, client.ObjectKeyFromObject(cached.deployments[i]), nil)
	}
	for i, service := range live.services {
		behind, err := g.Behind(t.Context(), service)
		say("behind", i, behind, err)
		for _, each := range behind {
			assert.Equal(t, "apps/v1 Deployment", each.Deployment.APIVersion+" "+each.Deployment.Kind)
		}
		known := cached.services[i]
		var deployments appsv1.DeploymentList
		require.NoError(t, cached.List(t.Context(), &deployments))
		first, both := First(known, deployments.Items)
		say("first", i, fmt.Sprint(first, both), nil)
		say("pinnable", i, Pinnable(known), nil)
		for j, deployment := range cached.deployments {
			say(fmt.Sprint("pairs ", j), i, Pairs(known, deployment.Spec.Template.Labels), nil)
		}
		say("managed fields", i, tealgates(known.ManagedFields), nil)
		say("identity of Service", i, fmt.Sprint(known.UID, known.ResourceVersion, known.DeletionTimestamp), nil)
	}
	return said
}

// TestProjectionChangesNoAnswer fails when something is made of a field that the cache
// does not keep, or when a rule is asked about what comes from there.
func TestProjectionChangesNoAnswer(t *testing.T) {
	pairs := 0
	for seed := range int64(60) {
		all := randomly(seed)
		want := answers(t, all, all)
		got := answers(t, all.projected(t), all)
		for what := range want {
			require.Equal(t, want[what], got[what], "%s, seed %d", what, seed)
		}
		for i := range all.deployments {
			for _, other := range want[fmt.Sprint("facts ", i)].(Facts).Pair {
				pairs += len(other.References) * len(other.Secrets) * len(other.Settings) * len(other.Claims)
			}
		}
	}
	assert.Positive(t, pairs, "some have all of it")
}

func TestProjectionIsOfItselfTheSame(t *testing.T) {
	all := randomly(1)
	copied := all.deployments[0].DeepCopy()
	once := all.projected(t)
	assert.Equal(t, copied, all.deployments[0], "what came is as it was")
	assert.Equal(t, once, once.projected(t))
}

func TestProjectionKeepsNoMore(t *testing.T) {
	literal := func(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }
	labels := map[string]string{"app": "shop", "tealgate.dev/color": "blue"}
	deployment := side("shop-blue", labels)
	deployment.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "tealgate.dev/exempt": "x", "note": "y"}
	deployment.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}, {Manager: "tealgate"}}
	deployment.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
	deployment.Spec.Template.Spec.Containers = []corev1.Container{
		{Name: "web", Image: "shop:1", Env: []corev1.EnvVar{literal("DB_PASSWORD", "hunter2"), literal("NODE_ENV", "production")}},
		{Name: "log", Image: "log:1"},
	}
	deployment.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "tmp"}}
	deployment.Status.Replicas = 3
	want := side("shop-blue", labels)
	want.Annotations = map[string]string{"tealgate.dev/exempt": "x"}
	want.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "tealgate"}}
	want.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Env: []corev1.EnvVar{literal("NODE_ENV", "production")}}}
	got, err := NewProjection().Transform(deployment)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	// What has no color is compared with a copy that gets one.
	delete(labels, "tealgate.dev/color")
	want.Spec.Template.Spec.Containers[0].Image = "shop:1"
	want.Spec.Template.Spec.Containers = append(want.Spec.Template.Spec.Containers, corev1.Container{Name: "log", Image: "log:1"})
	got, err = NewProjection().Transform(deployment)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	service := live("shop", map[string]string{"app": "shop"})
	kept := service.DeepCopy()
	service.Annotations = map[string]string{"note": "x"}
	service.Spec.Ports = []corev1.ServicePort{{Port: 80}}
	service.Status.Conditions = []metav1.Condition{{Type: "A"}}
	got, err = NewProjection().Transform(service)
	require.NoError(t, err)
	assert.Equal(t, kept, got)
}

func TestProjectionShares(t *testing.T) {
	projection := NewProjection()
	label := func() string {
		got, err := projection.Transform(side("shop", map[string]string{"app": string([]byte("shop"))}))
		require.NoError(t, err)
		return got.(*appsv1.Deployment).Spec.Template.Labels["app"]
	}
	one, other := label(), label()
	assert.Same(t, unsafe.StringData(one), unsafe.StringData(other))
}

// TestProjectionForgets: names come and go for months.
func TestProjectionForgets(t *testing.T) {
	projection := NewProjection()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range maxShared / 2 {
				_, err := projection.Transform(live("shop", map[string]string{"app": fmt.Sprintf("%d-%d", worker, i)}))
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, len(projection.texts), maxShared)
}

// TestSlim is about objects of other kinds.
func TestSlim(t *testing.T) {
	job := func(managers ...string) *v1alpha1.Decision {
		decision := &v1alpha1.Decision{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"a": "b"}}}
		for _, manager := range managers {
			decision.ManagedFields = append(decision.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager})
		}
		return decision
	}
	full := job("kubectl", "tealgate", "helm")
	full.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "note": "x"}
	want := job("tealgate")
	want.Annotations = map[string]string{"note": "x"}
	for what, object := range map[string]struct{ given, want any }{
		"a Decision":    {full, want},
		"without any":   {job(), job()},
		"not an object": {struct{ Key string }{"shop/shop"}, struct{ Key string }{"shop/shop"}},
	} {
		got, err := NewProjection().Transform(object.given)
		require.NoError(t, err, what)
		assert.Equal(t, object.want, got, what)
	}
}
