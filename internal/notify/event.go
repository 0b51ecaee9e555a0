// Package notify tells people outside the cluster what a release does: it fills one
// documented event into a template and posts the result once. When to tell, whom, and
// whether to try again is not known here.
package notify

import "time"

// Kinds of events, the field event.
const (
	Started        = "Started"
	DecisionNeeded = "DecisionNeeded"
	Switched       = "Switched"
	RolledBack     = "RolledBack"
	Finished       = "Finished"
)

// Kinds returns all kinds, in the order of a release.
func Kinds() []string { return []string{Started, DecisionNeeded, Switched, RolledBack, Finished} }

// Event is one thing that happened to a release. Every field is always there: what is not
// known is empty.
type Event struct {
	Namespace string `json:"namespace"`
	BlueGreen string `json:"blueGreen"`
	Release   string `json:"release"`
	// Event is one of Kinds, Time when it happened, Phase the one that it led to.
	Event string    `json:"event"`
	Time  time.Time `json:"time"`
	Phase string    `json:"phase"`
	// From and To are colors, with the version labels of their pods.
	From        string `json:"from"`
	FromVersion string `json:"fromVersion"`
	To          string `json:"to"`
	Version     string `json:"version"`
	// Outcome is empty while the release runs.
	Outcome string `json:"outcome"`
	Message string `json:"message"`
	// Deployers last changed the new color, DecidedBy said Go.
	Deployers []string `json:"deployers"`
	DecidedBy []string `json:"decidedBy"`
	// Preview is where the new color answers before the switch.
	Preview string `json:"preview"`
	// Command is what to type to decide.
	Command string `json:"command"`
	// ReleaseNotes are those on the Deployments of the new color.
	ReleaseNotes string `json:"releaseNotes"`
}

// Sample is an event with everything in it, also what a careless template breaks on.
func Sample(kind string) Event {
	return Event{
		Namespace: "shop", BlueGreen: "shop", Release: "shop-17", Event: kind,
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Phase: "AwaitingDecision",
		From: "blue", FromVersion: "1.4.0", To: "green", Version: "1.5.0", Outcome: "Aborted",
		Message:   "job smoke failed: \"GET /login\": 500\n\tat C:\\shop {{.}} <b>&amp;</b>",
		Deployers: []string{"lee"}, DecidedBy: []string{"mia"},
		Preview: "http://shop-preview.shop.svc:80", Command: "kubectl tealgate go shop -n shop",
		ReleaseNotes: "- \"Buy now\" 立即购买\n- faster\r\n",
	}
}
