package release

import "time"

// Spec is what a release keeps to: a BlueGreen's spec, with every default filled in.
type Spec struct {
	// DeployDeadline is how long the idle color may take to become complete.
	DeployDeadline time.Duration
	Verify         Verify
	Approval       Approval
	// Before and After are the hooks around the switch, by name.
	Before, After []string
	Watch         Watch
	// ManualRollback leaves rolling back to people.
	ManualRollback bool
	Retire         Retire
}

// Verify is what must pass before anybody is asked.
type Verify struct {
	// Jobs run against the preview Services, Checklist items are ticked by people.
	Jobs, Checklist []string
	Deadline        time.Duration
}

// Approval is who must say Go.
type Approval struct {
	// Automatic asks nobody; a NoGo still stops.
	Automatic bool
	// Separation keeps a deployer, and ServiceAccounts of the namespace, from deciding.
	Separation bool
	Approvals  int
	// ValidFor is how long a Go counts, and how long a release waits for one.
	ValidFor time.Duration
}

// Watch is what must hold after the switch.
type Watch struct {
	// Duration is how long to look, Interval how often.
	Duration, Interval time.Duration
	Jobs, Checklist    []string
	Signals            []Signal
}

// Signal is a limit on a measured value. Without Max and Increase it only has to have data.
type Signal struct {
	Name string
	// Max is the highest value that passes.
	Max *float64
	// Increase is how much more than before the switch passes, in percent.
	Increase *float64
	// MinSamples is how many samples it takes to judge.
	MinSamples float64
}

// Retire is what becomes of the color that is not needed any more.
type Retire struct {
	// After is how long the old color is kept once the watch has ended.
	After  time.Duration
	Delete bool
	// Keep leaves the old color as it is.
	Keep bool
	// Evidence says that the traffic of the old color is measured and must be at zero.
	Evidence bool
}

// Deadlines that no spec sets: each is far above what a healthy cluster needs.
const (
	// baselineDeadline bounds waiting for values from before the switch.
	baselineDeadline = 30 * time.Second
	// switchDeadline bounds hooks and waiting before the first selector is written.
	switchDeadline = 10 * time.Minute
	// endpointsDeadline bounds how long slices may take to follow a selector.
	endpointsDeadline = time.Minute
	// rollbackDeadline is after how long a rollback takes a person, repairDeadline how much
	// longer it goes on trying.
	rollbackDeadline = 10 * time.Minute
	repairDeadline   = 24 * time.Hour
	// dataDeadline is how long after the watch a release waits for data, jobs and people.
	dataDeadline = 24 * time.Hour
	// retireDeadline is how long a color may stay in use after its time to retire.
	retireDeadline = time.Hour
	// pollInterval is how soon to look again at pods and slices, which are not watched.
	pollInterval = time.Second
	// pollEagerly is for how long a phase looks that often.
	pollEagerly = time.Minute
	// restartLimit is how many restarts after the switch count as a crash loop.
	restartLimit = 3
)
