// Package admission answers the API server. It turns an AdmissionReview into
// facts and a question to the rules, and their violations into the sentences
// that a person reads. It writes nothing to the API server but the Event of a
// broken glass.
//
// Each webhook entry has a path of its own and the path carries the namespace's
// mode: the API server picked the entry by the namespace's labels, so no cache
// of ours can be stale about it.
package admission

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// Edition is a set of rules with the platform team's settings. A request is
// judged by one edition from beginning to end, whatever is loaded meanwhile.
type Edition struct {
	Rules    Rules
	Settings *settings.Settings
}

// Rules decides about an input. An error means that there is no decision.
// Implementations are safe for concurrent use and end soon after ctx does.
type Rules interface {
	Evaluate(ctx context.Context, in policy.Input) ([]policy.Violation, error)
	// Rule returns the rule of that id, and false where there is none.
	Rule(id string) (*policy.Rule, bool)
}

// Facts gathers what is around an object. An error means that the facts are not
// complete. Implementations are safe for concurrent use and end with ctx.
type Facts interface {
	ForDeployment(ctx context.Context, deployment *appsv1.Deployment) (facts.Facts, error)
	// Abreast brings up to date what ForDeployment gathered and what the cache may not have yet.
	Abreast(ctx context.Context, deployment *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error)
	Attached(ctx context.Context, deployment, old *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error)
	ForService(ctx context.Context, service, old *corev1.Service) (facts.Facts, error)
	// Behind returns a bounded number of the Deployments that a new Service selects.
	Behind(ctx context.Context, service *corev1.Service) ([]facts.Behind, error)
	// Traffic adds what the pods carry that an update is about.
	Traffic(ctx context.Context, namespace string, touched facts.Touched, gathered facts.Facts) (facts.Facts, error)
	CarriersNow(ctx context.Context, namespace string, pod map[string]string) ([]facts.Carrier, error)
	Scaled(ctx context.Context, namespace, name string) (*facts.Scaled, error)
	ManagedService(ctx context.Context, namespace, name string) (facts.Managed, error)
	ManagedPods(ctx context.Context, namespace string, pod map[string]string) (facts.Managed, error)
	// StillThere says whether a BlueGreen has not been deleted meanwhile.
	StillThere(ctx context.Context, namespace, blueGreen string) (bool, error)
	SideBySide(ctx context.Context, namespace string) ([]facts.Versions, error)
	Terminating(ctx context.Context, namespace string) (bool, error)
	OnlyColor(ctx context.Context, service *corev1.Service) (color.Color, bool, error)
	Switched(ctx context.Context, service, old *corev1.Service) (string, error)
	RanBefore(ctx context.Context, deployment *appsv1.Deployment) (facts.Past, error)
	MayExempt(ctx context.Context, namespace, user string, groups []string) (bool, error)
	MayBreakGlass(ctx context.Context, namespace, user string, groups []string) (bool, error)
}

// Inventory lists what stands in a namespace. The result is the caller's; what it
// holds must not be changed. Implementations are safe for concurrent use and end
// with ctx.
type Inventory func(ctx context.Context, namespace string) (*facts.Inventory, error)

// Namespaces tells what a namespace's labels say about answers. It may be stale;
// nothing that protects traffic depends on it.
type Namespaces interface {
	// Labels returns the labels of a namespace, nil when it is not known.
	Labels(ctx context.Context, namespace string) map[string]string
}

// Events takes the Event of a broken glass. Implementations are safe for concurrent
// use and do not wait for the API server.
type Events interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// Options are the parts of the webhooks. All are required but Language and Now.
type Options struct {
	// Edition returns what is in force now. It is safe for concurrent use and does
	// not block.
	Edition    func() Edition
	Facts      Facts
	Inventory  Inventory
	Namespaces Namespaces
	Events     Events
	// Now is the time; time.Now by default.
	Now      func() time.Time
	Policies Policies
	// Language of answers where the namespace chooses none; English by default.
	Language policy.Language
	// Registerer takes the metrics; New registers them once.
	Registerer prometheus.Registerer
}

// Webhooks answers all entries. Immutable and safe for concurrent use.
type Webhooks struct {
	edition    func() Edition
	facts      Facts
	inventory  Inventory
	namespaces Namespaces
	events     Events
	now        func() time.Time
	policies   Policies
	language   policy.Language
	metrics    *metrics
	// advises says that what is silent at admission is asked for as well.
	advises bool
}

// New returns the webhooks.
func New(options Options) *Webhooks {
	if options.Language == "" {
		options.Language = policy.English
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Webhooks{
		edition: options.Edition, facts: options.Facts, inventory: options.Inventory, namespaces: options.Namespaces,
		events: options.Events, now: options.Now, policies: options.Policies,
		language: options.Language, metrics: newMetrics(options.Registerer),
	}
}

// entry is one webhook entry of the manifests.
type entry struct {
	// name is the path without its slash and the label of the metrics.
	name string
	// mode of the namespaces that the API server sends here.
	mode string
	// closed says that our own failure denies. Otherwise it is answered Allowed
	// with a warning: an errored answer would deny whatever the failurePolicy says.
	closed bool
	// open says what our failure means to the user of an entry that is not closed.
	open message.Open
	// kind says what is sent here; nil for Deployments, their scale and Services.
	kind  func(metav1.GroupVersionKind) bool
	judge func(ctx context.Context, r *review) (admission.Response, error)
}

func (e entry) reviews(kind metav1.GroupVersionKind) bool {
	if e.kind == nil {
		return known(kind)
	}
	return e.kind(kind)
}

func (w *Webhooks) entries() []entry {
	return []entry{
		{name: "mutate", mode: v1alpha1.ModeWarn, open: message.NotAdded, judge: w.mutate},
		{name: "restore-color", mode: v1alpha1.ModeEnforce, closed: true, judge: w.restore},
		{name: "restore-color-warn", mode: v1alpha1.ModeWarn, judge: w.restore},
		{name: "record-switch", mode: v1alpha1.ModeWarn, open: message.NoWayBack, judge: w.recordSwitch},
		{name: "validate-enforce", mode: v1alpha1.ModeEnforce, closed: true, judge: w.validate},
		{name: "validate-warn", mode: v1alpha1.ModeWarn, judge: w.validate},
		{name: "validate-audit", mode: v1alpha1.ModeAudit, judge: w.validate},
		{name: "break-glass", mode: v1alpha1.ModeEnforce, open: message.NotRecorded, judge: w.breakGlass},
		{name: "break-glass-warn", mode: v1alpha1.ModeWarn, open: message.NotRecorded, judge: w.breakGlass},
		{name: "namespace-mode", mode: v1alpha1.ModeWarn, open: message.NotCounted, kind: isNamespace, judge: w.modeSet},
		{name: "contract-migration", mode: v1alpha1.ModeEnforce, closed: true, kind: isJob, judge: w.validate},
		{name: "validate-policy", open: message.NotTried, kind: isConfigMap, judge: w.tryPolicies},
	}
}

// Handlers returns an HTTP handler per path, for a webhook server to register.
func (w *Webhooks) Handlers() map[string]http.Handler {
	handlers := map[string]http.Handler{}
	for _, e := range w.entries() {
		handlers["/"+e.name] = w.endpoint(e)
	}
	return handlers
}
