package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// Releases are those that a BlueGreen remembers, newest first; the first may be on its way.
func Releases(bg *v1alpha1.BlueGreen) []v1alpha1.ReleaseSummary {
	var all []v1alpha1.ReleaseSummary
	if r := bg.Status.Release; r != nil {
		all = append(all, v1alpha1.ReleaseSummary{
			Name: r.Name, From: r.From, To: r.To, Version: r.Version,
			Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, DecidedBy: r.DecidedBy,
			StartTime: r.StartTime, EndpointsSwitchedTime: r.EndpointsSwitchedTime,
			EndpointsRestoredTime: r.EndpointsRestoredTime, EndTime: r.EndTime,
		})
	}
	return append(all, bg.Status.History...)
}

// Release finds one by its name.
func Release(bg *v1alpha1.BlueGreen, name string) (v1alpha1.ReleaseSummary, bool) {
	all := Releases(bg)
	i := slices.IndexFunc(all, func(r v1alpha1.ReleaseSummary) bool { return r.Name == name })
	if i < 0 {
		return v1alpha1.ReleaseSummary{}, false
	}
	return all[i], true
}

// Ended says how a release ended, in one line.
func Ended(r v1alpha1.ReleaseSummary) string { return r.Name + ": " + ended(r.Outcome, r.Message) }

// History is the table of the releases of a BlueGreen. Without -o wide it fits a narrow terminal.
func History(bg *v1alpha1.BlueGreen, now time.Time) *metav1.Table {
	t := &metav1.Table{ColumnDefinitions: columns("Release", "Version", "To", "Outcome", "Reason", "Go by", "Age", "Took", "Began*", "Switched*", "Message*")}
	for _, r := range Releases(bg) {
		outcome := string(r.Outcome)
		if outcome == "" {
			outcome = string(bg.Status.Phase)
		}
		end := r.EndTime.Time
		if end.IsZero() {
			end = now
		}
		t.Rows = append(t.Rows, metav1.TableRow{Cells: []any{
			r.Name, dash(r.Version), string(r.To), outcome, dash(r.Reason), dash(strings.Join(r.DecidedBy, ",")),
			duration.HumanDuration(now.Sub(r.StartTime.Time)), dash(between(r.StartTime.Time, end)),
			at(r.StartTime.Time, now), at(r.EndpointsSwitchedTime.Time, now), dash(r.Message),
		}})
	}
	return t
}

// columns are those of a table; a name with a star is shown with -o wide only.
func columns(names ...string) []metav1.TableColumnDefinition {
	var all []metav1.TableColumnDefinition
	for _, name := range names {
		name, wide := strings.CutSuffix(name, "*")
		column := metav1.TableColumnDefinition{Name: name, Type: "string"}
		if wide {
			column.Priority = 1
		}
		all = append(all, column)
	}
	return all
}

func at(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(now.Location()).Format("2006-01-02 15:04")
}

// List is the table of BlueGreens: where they stand, and what they wait for.
func List(items []v1alpha1.BlueGreen, now time.Time) *metav1.Table {
	t := &metav1.Table{ColumnDefinitions: columns("Name", "Live", "Phase", "Release", "Outcome", "Age", "Conditions*", "Waiting for*")}
	for i := range items {
		bg := &items[i]
		live, phase, release, outcome := "-", dash(string(bg.Status.Phase)), "-", "-"
		if bg.Status.LiveColor != "" {
			live = strings.TrimSpace(string(bg.Status.LiveColor) + " " + bg.Status.LiveVersion)
		}
		if bg.Spec.Paused {
			phase += ",Paused"
		}
		if r := bg.Status.Release; r != nil {
			release, outcome = fmt.Sprintf("%s (%s)", r.Name, named(r.Version)), dash(string(r.Outcome))
		}
		waiting := "-"
		if w := bg.Status.Waiting; w != nil {
			waiting = dash(w.Message)
		}
		t.Rows = append(t.Rows, metav1.TableRow{
			Cells: []any{
				bg.Name, live, phase, release, outcome, duration.HumanDuration(now.Sub(bg.CreationTimestamp.Time)), conditions(bg), waiting,
			},
			Object: runtime.RawExtension{Object: bg},
		})
	}
	return t
}

// conditions are those that somebody should know of.
func conditions(bg *v1alpha1.BlueGreen) string {
	var found []string
	for _, c := range bg.Status.Conditions {
		yes := c.Status == metav1.ConditionTrue
		switch c.Type {
		case v1alpha1.ConditionStalled, v1alpha1.ConditionConflict, v1alpha1.ConditionReady, v1alpha1.ConditionReconciling:
			if yes {
				found = append(found, c.Type)
			}
		case v1alpha1.ConditionAccepted, v1alpha1.ConditionSignalsReady:
			if !yes {
				found = append(found, "not"+c.Type)
			}
		}
	}
	return dash(strings.Join(found, ","))
}
