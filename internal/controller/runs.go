package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// maxJobs bounds one read of the jobs of a release, maxMessage what is kept of a failed one.
const (
	maxJobs    = 100
	maxMessage = 500
)

// jobsByStage are the jobs that a spec asks for.
func jobsByStage(spec *v1alpha1.BlueGreenSpec) map[release.Stage][]v1alpha1.Job {
	return map[release.Stage][]v1alpha1.Job{
		release.StageVerify: spec.Verify.Jobs, release.StageBefore: spec.Hooks.BeforeSwitch,
		release.StageAfter: spec.Hooks.AfterSwitch, release.StageWatch: spec.Watch.Jobs,
	}
}

// due says whether a phase starts the jobs of a stage.
func due(phase v1alpha1.Phase, stage release.Stage) bool {
	switch phase {
	case v1alpha1.PhaseVerifying:
		return stage == release.StageVerify
	case v1alpha1.PhaseSwitching:
		return stage == release.StageBefore
	case v1alpha1.PhaseWatching:
		return stage == release.StageAfter || stage == release.StageWatch
	default:
		return false
	}
}

// jobsOf reads how far the jobs of the present release have come, and what failed ones had to
// say. Labels prove nothing: a job counts by its name and its owner. However many others
// carry the labels, those that are due are found, by name. What has ended stays ended: its Job
// may be gone by now, and does not run again for that.
func jobsOf(ctx context.Context, live client.Reader, bg *v1alpha1.BlueGreen) (map[release.JobKey]release.Job, error) {
	r := bg.Status.Release
	if r == nil || r.Spec == nil {
		return map[release.JobKey]release.Job{}, nil
	}
	labelled, err := listJobs(ctx, live, bg.Namespace, client.MatchingLabels{labelRelease: r.Name})
	if err != nil {
		return nil, err
	}
	found := map[release.JobKey]release.Job{}
	for stage, jobs := range jobsByStage(r.Spec) {
		for i := range jobs {
			key := release.JobKey{Stage: stage, Name: jobs[i].Name}
			if run, known := ended(r.Jobs, key); known {
				found[key] = run
				continue
			}
			name := jobName(r.Name, key)
			job := labelled[name]
			if job == nil && due(bg.Status.Phase, stage) {
				named, err := listJobs(ctx, live, bg.Namespace, client.MatchingFields{metav1.ObjectNameField: name})
				if err != nil {
					return nil, err
				}
				job = named[name]
			}
			if job == nil {
				if missing, err := untold(ctx, live, bg, stage, &jobs[i]); err != nil {
					return nil, err
				} else if missing != "" {
					found[key] = release.Job{Failed: true, Message: missing}
				}
				continue
			}
			if found[key], err = runOf(ctx, live, bg, job); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// ended is the run of a job as the status has it, if that is over. What has no end never ran:
// it takes somebody to make its CronJob, or to take a stranger out of its way.
func ended(runs []v1alpha1.JobStatus, key release.JobKey) (run release.Job, known bool) {
	for i := range runs {
		run := &runs[i]
		if release.Stage(run.Stage) == key.Stage && run.Name == key.Name && !run.EndTime.IsZero() {
			return release.Job{
				Succeeded: run.State == v1alpha1.JobSucceeded, Failed: run.State == v1alpha1.JobFailed,
				Message: run.Message, Began: run.StartTime.Time, Ended: run.EndTime.Time,
			}, true
		}
	}
	return release.Job{}, false
}

// untold says why a job that is due can never start: there is nothing to make it from.
func untold(ctx context.Context, live client.Reader, bg *v1alpha1.BlueGreen, stage release.Stage, job *v1alpha1.Job) (string, error) {
	if !due(bg.Status.Phase, stage) {
		return "", nil
	}
	err := live.Get(ctx, client.ObjectKey{Namespace: bg.Namespace, Name: job.CronJobRef.Name}, &batchv1.CronJob{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("there is no CronJob %s", job.CronJobRef.Name), nil
	}
	if err != nil {
		return "", fmt.Errorf("job %s: %w", job.Name, err)
	}
	return "", nil
}

// listJobs reads jobs by name: only to list them there is a right.
func listJobs(ctx context.Context, live client.Reader, namespace string, which client.ListOption) (map[string]*batchv1.Job, error) {
	var jobs batchv1.JobList
	if err := live.List(ctx, &jobs, client.InNamespace(namespace), which, client.Limit(maxJobs)); err != nil {
		return nil, fmt.Errorf("reading the jobs of namespace %s: %w", namespace, err)
	}
	found := map[string]*batchv1.Job{}
	for i := range jobs.Items {
		found[jobs.Items[i].Name] = &jobs.Items[i]
	}
	return found, nil
}

// runOf is what a job says to the release, and what its pods had to say if it failed.
func runOf(ctx context.Context, live client.Reader, bg *v1alpha1.BlueGreen, job *batchv1.Job) (release.Job, error) {
	run := stands(bg, job)
	if !run.Failed || !metav1.IsControlledBy(job, bg) {
		return run, nil
	}
	words, err := lastWords(ctx, live, job)
	if err != nil {
		return release.Job{}, err
	}
	if words != "" {
		run.Message = words
	}
	return run, nil
}

// stands says how far a job has come that has the name of one of the release. One that the
// BlueGreen did not make proves nothing and is in the way; one that is on its way out, or
// goes with the BlueGreen that had the name before, is waited for.
func stands(bg *v1alpha1.BlueGreen, job *batchv1.Job) release.Job {
	owner := metav1.GetControllerOf(job)
	switch ours := metav1.IsControlledBy(job, bg); {
	case job.DeletionTimestamp != nil, !ours && owner != nil && owner.Kind == "BlueGreen":
		return release.Job{}
	case !ours:
		return release.Job{Failed: true, Message: fmt.Sprintf("Job %s is not made by BlueGreen %s and takes its name: delete it", job.Name, bg.Name)}
	}
	run := release.Job{}
	if job.Status.StartTime != nil {
		run.Began = job.Status.StartTime.Time
	}
	if complete := finished(job, batchv1.JobComplete); complete != nil {
		run.Succeeded, run.Ended = true, complete.LastTransitionTime.Time
	}
	if failed := finished(job, batchv1.JobFailed); failed != nil {
		run.Failed, run.Ended, run.Message = true, failed.LastTransitionTime.Time, failed.Message
	}
	return run
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
