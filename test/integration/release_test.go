package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/test/env"
)

// pair is one application in a namespace of its own, released by tealgate.
type pair struct {
	client.Client
	t         *testing.T
	cluster   *env.Cluster
	namespace string
}

// quick is a BlueGreen without people and without waiting.
func quick() v1alpha1.BlueGreenSpec {
	return v1alpha1.BlueGreenSpec{
		Services: []v1alpha1.ServicePair{{Name: "shop", Preview: &v1alpha1.ServiceReference{Name: "shop-preview"}}},
		Verify:   v1alpha1.Verify{Jobs: []v1alpha1.Job{{Name: "smoke", CronJobRef: v1alpha1.CronJobReference{Name: "smoke"}}}},
		Watch:    v1alpha1.Watch{Duration: metav1.Duration{Duration: time.Hour}, Interval: metav1.Duration{Duration: time.Second}},
		Approval: v1alpha1.Approval{Policy: v1alpha1.ApprovalRequired},
	}
}

// as is a client of a user with every right.
func (s *pair) as(user string) client.Client { return s.withWatch(user) }

func (s *pair) withWatch(user string) client.WithWatch {
	s.t.Helper()
	config := rest.CopyConfig(s.cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	config.WarningHandler = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	require.NoError(s.t, clientgoscheme.AddToScheme(scheme))
	require.NoError(s.t, v1alpha1.AddToScheme(scheme))
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	require.NoError(s.t, err)
	return c
}

// open brings up the shop: blue 1.4.0 live with three pods, and a BlueGreen.
func open(t *testing.T, cluster *env.Cluster, namespace string, spec v1alpha1.BlueGreenSpec) *pair {
	t.Helper()
	s := &pair{t: t, cluster: cluster, namespace: namespace}
	s.Client = s.as("lee")
	s.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{v1alpha1.LabelMode: v1alpha1.ModeEnforce}}})
	s.furnish()
	for _, other := range spec.Services[1:] {
		service := s.service(other.Name, nil)
		service.Spec.Selector["tier"] = "web"
		s.create(service)
	}
	s.create(&v1alpha1.BlueGreen{ObjectMeta: s.meta("shop"), Spec: spec})
	s.until("Idle", func(bg *v1alpha1.BlueGreen) bool { return bg.Status.Phase == v1alpha1.PhaseIdle })
	return s
}

// furnish makes what an application has before it gets a BlueGreen.
func (s *pair) furnish() {
	s.t.Helper()
	s.create(s.service("shop", nil))
	s.create(s.service("shop-preview", map[string]string{v1alpha1.LabelRole: v1alpha1.RolePreview}))
	s.create(&batchv1.CronJob{ObjectMeta: s.meta("smoke"), Spec: batchv1.CronJobSpec{
		Schedule: "0 0 1 1 *", Suspend: yes(), JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			BackoffLimit: new(int32),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "smoke", Image: "shop/smoke:1"}},
			}},
		}},
	}})
	s.deploy(color.Blue, "1.4.0", 3)
	s.serves(color.Blue, 3)
}

func yes() *bool { value := true; return &value }

func (s *pair) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.namespace, Name: name}
}

func (s *pair) create(object client.Object) {
	s.t.Helper()
	require.NoError(s.t, s.Create(s.t.Context(), object))
}

func (s *pair) service(name string, labels map[string]string) *corev1.Service {
	meta := s.meta(name)
	meta.Labels = labels
	return &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "shop", v1alpha1.LabelColor: string(color.Blue)},
		Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("http")}},
	}}
}

// deploy makes a Deployment of a color, or replaces its template. Kwok makes of its pods what
// the annotations say, names and values in turn.
func (s *pair) deploy(c color.Color, version string, replicas int32, annotations ...string) {
	s.t.Helper()
	require.NoError(s.t, s.apply(c, version, replicas, annotations...))
}

// apply is deploy, for one that may be refused.
func (s *pair) apply(c color.Color, version string, replicas int32, annotations ...string) error {
	s.t.Helper()
	deployment := &appsv1.Deployment{ObjectMeta: s.meta("shop-" + string(c))}
	labels := map[string]string{"app": "shop", "tier": "web", v1alpha1.LabelColor: string(c), v1alpha1.LabelVersion: version}
	says := map[string]string{v1alpha1.AnnotationConfig: "none"}
	for pair := range slices.Chunk(annotations, 2) {
		says[pair[0]] = pair[1]
	}
	_, err := createOrUpdate(s.t.Context(), s.Client, deployment, func() {
		deployment.Labels = map[string]string{v1alpha1.LabelColor: string(c)}
		deployment.Spec.Replicas = &replicas
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "shop", v1alpha1.LabelColor: string(c)}}
		deployment.Spec.Template = corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: says},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "web", Image: "shop/web:" + version, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromString("http")}}},
			}}},
		}
	})
	return err
}

func createOrUpdate(ctx context.Context, c client.Client, object client.Object, change func()) (bool, error) {
	err := c.Get(ctx, client.ObjectKeyFromObject(object), object)
	if client.IgnoreNotFound(err) != nil {
		return false, err
	}
	change()
	if err != nil {
		return true, c.Create(ctx, object)
	}
	return false, c.Update(ctx, object)
}

