package release

import (
	"slices"
	"time"

	"github.com/tealgate/tealgate/internal/color"
)

// Phase is where a release is, for people. The doc of the package has the table.
type Phase string

// The phases. The zero value is a BlueGreen that nobody has looked at yet, or whose
// status was lost.
const (
	Idle             Phase = "Idle"
	Deploying        Phase = "Deploying"
	Verifying        Phase = "Verifying"
	AwaitingDecision Phase = "AwaitingDecision"
	Switching        Phase = "Switching"
	Watching         Phase = "Watching"
	Retiring         Phase = "Retiring"
	RollingBack      Phase = "RollingBack"
)

// Outcome is how a release ended. The zero value is one that has not.
type Outcome string

// The outcomes.
const (
	Succeeded  Outcome = "Succeeded"
	RolledBack Outcome = "RolledBack"
	Aborted    Outcome = "Aborted"
	Superseded Outcome = "Superseded"
)

// historyLimit is how many ended releases a State remembers.
const historyLimit = 10

// State is all that a release remembers between two decisions. Decide never changes the
// one it is given.
type State struct {
	Phase Phase
	// Live is the color that carries the traffic, Previous the one that did before the
	// last switch, if there was one.
	Live, Previous color.Color
	LiveVersion    string
	// Settled is the version on the idle color that is not to be released by itself: it
	// was retired, aborted, or there before anybody looked.
	Settled string
	// Handled is the last request for a release that was taken up.
	Handled string
	// PausedSince is when a pause or a freeze was first seen, zero while there is none.
	// Deadlines stand still meanwhile.
	PausedSince time.Time
	// Number is that of the newest release. It only grows.
	Number int64
	// Release is the one that runs or, when it has an outcome, the last.
	Release *Release
	// History are the releases before, newest first.
	History []Summary
}

// Release is one attempt to bring a version live.
type Release struct {
	Name     string
	From, To color.Color
	// FromVersion and Version are the version labels of the two colors.
	FromVersion, Version string
	// Revisions are the pod-template-hashes that the release stands for, by Deployment.
	Revisions map[string]string
	// Deployers are the users who last changed what Revisions names.
	Deployers []string
	// Spec is that of the moment the release began.
	Spec Spec
	// Started is when it began; Revised when Revisions last changed: what was verified
	// and decided before does not count. Since is when the present phase began.
	Started, Revised, Since time.Time
	// Orders are what is to happen to Deployments, by name: each once.
	Orders map[string]Order
	// Need is how many ready endpoints each Service had when the switch began, Size how
	// many replicas each Deployment of From.
	Need, Size map[string]int32
	// Restarts is how often containers of To had restarted when the switch began, or when To was
	// changed while it was watched, by Deployment.
	Restarts map[string]int32
	// Baseline are the signals from before the switch, where there was data.
	Baseline map[string]float64
	// Moving is when the order to move the Services was recorded, Moved when the slices
	// of all of them held the new color only (endpointsSwitchedTime), Left when they held
	// the old one again after a rollback.
	Moving, Moved, Left time.Time
	// DecidedBy are those whose Go let it switch.
	DecidedBy []string
	// Retire is the color to retire; Retired says that the order to do so is recorded:
	// from then on there is no way back but a release in the other direction.
	Retire  color.Color
	Retired bool
	// Outcome, Reason and Message say how it ended, or why it rolls back, and Ended when.
	Outcome         Outcome
	Reason, Message string
	Ended           time.Time
}

// Order is to set the replicas of a Deployment, or to retire it. It is for the object as it
// was seen: once its spec has changed, because the order was carried out or because
// somebody else wants something else, it is spent.
type Order struct {
	Replicas   int32
	UID        string
	Generation int64
}

// Summary is what is kept of an ended release.
type Summary struct {
	Name            string
	From, To        color.Color
	Version         string
	Outcome         Outcome
	Reason, Message string
	DecidedBy       []string
	// Moved and Left as in Release.
	Started, Moved, Left, Ended time.Time
}

// Running says whether a release is on its way. One that only waits for its aborted color to
// be retired is.
func (s *State) Running() bool {
	return s.Release != nil && s.Phase != Idle && s.Phase != ""
}

// clone returns a state that may be changed without the observed one noticing. Maps and
// slices are replaced when they change, never written to.
func (s State) clone() State {
	if s.Release != nil {
		release := *s.Release
		s.Release = &release
	}
	s.History = slices.Clone(s.History)
	return s
}

// summary is the release as history keeps it.
func (r *Release) summary() Summary {
	return Summary{
		Name: r.Name, From: r.From, To: r.To, Version: r.Version,
		Outcome: r.Outcome, Reason: r.Reason, Message: r.Message, DecidedBy: r.DecidedBy,
		Started: r.Started, Moved: r.Moved, Left: r.Left, Ended: r.Ended,
	}
}
