// Package facts gathers what rules need to know beside the object under review.
//
// This file is the one place that documents them; the JSON schema that policies
// are checked against is made from these types. Deployments and Services come
// from a cache. Pods and EndpointSlices are read live for each decision and are
// never cached: what carries traffic is judged by what is true now.
package facts

// Facts is what a rule finds at input.facts. Lists are never nil, so that a
// rule which walks them is defined.
type Facts struct {
	// Services are the Services of the namespace whose selector, taken without
	// its color, matches the pods of the Deployment under review. Cached.
	Services []Service `json:"services"`
	// Pair are the other Deployments that those Services would match, taken
	// without color: both sides of the application. Cached.
	Pair []Deployment `json:"pair"`
	// Selected are the pods that the selector of the Service under review
	// matches, terminating ones included. Live.
	Selected Selected `json:"selected"`
	// Leaving are the pods that the stored selector of the Service under review
	// matches. Asked only when an update changes nothing but the color of the
	// selector, to the other one. Live.
	Leaving Selected `json:"leaving"`
	// Serving is what carries the traffic of the Service under review at this
	// moment. Live.
	Serving Serving `json:"serving"`
	// Live are the Services that send traffic to the pods of the stored
	// Deployment, and what stands behind each. Asked only when it is deleted, scaled
	// down, or when its pod template changes in more than annotations. For a Scale
	// they are those of its Deployment. The Services are cached, what stands behind
	// them is read live.
	Live []Carrier `json:"live"`
	// Doors are the Services, of a color or of none, that would send traffic to the
	// pods of the Deployment under review as soon as they are ready, and did not before.
	// Asked only when it is created or when the labels of its pods change. Like
	// Live, part cached and part live.
	Doors []Carrier `json:"doors"`
	// Beside counts the ready pods of the other color, for a new Service that names
	// a color: those that it would pass by. Live.
	Beside int `json:"beside"`
	// Coming are the colors of the Deployments behind a new Service that carries
	// traffic and names no color, as far as they want any pods: each once, sorted. Live.
	Coming []string `json:"coming"`
	// Config says which of the ConfigMaps that the Deployment under review names
	// are there. Asked only when it names any and is created, or when its pod
	// template changes. Live, names only.
	Config Config `json:"config"`
	// Claims are the PersistentVolumeClaims that the Deployment under review has
	// in common with its pair, as far as they exist. Asked only when there are
	// any in common, on the same requests as Config. Live.
	Claims []Claim `json:"claims"`
	// Managed is the BlueGreen that the object under review belongs to: the Service, or
	// the Service that the pods of the Deployment are behind. For a Scale it is that of
	// its Deployment. Of several the oldest. Cached.
	Managed Managed `json:"managed"`
	// SideBySide are the applications of the namespace whose pods are of more than one
	// version. Asked only for a Job labelled tealgate.dev/migration: contract. Live.
	SideBySide []Versions `json:"sideBySide"`
	// Exemptions are what the object under review asks for in the annotation
	// tealgate.dev/exempt.
	Exemptions []Exemption `json:"exemptions"`
	// MayExempt says that the requesting user holds the verb exempt on
	// overrides.tealgate.dev in this namespace. Asked only where a request
	// changes a declaration that takes it, or adds an exemption that would count;
	// false otherwise. Live.
	MayExempt bool `json:"mayExempt"`
	// Reads counts the live reads that all of this took so far, of a Deployment; no rule
	// sees it. What decides nothing by itself is not read when it is maxReads.
	Reads int `json:"-"`
}

// maxReads is how many live reads a request about a Deployment may take for what could
// only soften its answer.
const maxReads = 3

// Spare says that one more live read is within bounds.
func (f Facts) Spare() bool { return f.Reads < maxReads }

// Managed is a BlueGreen as far as rules need it. All of it is empty where none manages
// the object.
type Managed struct {
	// By is the name of the BlueGreen.
	By string `json:"by"`
	// Service is the one of its Services, or previews, by which it does.
	Service string `json:"service"`
	// Phase is where it is: Idle, Watching ...
	Phase string `json:"phase"`
	// Kept is the color that the release under way would go back to, from Switching until
	// it is being retired, and Release the name of that release. Empty otherwise.
	Kept    string `json:"kept"`
	Release string `json:"release"`
	// Keeps says that the pods of the Deployment have that color.
	Keeps bool `json:"keeps"`
}

// Versions are those of the pods that a Service selects, taken without its color.
type Versions struct {
	Service string `json:"service"`
	// Versions are sorted; a pod without a version has an empty one.
	Versions []string `json:"versions"`
}

// Exemption is one element of the annotation tealgate.dev/exempt.
type Exemption struct {
	// Text is how it stands there, on one line, at most 300 characters of it.
	Text string `json:"text"`
	// Rule, Reason and Until (as 2027-01-31) are its parts; empty are those that
	// could not be made out.
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Until  string `json:"until"`
	// Problem says what is wrong with the form, so that it exempts nothing: colon
	// (none behind the rule), reason (none), long (a reason of over 200
	// characters), day (none of the calendar), days (two), many (it stands behind
	// the tenth). Empty where nothing is.
	Problem string `json:"problem"`
	// Known says that there is such a rule, Exemptable that it allows exemptions.
	Known      bool `json:"known"`
	Exemptable bool `json:"exemptable"`
	// Ended says that its last day is over, in UTC.
	Ended bool `json:"ended"`
	// Added says that the stored object does not have it already: the same rule and
	// reason, for as long at least.
	Added bool `json:"added"`
	// Day is a day that could be named instead: in 90 days.
	Day string `json:"day"`
}

