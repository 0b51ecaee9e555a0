package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/test/env"
)

const (
	// writers is how many requests fill the control plane at the same time.
	writers = 8
	// neighbours is how many applications share a namespace, replicas how many pods one has.
	neighbours = 10
	replicas   = 2
	// patience bounds each wait for the control plane.
	patience = 10 * time.Minute
)

func newClient(cluster *env.Cluster) (client.Client, error) {
	config := rest.CopyConfig(cluster.Config)
	config.WarningHandler = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// app is one application by its number.
type app int

func (a app) meta(suffix string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: fmt.Sprintf("team-%d", a/neighbours), Name: a.name() + suffix}
}

func (a app) name() string { return fmt.Sprintf("app-%d", a) }

// each does something with every application.
func (b *bench) each(ctx context.Context, from, to int, do func(context.Context, app) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := from; i < to; i++ {
		group.Go(func() error { return do(ctx, app(i)) })
	}
	return group.Wait()
}

// fill creates the pairs with their Services: blue is live, green is what a release has left.
// Those that rest are paused, so that no pods are made of them: tealgate does not watch pods.
func (b *bench) fill(ctx context.Context) error {
	number := b.idle + b.releasing
	for i := 0; i < number; i += neighbours {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: app(i).meta("").Namespace, Labels: map[string]string{v1alpha1.LabelMode: v1alpha1.ModeEnforce},
		}}
		if err := b.Create(ctx, namespace); err != nil {
			return err
		}
	}
	err := b.each(ctx, 0, number, func(ctx context.Context, a app) error {
		blue, green := a.deployment("blue", "1.4.0", replicas), a.deployment("green", "1.3.0", 0)
		blue.Spec.Paused = int(a) < b.idle
		for _, object := range []client.Object{
			a.service("", nil), a.service("-preview", map[string]string{v1alpha1.LabelRole: v1alpha1.RolePreview}), a.smoke(), blue, green,
		} {
			if err := b.Create(ctx, object); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.until(ctx, func(ctx context.Context) (bool, error) {
		var all appsv1.DeploymentList
		if err := b.List(ctx, &all); err != nil {
			return false, err
		}
		ready := 0
		for i := range all.Items {
			ready += int(all.Items[i].Status.ReadyReplicas)
		}
		return ready == b.releasing*replicas, nil
	})
}

func (b *bench) until(ctx context.Context, reached wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, time.Second, patience, true, reached)
}

// manage creates a BlueGreen for each pair.
func (b *bench) manage(ctx context.Context) error {
	err := b.each(ctx, 0, b.idle+b.releasing, func(ctx context.Context, a app) error { return b.Create(ctx, a.blueGreen()) })
	if err != nil {
		return err
	}
	err = b.all(ctx, func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Phase == v1alpha1.PhaseIdle && bg.Status.Waiting != nil // Those that rest have no pods, and say so.
	})
	if err != nil {
		return err
	}
	return pause(ctx, settling)
}

// all waits until every BlueGreen is as wanted.
func (b *bench) all(ctx context.Context, wanted func(*v1alpha1.BlueGreen) bool) error {
	return b.until(ctx, func(ctx context.Context) (bool, error) {
		var list v1alpha1.BlueGreenList
		if err := b.List(ctx, &list); err != nil {
			return false, err
		}
		for i := range list.Items {
			if !wanted(&list.Items[i]) {
				return false, nil
			}
		}
		return true, nil
	})
}

// release deploys a new version to green of some, and waits until all have it.
func (b *bench) release(ctx context.Context) error {
	err := b.each(ctx, b.idle, b.idle+b.releasing, func(ctx context.Context, a app) error {
		patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"labels":{%q:"1.5.0"}},`+
			`"spec":{"containers":[{"name":"web","image":"shop/web:1.5.0"}]}}}}`, v1alpha1.LabelVersion)
		return b.Patch(ctx, &appsv1.Deployment{ObjectMeta: a.meta("-green")}, client.RawPatch("application/strategic-merge-patch+json", patch))
	})
	if err != nil {
		return err
	}
	ended := func(bg *v1alpha1.BlueGreen) bool {
		return bg.Status.Release == nil || bg.Status.Release.Outcome == v1alpha1.OutcomeSucceeded
	}
	begun := func(bg *v1alpha1.BlueGreen) bool {
		number := 0
		_, err := fmt.Sscanf(bg.Name, "app-%d", &number)
		return err == nil && (number < b.idle || bg.Status.Release != nil)
	}
	return b.all(ctx, func(bg *v1alpha1.BlueGreen) bool { return begun(bg) && ended(bg) })
}

// blueGreen asks nobody, smokes, and is watched for half a minute.
func (a app) blueGreen() *v1alpha1.BlueGreen {
	return &v1alpha1.BlueGreen{ObjectMeta: a.meta(""), Spec: v1alpha1.BlueGreenSpec{
		Services: []v1alpha1.ServicePair{{Name: a.name(), Preview: &v1alpha1.ServiceReference{Name: a.name() + "-preview"}}},
		Verify:   v1alpha1.Verify{Jobs: []v1alpha1.Job{{Name: "smoke", CronJobRef: v1alpha1.CronJobReference{Name: a.name() + "-smoke"}}}},
		Approval: v1alpha1.Approval{Policy: v1alpha1.ApprovalAutomatic},
		Watch:    v1alpha1.Watch{Duration: metav1.Duration{Duration: 30 * time.Second}, Interval: metav1.Duration{Duration: 15 * time.Second}},
		Retire:   v1alpha1.Retire{After: metav1.Duration{Duration: 5 * time.Second}},
	}}
}

func (a app) service(suffix string, labels map[string]string) *corev1.Service {
	meta := a.meta(suffix)
	meta.Labels = labels
	return &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": a.name(), v1alpha1.LabelColor: "blue"},
		Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("http")}},
	}}
}

func (a app) smoke() *batchv1.CronJob {
	return &batchv1.CronJob{ObjectMeta: a.meta("-smoke"), Spec: batchv1.CronJobSpec{
		Schedule: "0 0 1 1 *", Suspend: new(true), JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "smoke", Image: "shop/smoke:1"}},
			}},
		}},
	}}
}

func (a app) deployment(color, version string, replicas int32) *appsv1.Deployment {
	meta := a.meta("-" + color)
	meta.Labels = map[string]string{v1alpha1.LabelColor: color}
	labels := map[string]string{"app": a.name(), v1alpha1.LabelColor: color}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{"app": a.name(), v1alpha1.LabelColor: color, v1alpha1.LabelVersion: version},
			Annotations: map[string]string{v1alpha1.AnnotationConfig: "none"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "web", Image: "shop/web:" + version, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromString("http")}}},
		}}},
	}
	return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
	}}
}
