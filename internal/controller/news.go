package controller

import (
	"time"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/notify"
	"github.com/tealgate/tealgate/internal/release"
	"github.com/tealgate/tealgate/internal/settings"
)

// Bounds of what a status keeps for those who do not know yet.
const (
	maxNotifications = 50
	maxNews          = 1024
)

// newsOf are the events that a change of state means for people.
func newsOf(before, after *release.State) []string {
	r := after.Release
	if r == nil {
		return nil
	}
	old := before.Release
	if old == nil || old.Name != r.Name {
		old = &release.Release{}
	}
	var events []string
	for _, event := range []struct {
		name string
		is   bool
	}{
		{notify.Started, old.Name == ""},
		{notify.DecisionNeeded, after.Phase == release.AwaitingDecision && before.Phase != after.Phase && !r.Spec.Approval.Automatic},
		{notify.Switched, old.Moved.IsZero() && !r.Moved.IsZero()},
		{notify.RolledBack, old.Left.IsZero() && !r.Left.IsZero()},
		{notify.Finished, old.Outcome == "" && r.Outcome != ""},
	} {
		if event.is {
			events = append(events, event.name)
		}
	}
	return events
}

// addNews puts what a recorded change of state means into the status, for each who wants
// to know. It is written together with the change, so that nothing gets lost between the
// two. It returns how many notifications had to go for it, oldest first.
func addNews(bg *v1alpha1.BlueGreen, before *release.State, plan *release.Plan, targets []settings.Notification, now time.Time) int {
	for _, event := range newsOf(before, &plan.State) {
		r := plan.State.Release
		news := v1alpha1.Notification{
			Release: r.Name, Event: event, Time: micro(now), Phase: v1alpha1.Phase(plan.State.Phase), Message: r.Message,
		}
		if plan.Note != nil && r.Outcome == "" {
			news.Message = plan.Note.Message
		}
		if runes := []rune(news.Message); len(runes) > maxNews {
			news.Message = string(runes[:maxNews-3]) + "..."
		}
		for i := range targets {
			if targets[i].Wants(bg.Namespace, event) {
				news.Targets = append(news.Targets, targets[i].Name)
			}
		}
		if len(news.Targets) > 0 {
			bg.Status.Notifications = append(bg.Status.Notifications, news)
		}
	}
	excess := max(0, len(bg.Status.Notifications)-maxNotifications)
	dropped := 0
	for _, old := range bg.Status.Notifications[:excess] {
		dropped += len(old.Targets)
	}
	bg.Status.Notifications = bg.Status.Notifications[excess:]
	return dropped
}

// eventOf is what a notification tells, as far as the status knows. Of a release before
// the present one history knows a part.
func eventOf(bg *v1alpha1.BlueGreen, n *v1alpha1.Notification) notify.Event {
	event := notify.Event{
		Namespace: bg.Namespace, BlueGreen: bg.Name, Release: n.Release,
		Event: n.Event, Time: n.Time.Time, Phase: string(n.Phase), Message: n.Message,
	}
	switch n.Event {
	case notify.DecisionNeeded:
		event.Command = "kubectl tealgate go " + bg.Name + " -n " + bg.Namespace
	case notify.Switched:
		event.Command = "kubectl tealgate rollback " + bg.Name + " -n " + bg.Namespace
	}
	if r := bg.Status.Release; r != nil && r.Name == n.Release {
		event.From, event.FromVersion, event.To, event.Version = string(r.From), r.FromVersion, string(r.To), r.Version
		event.Outcome, event.Deployers, event.DecidedBy = string(r.Outcome), r.Deployers, r.DecidedBy
		return event
	}
	event.Command = "" // It is too late to decide.
	for i := range bg.Status.History {
		if s := &bg.Status.History[i]; s.Name == n.Release {
			event.From, event.To, event.Version = string(s.From), string(s.To), s.Version
			event.Outcome, event.DecidedBy = string(s.Outcome), s.DecidedBy
		}
	}
	return event
}
