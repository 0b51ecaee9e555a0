package v1alpha1

// Group is the API group and the prefix of every label and annotation.
const Group = "tealgate.dev"

// Namespace is where tealgate runs. It is fixed, because CEL expressions name it.
const Namespace = "tealgate-system"

// FieldManager owns what tealgate writes. It never stays owner of a Service's
// selector, nor of replicas.
const FieldManager = "tealgate"

// Labels.
const (
	// LabelColor is blue or green: on a Deployment, its selector, its pods, and
	// in the live Service's selector.
	LabelColor = Group + "/color"
	// LabelVersion is the recommended version label of pods,
	// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
	LabelVersion = "app.kubernetes.io/version"
	// LabelVersionShort is the customary short form, counted as well.
	LabelVersionShort = "version"
	// LabelMode on a Namespace switches tealgate on there; see the Mode values.
	LabelMode = Group + "/mode"
	// LabelLanguage on a Namespace chooses the language of its messages.
	LabelLanguage = Group + "/language"
	// LabelPolicy with PolicyTrue on a ConfigMap of tealgate's namespace says that its
	// .rego keys are policies.
	LabelPolicy = Group + "/policy"
	// LabelRole on a Service says that it carries no live traffic; see the Role values.
	LabelRole = Group + "/role"
	// LabelMigration with MigrationContract on a Job says that it takes something away
	// from a database: only when no pod of the version before runs any more.
	LabelMigration = Group + "/migration"
)

// Annotations.
const (
	// AnnotationTraffic with TrafficNone on a pod template declares a worker
	// that no Service may select.
	AnnotationTraffic = Group + "/traffic"
	// AnnotationBlueGreen with BlueGreenDisabled on a Deployment keeps it out of
	// coloring; the readiness rules stay.
	AnnotationBlueGreen = Group + "/blue-green"
	// AnnotationConfig on a Deployment or its pod template declares where
	// configuration comes from when the pod does not show it: none, nacos, apollo, ...
	AnnotationConfig = Group + "/config"
	// AnnotationShutdown with the value handled declares that the app itself ends
	// its requests on SIGTERM.
	AnnotationShutdown = Group + "/shutdown"
	// AnnotationSelfRegistration declares what takes traffic or work around the
	// Service: a list such as nacos, kafka.
	AnnotationSelfRegistration = Group + "/self-registration"
	// AnnotationDeployedBy on a Deployment is the user who last changed its pod
	// template, recorded from the admission request.
	AnnotationDeployedBy = Group + "/deployed-by"
	// AnnotationColorFrom on a Deployment says why tealgate gave it its color when
	// it was created: label, name, pair or first.
	AnnotationColorFrom = Group + "/color-from"
	// AnnotationSwitched on a Service says what its last switch left, recorded by
	// tealgate: from blue 1.4.0 to green 1.5.0.
	AnnotationSwitched = Group + "/switched"
	// AnnotationBreakGlass on an object lets who holds VerbBreakGlass change it unjudged:
	// a reason, the word until, and a time at most an hour ahead.
	AnnotationBreakGlass = Group + "/break-glass"
	// AnnotationExempt on a Deployment or Service exempts it from rules: RULE: REASON
	// until DAY, with a semicolon between two. Adding one takes the verb exempt on
	// overrides.tealgate.dev.
	AnnotationExempt = Group + "/exempt"
	// AnnotationReleaseRequested on a BlueGreen asks for a release of what stands on the
	// idle color, or for an aborted one to be tried again. Each new value asks once.
	AnnotationReleaseRequested = Group + "/release-requested"
	// AnnotationReleaseNotes on a Deployment of the idle color goes into notifications
	// and into the report of its release.
	AnnotationReleaseNotes = Group + "/release-notes"
	// AnnotationArgoRollouts marks Services that Argo Rollouts manages; tealgate
	// leaves them alone.
	AnnotationArgoRollouts = "argo-rollouts.argoproj.io/managed-by-rollouts"
)

// Values of labels and annotations.
const (
	ModeEnforce = "enforce"
	ModeWarn    = "warn"
	ModeAudit   = "audit"

	PolicyTrue = "true"

	TrafficNone       = "none"
	BlueGreenDisabled = "disabled"

	RolePreview = "preview"
	RoleMetrics = "metrics"

	MigrationContract = "contract"
)

// Rights beyond plain RBAC are verbs on a resource that does not exist, so that no
// right on real ones, not even *, grants them.
const (
	// ResourceOverrides is the resource.
	ResourceOverrides = "overrides"
	// VerbExempt: to give exemptions, and to take out of coloring what serves.
	VerbExempt = "exempt"
	// VerbBreakGlass: to have changes admitted unjudged, for a time and with a reason.
	VerbBreakGlass = "break-glass"
)
