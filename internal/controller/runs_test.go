package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

// owned is a job that somebody of a kind and a uid controls.
func owned(kind, uid string, ended ...batchv1.JobCondition) *batchv1.Job {
	controlled := true
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: "shop-1-verify-smoke", Labels: map[string]string{labelRelease: "shop-1"},
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: "shop", UID: types.UID(uid), Controller: &controlled}},
		},
		Status: batchv1.JobStatus{Conditions: ended},
	}
}

// TestStands: a job proves something if the BlueGreen made it, and nothing otherwise.
func TestStands(t *testing.T) {
	bg := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Name: "shop", UID: "this"}}
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	complete := batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: at}
	failed := batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, LastTransitionTime: at, Message: "too slow"}
	going := owned("BlueGreen", "this", complete)
	going.DeletionTimestamp = &at
	planted := owned("BlueGreen", "this", complete)
	planted.OwnerReferences = nil
	friend := owned("BlueGreen", "this", complete)
	friend.OwnerReferences[0].Controller = nil
	stranger := release.Job{Failed: true, Message: "Job shop-1-verify-smoke is not made by BlueGreen shop and takes its name: delete it"}
	for name, test := range map[string]struct {
		job  *batchv1.Job
		want release.Job
	}{
		"Running":                {owned("BlueGreen", "this"), release.Job{}},
		"Succeeded":              {owned("BlueGreen", "this", complete), release.Job{Succeeded: true, Ended: at.Time}},
		"Failed":                 {owned("BlueGreen", "this", failed), release.Job{Failed: true, Ended: at.Time, Message: "too slow"}},
		"Deleted":                {going, release.Job{}},
		"Planted":                {planted, stranger},
		"NotController":          {friend, stranger},
		"OfACronJob":             {owned("CronJob", "that", complete), stranger},
		"OfTheOneThatHadTheName": {owned("BlueGreen", "that", complete), release.Job{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, stands(bg, test.job)) })
	}
}

// TestEnded: what has run once has run, whatever becomes of its Job. What never ran may yet.
func TestEnded(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := release.JobKey{Stage: release.StageWatch, Name: "probe"}
	for name, test := range map[string]struct {
		run   v1alpha1.JobStatus
		want  release.Job
		known bool
	}{
		"Succeeded":  {v1alpha1.JobStatus{Stage: "watch", Name: "probe", State: v1alpha1.JobSucceeded, StartTime: micro(at), EndTime: micro(at)}, release.Job{Succeeded: true, Began: at, Ended: at}, true},
		"Failed":     {v1alpha1.JobStatus{Stage: "watch", Name: "probe", State: v1alpha1.JobFailed, Message: "exit 1", EndTime: micro(at)}, release.Job{Failed: true, Message: "exit 1", Ended: at}, true},
		"Running":    {v1alpha1.JobStatus{Stage: "watch", Name: "probe", State: v1alpha1.JobRunning, StartTime: micro(at)}, release.Job{}, false},
		"NoCronJob":  {v1alpha1.JobStatus{Stage: "watch", Name: "probe", State: v1alpha1.JobFailed, Message: "there is no CronJob probe"}, release.Job{}, false},
		"OtherStage": {v1alpha1.JobStatus{Stage: "verify", Name: "probe", State: v1alpha1.JobSucceeded, EndTime: micro(at)}, release.Job{}, false},
		"AnotherOne": {v1alpha1.JobStatus{Stage: "watch", Name: "smoke", State: v1alpha1.JobSucceeded, EndTime: micro(at)}, release.Job{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			run, known := ended([]v1alpha1.JobStatus{test.run}, key)
			assert.Equal(t, test.known, known)
			assert.Equal(t, test.want, run)
		})
	}
}

// TestJobsGoAway: tealgate may delete no Job, so each goes by itself.
func TestJobsGoAway(t *testing.T) {
	template := &batchv1.CronJob{}
	order := &jobOrder{key: release.JobKey{Stage: release.StageWatch, Name: "probe"}, release: "shop-1"}
	assert.Equal(t, int32(604800), *order.job(template).Spec.TTLSecondsAfterFinished)
	template.Spec.JobTemplate.Spec.TTLSecondsAfterFinished = ptr.To(int32(60))
	assert.Equal(t, int32(60), *order.job(template).Spec.TTLSecondsAfterFinished)
}

// TestHighest: no name is given twice that a Decision or a job of the BlueGreen still has.
func TestHighest(t *testing.T) {
	bg := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Name: "shop", UID: "this"}}
	of := func(name, uid string) batchv1.Job {
		job := owned("BlueGreen", uid)
		job.Labels[labelRelease] = name
		return *job
	}
	for name, test := range map[string]struct {
		decided string
		job     batchv1.Job
		want    int64
	}{
		"Nothing":  {"", batchv1.Job{}, 0},
		"Decision": {"shop-3", of("shop-2", "this"), 3},
		"Job":      {"shop-3", of("shop-7", "this"), 7},
		"Planted":  {"shop-3", of("shop-7", "that"), 3},
		"Other":    {"cart-3", of("shop-blue-7", "this"), 0},
		"TooHigh":  {"shop-9223372036854775807", of("shop-9223372036854775807", "this"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, highestOf(bg, []release.Decision{{Release: test.decided}}, []batchv1.Job{test.job}))
		})
	}
}