// until waits for a state of the BlueGreen.
func (s *pair) until(what string, reached func(*v1alpha1.BlueGreen) bool) *v1alpha1.BlueGreen {
	s.t.Helper()
	bg := &v1alpha1.BlueGreen{}
	deadline := time.Now().Add(patience)
	for {
		require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop"}, bg))
		if reached(bg) {
			return bg
		}
		if time.Now().After(deadline) {
			require.Fail(s.t, "not reached: "+what, "phase %s, waiting %+v, release %+v", bg.Status.Phase, bg.Status.Waiting, bg.Status.Release)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (s *pair) phase(phase v1alpha1.Phase) *v1alpha1.BlueGreen {
	s.t.Helper()
	return s.until(string(phase), func(bg *v1alpha1.BlueGreen) bool { return bg.Status.Phase == phase })
}

// waits waits for the words in which the release says what it waits for.
func (s *pair) waits(message string) *v1alpha1.BlueGreen {
	s.t.Helper()
	return s.until(message, func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Waiting != nil && bg.Status.Waiting.Message == message
	})
}

func (s *pair) outcome(outcome v1alpha1.Outcome) *v1alpha1.BlueGreen {
	s.t.Helper()
	return s.until(string(outcome), func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Phase == v1alpha1.PhaseIdle && bg.Status.Release != nil && bg.Status.Release.Outcome == outcome
	})
}

// serves waits until the slices of the Service hold so many ready pods of a color only, and
// says when they did.
func (s *pair) serves(c color.Color, n int) time.Time {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		serving, others := s.serving(c)
		return serving == n && others == 0
	}, patience, 10*time.Millisecond, "%d of %s in the slices", n, c)
	return time.Now()
}

// serving counts the ready endpoints of a color, and all others.
func (s *pair) serving(c color.Color) (of, others int) {
	var slices discoveryv1.EndpointSliceList
	err := s.List(s.t.Context(), &slices, client.InNamespace(s.namespace), client.MatchingLabels{discoveryv1.LabelServiceName: "shop"})
	require.NoError(s.t, err)
	for i := range slices.Items {
		for _, endpoint := range slices.Items[i].Endpoints {
			if endpoint.Conditions.Ready == nil || !*endpoint.Conditions.Ready {
				continue
			}
			pod := &corev1.Pod{}
			err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: endpoint.TargetRef.Name}, pod)
			if err == nil && pod.Labels[v1alpha1.LabelColor] == string(c) {
				of++
			} else {
				others++
			}
		}
	}
	return of, others
}

// decide makes a Decision. What a release hears must be younger than what it is about, and
// times have seconds.
func (s *pair) decide(user string, verdict v1alpha1.Verdict, item string) {
	s.t.Helper()
	bg := &v1alpha1.BlueGreen{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop"}, bg))
	<-time.After(time.Until(bg.Status.Release.RevisedTime.Add(1100 * time.Millisecond)))
	decision := &v1alpha1.Decision{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, GenerateName: "shop-"},
		Spec: v1alpha1.DecisionSpec{
			BlueGreen: "shop", Release: bg.Status.Release.Name, Verdict: verdict, Item: item, Reason: "as agreed", DecidedBy: user,
		},
	}
	require.NoError(s.t, s.as(user).Create(s.t.Context(), decision))
}

// says changes what kwok makes of the pods of a color.
func (s *pair) says(c color.Color, n int, annotation, value string) {
	s.t.Helper()
	var pods corev1.PodList
	require.NoError(s.t, s.List(s.t.Context(), &pods, client.InNamespace(s.namespace), client.MatchingLabels{v1alpha1.LabelColor: string(c)}))
	require.GreaterOrEqual(s.t, len(pods.Items), n)
	for i := range n {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, annotation, value)
		require.NoError(s.t, s.Patch(s.t.Context(), &pods.Items[i], client.RawPatch("application/merge-patch+json", []byte(patch))))
	}
}

// replicas is what a Deployment asks for.
func (s *pair) replicas(c color.Color) int32 {
	s.t.Helper()
	deployment := &appsv1.Deployment{}
	require.NoError(s.t, s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-" + string(c)}, deployment))
	return *deployment.Spec.Replicas
}

// ownsNothing holds that tealgate leaves no field of what it writes to itself, once it has
// come to the second write.
func (s *pair) ownsNothing() {
	s.t.Helper()
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &corev1.ServiceList{}} {
		require.Eventually(s.t, func() bool {
			owned := false
			err := errors.Join(
				s.List(s.t.Context(), list, client.InNamespace(s.namespace)),
				apimeta.EachListItem(list, func(item runtime.Object) error {
					object, err := apimeta.Accessor(item)
					owned = owned || err == nil && slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
						return entry.Manager == "tealgate"
					})
					return err
				}))
			return err == nil && !owned
		}, patience, 50*time.Millisecond, "tealgate stays owner of nothing in %T", list)
	}
}
