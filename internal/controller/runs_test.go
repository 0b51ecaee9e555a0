package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

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