// Service is another Service of the namespace.
type Service struct {
	Name string `json:"name"`
	// Color is the one that its selector pins; empty when it pins none.
	Color string `json:"color"`
	// Role is the value of the label tealgate.dev/role; empty for live traffic.
	Role     string            `json:"role"`
	Selector map[string]string `json:"selector"`
	// SessionAffinity is ClientIP or None; empty means None.
	SessionAffinity string `json:"sessionAffinity"`
}

// Carrier is a Service without a role whose selector, its color included, matches
// pods of a Deployment.
type Carrier struct {
	Name string `json:"name"`
	// Color is the one that its selector pins; empty when it pins none.
	Color string `json:"color"`
	// Ready counts the distinct ready endpoints behind it, whoever's they are.
	Ready int `json:"ready"`
	// Workloads are the names of what owns the ready pods, as far as the names of
	// the pods tell, each once, sorted.
	Workloads []string `json:"workloads"`
	// Selector is the whole one.
	Selector map[string]string `json:"selector"`
}

// Config is what is known of the ConfigMaps that a Deployment names.
type Config struct {
	// Known says that somebody looked. Otherwise nothing can be said, and a rule
	// has to pass.
	Known bool `json:"known"`
	// ConfigMaps are the names, among those that the Deployment names, of what is
	// there. Sorted.
	ConfigMaps []string `json:"configMaps"`
}

// Claim is a PersistentVolumeClaim of the namespace.
type Claim struct {
	Name string `json:"name"`
	// AccessModes are the ones asked for: ReadWriteOnce, ReadWriteMany ...
	AccessModes []string `json:"accessModes"`
	// StorageClass is the name that the claim asks for; empty for the default.
	StorageClass string `json:"storageClass"`
}

// Deployment is the other side of a pair.
type Deployment struct {
	Name    string `json:"name"`
	Color   string `json:"color"`
	Version string `json:"version"`
	// Live says that one of the pair's Services without a role selects its pods.
	Live bool `json:"live"`
	// Declined says that its annotation tealgate.dev/blue-green is disabled.
	Declined bool `json:"declined"`
	// Images are those of its containers, init containers left out. Known only of a
	// Deployment whose pods have no color, empty for others: what stands beside one
	// from before tealgate is compared with it.
	Images []Image `json:"images"`
	// References are the environment variables that it reads from elsewhere.
	References []Reference `json:"references"`
	// Secrets are those that it takes as a whole.
	Secrets []Secret `json:"secrets"`
	// Settings are literal values of environment variables that choose a profile
	// or name a configuration centre. No other literal is ever a fact.
	Settings []Setting `json:"settings"`
	// Claims are the names of the PersistentVolumeClaims that its pods mount.
	Claims []string `json:"claims"`
}

// Image is what one container runs.
type Image struct {
	Container string `json:"container"`
	Image     string `json:"image"`
}

// Secret is a Secret that is taken as a whole, by envFrom or as a volume.
type Secret struct {
	// Container is the one whose envFrom names it; empty for a volume.
	Container string `json:"container"`
	Name      string `json:"name"`
}

// Setting is one known environment variable with its literal value.
type Setting struct {
	Container string `json:"container"`
	Env       string `json:"env"`
	// Kind is profile, or centre for the coordinates of a configuration centre.
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Reference is an environment variable that is read from a ConfigMap or Secret.
type Reference struct {
	Container string `json:"container"`
	Env       string `json:"env"`
	// Kind is ConfigMap or Secret.
	Kind string `json:"kind"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Selected are the pods behind a selector.
type Selected struct {
	Pods []Pod `json:"pods"`
	// Truncated says that there are more pods than one bounded read returns.
	Truncated bool `json:"truncated"`
	// ResourceVersion is that of the list, so that it can be told later which state
	// was judged; no rule sees it. Empty where nothing was read.
	ResourceVersion string `json:"-"`
}

// Pod is one pod as a selector sees it.
type Pod struct {
	Name    string `json:"name"`
	Color   string `json:"color"`
	Version string `json:"version"`
	// Ready is the pod condition Ready, on a pod that is not terminating.
	Ready       bool `json:"ready"`
	Terminating bool `json:"terminating"`
	// Traffic is the pod's annotation tealgate.dev/traffic; none declares that
	// no Service may select it.
	Traffic string `json:"traffic"`
	// Workload is the name of the Deployment that owns the pod, guessed from its
	// ReplicaSet; empty for pods of other owners.
	Workload string `json:"workload"`
	// Ports are the names of the ports that its containers declare.
	Ports []string `json:"ports"`
	// Problem says in the words of the pod's status why it is not ready, for
	// example: web: ImagePullBackOff. Empty when it is ready.
	Problem string `json:"problem"`
}

// Serving is what the EndpointSlices of a Service hold.
type Serving struct {
	// Ready counts distinct ready endpoints: pods, or addresses without a pod.
	Ready int `json:"ready"`
	// Pods are the names of the pods among them, sorted.
	Pods []string `json:"pods"`
	// Colors are those of the pods among them, each once, sorted. Pods without a
	// color add none.
	Colors []string `json:"colors"`
	// Truncated says that there are more slices than one bounded read returns.
	Truncated bool `json:"truncated"`
	// ResourceVersion is that of the list, as for Selected.
	ResourceVersion string `json:"-"`
}

// None returns facts without content, for objects that need none.
func None() Facts {
	return Facts{
		Services: []Service{}, Pair: []Deployment{}, Claims: []Claim{}, Exemptions: []Exemption{},
		Live: []Carrier{}, Doors: []Carrier{}, Coming: []string{}, SideBySide: []Versions{},
		Selected: Selected{Pods: []Pod{}}, Leaving: Selected{Pods: []Pod{}},
		Serving: Serving{Pods: []string{}, Colors: []string{}},
		Config:  Config{ConfigMaps: []string{}},
	}
}
