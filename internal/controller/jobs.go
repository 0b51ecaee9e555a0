package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/release"
)

// Names of what a job of a release carries.
const (
	labelRelease = "tealgate.dev/release"
	labelStage   = "tealgate.dev/stage"
	labelJob     = "tealgate.dev/job"
)

// defaultTTL is for how long a Job can be looked at whose template says nothing of it. What
// came of it stays in the status.
const defaultTTL = 7 * 24 * time.Hour

// JobSelector matches the jobs of releases: the only ones that need to be cached.
func JobSelector() (labels.Selector, error) {
	ours, err := labels.NewRequirement(labelRelease, selection.Exists, nil)
	if err != nil {
		return nil, err
	}
	return labels.NewSelector().Add(*ours), nil
}

// jobOrder is one job to start.
type jobOrder struct {
	key     release.JobKey
	release string
	// cronJob is the name of the suspended CronJob that is its template.
	cronJob string
	// env is what its containers learn about the release.
	env map[string]string
	// owner is the BlueGreen: with it goes the job.
	owner metav1.OwnerReference
}

// startJob makes a job from the template of a CronJob. Its name says what it is for, so that
// it is made once: one that is there already is no error.
func startJob(ctx context.Context, live client.Reader, c client.Client, namespace string, order *jobOrder) error {
	var template batchv1.CronJob
	if err := live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: order.cronJob}, &template); err != nil {
		return fmt.Errorf("job %s: %w", order.key.Name, err)
	}
	if err := c.Create(ctx, order.job(&template)); client.IgnoreAlreadyExists(err) != nil {
		return fmt.Errorf("job %s: %w", order.key.Name, err)
	}
	return nil
}

// job is the template with what the release adds.
func (o *jobOrder) job(template *batchv1.CronJob) *batchv1.Job {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: template.Namespace, Name: jobName(o.release, o.key),
			Labels:          withLabels(template.Spec.JobTemplate.Labels, o),
			Annotations:     template.Spec.JobTemplate.Annotations,
			OwnerReferences: []metav1.OwnerReference{o.owner},
		},
		Spec: *template.Spec.JobTemplate.Spec.DeepCopy(),
	}
	if job.Spec.TTLSecondsAfterFinished == nil {
		// tealgate may not delete Jobs: without it each would stay until the BlueGreen goes.
		job.Spec.TTLSecondsAfterFinished = ptr.To(int32(defaultTTL / time.Second))
	}
	pod := &job.Spec.Template
	pod.Labels = withLabels(pod.Labels, o)
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Env = withEnv(containers[i].Env, o.env)
			// What a failed container printed last is all that is ever read of it.
			containers[i].TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
		}
	}
	return job
}

func withLabels(of map[string]string, o *jobOrder) map[string]string {
	all := maps.Clone(of)
	if all == nil {
		all = map[string]string{}
	}
	all[labelRelease], all[labelStage], all[labelJob] = o.release, string(o.key.Stage), o.key.Name
	return all
}

// withEnv adds variables, in front, so that others may refer to them. What the template sets
// itself stays.
func withEnv(env []corev1.EnvVar, add map[string]string) []corev1.EnvVar {
	var added []corev1.EnvVar
	for _, name := range slices.Sorted(maps.Keys(add)) {
		if !slices.ContainsFunc(env, func(e corev1.EnvVar) bool { return e.Name == name }) {
			added = append(added, corev1.EnvVar{Name: name, Value: add[name]})
		}
	}
	return append(added, env...)
}

// jobName is unique for a job of a release, and a valid name for its pods' labels.
func jobName(of string, key release.JobKey) string {
	const limit = 52 // The controller of Jobs puts up to eleven characters behind it.
	name := fmt.Sprintf("%s-%s-%s", of, key.Stage, key.Name)
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.TrimRight(name[:limit-9], "-.") + "-" + hex.EncodeToString(sum[:4])
}
