package v1alpha1

// Types of conditions on a BlueGreen. Ready, Reconciling and Stalled mean what kstatus says.
const (
	// ConditionAccepted: tealgate works on it; its namespace is in enforce.
	ConditionAccepted = "Accepted"
	// ConditionReady: the live color serves and no release is on its way.
	ConditionReady = "Ready"
	// ConditionReconciling: a release is on its way, and takes nobody.
	ConditionReconciling = "Reconciling"
	// ConditionStalled: it takes a person to go on.
	ConditionStalled = "Stalled"
	// ConditionConflict: an older BlueGreen owns one of its Services.
	ConditionConflict = "Conflict"
	// ConditionVerified: jobs and checklist of the present release have passed.
	ConditionVerified = "Verified"
	// ConditionSignalsReady: the queries parse and run.
	ConditionSignalsReady = "SignalsReady"
)

// Reasons of conditions that are not those of a release.Plan.
const (
	ReasonAccepted       = "Accepted"
	ReasonNotEnforced    = "NamespaceNotInEnforce"
	ReasonNoConflict     = "NoConflict"
	ReasonOlderOwner     = "OlderOwner"
	ReasonNotVerified    = "NotVerified"
	ReasonVerified       = "Verified"
	ReasonSignalsReady   = "AllSignalsRun"
	ReasonNoSignals      = "NoSignals"
	ReasonSignalsInvalid = "QueryFails"
)
