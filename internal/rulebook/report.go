package rulebook

import (
	"context"
	"fmt"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
)

// Reasons of Events on ConfigMaps with policy or settings.
const (
	reasonLoaded   = "PolicyLoaded"
	reasonSetAside = "PolicySetAside"
	reasonDoubtful = "PolicyDoubtful"
)

// maxNote is what the API server takes as the note of an Event, in bytes.
const maxNote = 1024

// reporter writes an Event on each ConfigMap with which something happened, and once
// it leads on each with which something is wrong. Only the leader does: all replicas
// come to the same.
type reporter struct {
	book   *Book
	events events.EventRecorder
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*reporter) NeedLeaderElection() bool { return true }

// Start implements manager.Runnable.
func (r *reporter) Start(ctx context.Context) error {
	told := r.tell(nil, true)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.book.changed:
			told = r.tell(told, false)
		}
	}
}

// tell writes what is new since the statuses that were told, and returns those that
// were told now.
func (r *reporter) tell(told map[string]Status, first bool) map[string]Status {
	now := map[string]Status{}
	for _, status := range r.book.Edition().Sources {
		now[status.Source.Name] = status
		before, known := told[status.Source.Name]
		if status.Source.Ref == nil || known && before.State == status.State && before.Source.same(status.Source) {
			continue
		}
		if kind, reason, note := words(status); !first || kind == corev1.EventTypeWarning {
			r.events.Eventf(status.Source.Ref, nil, kind, reason, "Load", "%s", note)
		}
	}
	return now
}

func words(status Status) (kind, reason, note string) {
	switch {
	case status.State == LastGood:
		return corev1.EventTypeWarning, reasonSetAside, short("its last good content stays in force", status)
	case status.State == SetAside:
		return corev1.EventTypeWarning, reasonSetAside, short("nothing of it is in force", status)
	case len(status.Problems) > 0:
		return corev1.EventTypeWarning, reasonDoubtful, short("it is in force, but", status)
	default:
		return corev1.EventTypeNormal, reasonLoaded, "it is in force on this replica, and soon on all"
	}
}

// short is a note with the first problem.
func short(note string, status Status) string {
	if len(status.Problems) == 0 {
		return note
	}
	note += ": " + status.Problems[0].String()
	more := ""
	if others := len(status.Problems) - 1; others > 0 {
		more = fmt.Sprintf(" (and %d more)", others)
	}
	for len(note)+len(more) > maxNote {
		_, size := utf8.DecodeLastRuneInString(note)
		note = note[:len(note)-size]
	}
	return note + more
}
