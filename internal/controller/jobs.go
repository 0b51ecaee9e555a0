package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/release"
)

// Names of what a job of a release carries.
const (
	labelRelease = "tealgate.dev/release"
	labelStage   = "tealgate.dev/stage"
	labelJob     = "tealgate.dev/job"
)

// maxJobs bounds one read of the jobs of a release, maxMessage what is kept of a failed one.
const (
	maxJobs    = 100
	maxMessage = 500
)

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

// jobsOf reads how far the jobs of a release have come, and what failed ones had to say.
func jobsOf(ctx context.Context, live client.Reader, namespace, of string) (map[release.JobKey]release.Job, error) {
	var jobs batchv1.JobList
	err := live.List(ctx, &jobs, client.InNamespace(namespace), client.MatchingLabels{labelRelease: of}, client.Limit(maxJobs))
	if err != nil {
		return nil, fmt.Errorf("reading the jobs of release %s: %w", of, err)
	}
	found := map[release.JobKey]release.Job{}
	for i := range jobs.Items {
		job := &jobs.Items[i]
		key := release.JobKey{Stage: release.Stage(job.Labels[labelStage]), Name: job.Labels[labelJob]}
		state := release.Job{}
		if job.Status.StartTime != nil {
			state.Began = job.Status.StartTime.Time
		}
		if complete := finished(job, batchv1.JobComplete); complete != nil {
			state.Succeeded, state.Ended = true, complete.LastTransitionTime.Time
		}
		if failed := finished(job, batchv1.JobFailed); failed != nil {
			state.Failed, state.Ended = true, failed.LastTransitionTime.Time
			if state.Message, err = lastWords(ctx, live, job); err != nil {
				return nil, err
			}
			if state.Message == "" {
				state.Message = failed.Message
			}
		}
		found[key] = state
	}
	return found, nil
}

func finished(job *batchv1.Job, as batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		if c := &job.Status.Conditions[i]; c.Type == as && c.Status == corev1.ConditionTrue {
			return c
		}
	}
	return nil
}

// lastWords is the termination message of the newest pod of a failed job. No log is read.
func lastWords(ctx context.Context, live client.Reader, job *batchv1.Job) (string, error) {
	var pods corev1.PodList
	err := live.List(ctx, &pods, client.InNamespace(job.Namespace),
		client.MatchingLabels{batchv1.JobNameLabel: job.Name}, client.Limit(maxJobs))
	if err != nil {
		return "", fmt.Errorf("reading the pods of job %s: %w", job.Name, err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int {
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time)
	})
	for i := range pods.Items {
		for _, status := range pods.Items[i].Status.ContainerStatuses {
			if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
				return said(ended), nil
			}
		}
	}
	return "", nil
}

func said(ended *corev1.ContainerStateTerminated) string {
	message := strings.Join(strings.Fields(ended.Message), " ")
	if len(message) > maxMessage {
		message = "... " + strings.ToValidUTF8(message[len(message)-maxMessage:], "")
	}
	if message == "" {
		return fmt.Sprintf("exit code %d", ended.ExitCode)
	}
	return message
}
