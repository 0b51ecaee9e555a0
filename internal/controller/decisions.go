package controller

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/release"
)

const (
	// maxDecisions bounds one read of the Decisions on a release, maxPages how many there are.
	maxDecisions = 500
	maxPages     = 20
	// maxTidied bounds how many of them one look changes. Each change leads to another look.
	maxTidied = 20
)

// decisions reads what people have said on the release of a BlueGreen, or on any of them
// where its status is lost. More than a bound of them are crowded: some are not known, and a
// release that is on its way goes on with the rest.
func (r *Releaser) decisions(ctx context.Context, bg *v1alpha1.BlueGreen) (known []release.Decision, crowded bool, err error) {
	about := fields.OneTermEqualSelector("spec.blueGreen", bg.Name)
	switch {
	case bg.Status.Release != nil:
		about = fields.AndSelectors(about, fields.OneTermEqualSelector("spec.release", bg.Status.Release.Name))
	case bg.Status.Phase != "":
		return nil, false, nil
	}
	var found []release.Decision
	next := ""
	for range maxPages {
		var page v1alpha1.DecisionList
		err := r.live.List(ctx, &page, client.InNamespace(bg.Namespace), client.Limit(maxDecisions), client.Continue(next),
			client.MatchingFieldsSelector{Selector: about})
		if err != nil {
			return nil, false, fmt.Errorf("reading the Decisions on %s/%s: %w", bg.Namespace, bg.Name, err)
		}
		found = append(found, decisionsIn(&page)...)
		if next = page.Continue; next == "" {
			return found, false, nil
		}
	}
	if lost(bg) {
		return nil, false, fmt.Errorf("BlueGreen %s/%s has more than %d Decisions: delete old ones", bg.Namespace, bg.Name, maxPages*maxDecisions)
	}
	return found, true, nil
}

// lost says whether a status remembers nothing.
func lost(bg *v1alpha1.BlueGreen) bool { return bg.Status.Phase == "" }

func decisionsIn(list *v1alpha1.DecisionList) []release.Decision {
	var found []release.Decision
	for i := range list.Items {
		d := &list.Items[i]
		if d.DeletionTimestamp != nil {
			continue
		}
		found = append(found, release.Decision{
			Name: d.Name, Release: d.Spec.Release, Verdict: release.Verdict(d.Spec.Verdict), Item: d.Spec.Item,
			By: d.Spec.DecidedBy, Reason: d.Spec.Reason, At: d.CreationTimestamp.Time,
		})
	}
	return found
}

// highest is the highest number of a release that Decisions on a BlueGreen, or jobs that it
// made, still name where its status is lost. Jobs are read as they were a moment ago: those of
// a release that nobody remembers are older.
func (r *Releaser) highest(ctx context.Context, bg *v1alpha1.BlueGreen, decisions []release.Decision) (int64, error) {
	if !lost(bg) {
		return 0, nil
	}
	var jobs batchv1.JobList
	if err := r.client.List(ctx, &jobs, client.InNamespace(bg.Namespace), client.HasLabels{labelRelease}); err != nil {
		return 0, fmt.Errorf("reading the jobs of namespace %s: %w", bg.Namespace, err)
	}
	return highestOf(bg, decisions, jobs.Items), nil
}

func highestOf(bg *v1alpha1.BlueGreen, decisions []release.Decision, jobs []batchv1.Job) int64 {
	var names []string
	for i := range decisions {
		names = append(names, decisions[i].Release)
	}
	for i := range jobs {
		if metav1.IsControlledBy(&jobs[i], bg) {
			names = append(names, jobs[i].Labels[labelRelease])
		}
	}
	highest := int64(0)
	for _, name := range names {
		suffix, ours := strings.CutPrefix(name, bg.Name+"-")
		// Nobody can make names run out by deciding on shop-9223372036854775807.
		if number, err := strconv.ParseInt(suffix, 10, 32); ours && err == nil {
			highest = max(highest, number)
		}
	}
	return highest
}

// tidy lets the Decisions on a BlueGreen go with it, and deletes those on releases that its
// history does not remember any more. It reads what may be a moment old: a Decision that is
// deleted was there before the present release began, and counts for none that is to come.
func (r *Releaser) tidy(ctx context.Context, bg *v1alpha1.BlueGreen) error {
	var list v1alpha1.DecisionList
	if err := r.client.List(ctx, &list, client.InNamespace(bg.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("reading the Decisions of namespace %s: %w", bg.Namespace, err)
	}
	changed := 0
	for i := range list.Items {
		d := &list.Items[i]
		var err error
		switch {
		case d.Spec.BlueGreen != bg.Name || d.DeletionTimestamp != nil:
			continue
		case forgotten(d, &bg.Status):
			err = r.client.Delete(ctx, d, client.Preconditions{UID: &d.UID})
		case !belongs(d, bg):
			err = r.adopt(ctx, d, bg)
		default:
			continue
		}
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("tidying Decision %s/%s: %w", d.Namespace, d.Name, err)
		}
		if changed++; changed == maxTidied {
			return nil
		}
	}
	return nil
}

// forgotten says whether a Decision is about none of the releases that a status remembers,
// and older than the present one.
func forgotten(d *v1alpha1.Decision, status *v1alpha1.BlueGreenStatus) bool {
	r := status.Release
	if r == nil || d.Spec.Release == r.Name || !d.CreationTimestamp.Time.Before(r.StartTime.Time) {
		return false
	}
	return !slices.ContainsFunc(status.History, func(s v1alpha1.ReleaseSummary) bool { return s.Name == d.Spec.Release })
}

func belongs(d *v1alpha1.Decision, bg *v1alpha1.BlueGreen) bool {
	return slices.ContainsFunc(d.OwnerReferences, func(owner metav1.OwnerReference) bool { return owner.UID == bg.UID })
}

func (r *Releaser) adopt(ctx context.Context, d *v1alpha1.Decision, bg *v1alpha1.BlueGreen) error {
	adopted := d.DeepCopy()
	adopted.OwnerReferences = append(adopted.OwnerReferences, ownerOf(bg))
	patch := client.MergeFromWithOptions(d, client.MergeFromWithOptimisticLock{})
	return r.client.Patch(ctx, adopted, patch, client.FieldOwner(v1alpha1.FieldManager))
}

// ownerOf has an object go with its BlueGreen. It holds up no deletion, which would take a
// right on finalizers.
func ownerOf(bg *v1alpha1.BlueGreen) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "BlueGreen", Name: bg.Name, UID: bg.UID,
	}
}
