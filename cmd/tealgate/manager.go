package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/certs"
	"github.com/tealgate/tealgate/internal/controller"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
	"github.com/tealgate/tealgate/internal/settings"
)

// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=list
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list
// +kubebuilder:rbac:groups="",resources=configmaps;persistentvolumeclaims,verbs=list
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=list
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=list;watch;create
// +kubebuilder:rbac:groups=tealgate.dev,resources=bluegreens,verbs=get;list;watch
// +kubebuilder:rbac:groups=tealgate.dev,resources=decisions,verbs=list;watch;patch;delete
// +kubebuilder:rbac:groups=tealgate.dev,resources=bluegreens/status,verbs=patch
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations;validatingwebhookconfigurations,resourceNames=tealgate,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=tealgate-system,resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",namespace=tealgate-system,resources=events,verbs=create
// +kubebuilder:rbac:groups="",namespace=tealgate-system,resources=secrets,resourceNames=tealgate-webhook-certificate,verbs=get;list;watch
// +kubebuilder:rbac:groups="",namespace=tealgate-system,resources=secrets,resourceNames=tealgate-notifications,verbs=get
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=tealgate-system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=tealgate-system,resources=leases,resourceNames=tealgate-leader,verbs=get;update

// What certificates of its own need beside is in manifests/rbac/certificates.yaml.

// startupTimeout bounds what must succeed before the webhooks answer.
const startupTimeout = time.Minute

// serve wires everything together and runs it until ctx ends.
func serve(ctx context.Context, o *options) error {
	ctrl.SetLogger(newLogger(o))
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// The API server's priority and fairness limits us; a limit in the client
	// would make live reads wait behind each other.
	config.QPS = -1

	book, err := rulebook.Open(ctx, metrics.Registry)
	if err != nil {
		return err
	}
	keeper, err := newKeeper(ctx, config, o)
	if err != nil {
		return err
	}
	drain := &drain{}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	mgr, err := newManager(config, o, keeper)
	if err != nil {
		return err
	}
	if err := setup(running, mgr, o, book, keeper, drain); err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		drain.begin(o.drainDelay)
		stop()
	}()
	return mgr.Start(running)
}

func newLogger(o *options) logr.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "error": slog.LevelError}
	return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: levels[o.logLevel]}))
}

// newKeeper has the certificate that this replica starts with.
func newKeeper(ctx context.Context, config *rest.Config, o *options) (*certs.Keeper, error) {
	ctx, cancel := context.WithTimeout(ctx, startupTimeout)
	defer cancel()
	keeper, err := certs.New(certs.Options{
		Names: o.certificateNames, Lifetime: o.certificateLifetime, CertManager: o.certificates == fromCertManager,
	})
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		return nil, err
	}
	return keeper, keeper.Ensure(ctx, c)
}

func newManager(config *rest.Config, o *options, keeper *certs.Keeper) (manager.Manager, error) {
	host, port, err := splitAddress(o.webhookAddress)
	if err != nil {
		return nil, err
	}
	ours := fields.OneTermEqualSelector("metadata.name", certs.ConfigurationName)
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	jobs, err := controller.JobSelector()
	if err != nil {
		return nil, err
	}
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Logger:                        ctrl.Log,
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "tealgate-leader",
		LeaderElectionNamespace:       v1alpha1.Namespace,
		LeaderElectionReleaseOnCancel: true,
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: host, Port: port, TLSOpts: []func(*tls.Config){keeper.Configure},
		}),
		Cache: cache.Options{
			DefaultTransform: facts.NewProjection().Transform,
			ByObject: map[client.Object]cache.ByObject{
				&admissionregistrationv1.MutatingWebhookConfiguration{}:   {Field: ours},
				&admissionregistrationv1.ValidatingWebhookConfiguration{}: {Field: ours},
				&batchv1.Job{}:      {Label: jobs},
				&corev1.ConfigMap{}: {Namespaces: map[string]cache.Config{v1alpha1.Namespace: {}}},
				&corev1.Secret{}: {Namespaces: map[string]cache.Config{v1alpha1.Namespace: {
					FieldSelector: fields.OneTermEqualSelector("metadata.name", certs.SecretName),
				}}},
			},
		},
	})
}

// newScheme knows the kinds of Kubernetes, our own, and cert-manager's.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), cmapi.AddToScheme(scheme))
}

func setup(ctx context.Context, mgr manager.Manager, o *options, book *rulebook.Book, keeper *certs.Keeper, drain *drain) error {
	gatherer := facts.New(facts.Options{Cached: mgr.GetClient(), Live: mgr.GetAPIReader(), Authorizer: mgr.GetClient()})
	namespaces := facts.NewNamespaces(mgr.GetClient(), o.auditOnly)
	webhooks := admission.New(admission.Options{
		Edition: func() admission.Edition {
			edition := book.Edition()
			return admission.Edition{Rules: edition.Rules, Settings: edition.Settings}
		},
		Facts: gatherer, Inventory: gatherer.Inventory, Namespaces: namespaces,
		Policies: rulebook.NewGate(book, mgr.GetAPIReader()), Events: mgr.GetEventRecorder("tealgate"),
		Language: policy.Language(o.language), Registerer: metrics.Registry,
	})
	for path, handler := range webhooks.Handlers() {
		mgr.GetWebhookServer().Register(path, handler)
	}
	if err := informers(ctx, mgr.GetCache()); err != nil {
		return err
	}
	if err := rulebook.SetupWatch(mgr, book, o.policyDir); err != nil {
		return err
	}
	if err := keeper.Setup(mgr); err != nil {
		return err
	}
	certs.RegisterMetrics(metrics.Registry, mgr.GetClient(), keeper)
	if err := controller.SetupPinner(mgr, controller.PinnerOptions{Facts: gatherer, Namespaces: namespaces}); err != nil {
		return err
	}
	err := controller.SetupReleaser(mgr, controller.ReleaserOptions{
		Releases: gatherer, Namespaces: namespaces,
		Prometheus: func(name string) (string, bool) {
			address, known := book.Edition().Settings.Prometheus[name]
			return address, known
		},
		Ready:         book.Ready,
		Frozen:        book.Frozen,
		Notifications: func() []settings.Notification { return book.Edition().Settings.Notifications },
		Registerer:    metrics.Registry,
	})
	if err != nil {
		return err
	}
	return errors.Join(
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("webhooks", mgr.GetWebhookServer().StartedChecker()),
		mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache())),
		mgr.AddReadyzCheck("policies", func(*http.Request) error { return book.Ready() }),
		mgr.AddReadyzCheck("trusted", trusted(mgr.GetClient(), keeper)),
		mgr.AddReadyzCheck("not-draining", drain.check),
	)
}

// informers starts those that requests need: they must exist before the first request.
// That of BlueGreens waits for its CRD, which may be applied at the same time. Without it
// nobody could say what is managed.
func informers(ctx context.Context, c cache.Cache) error {
	for _, object := range []client.Object{&appsv1.Deployment{}, &corev1.Service{}, facts.NamespaceMetadata()} {
		if _, err := c.GetInformer(ctx, object); err != nil {
			return err
		}
	}
	var missing error
	err := wait.PollUntilContextTimeout(ctx, time.Second, startupTimeout, true, func(ctx context.Context) (bool, error) {
		_, missing = c.GetInformer(ctx, &v1alpha1.BlueGreen{})
		if meta.IsNoMatchError(missing) {
			return false, nil
		}
		return missing == nil, missing
	})
	if err != nil && meta.IsNoMatchError(missing) {
		return fmt.Errorf("the CRDs of tealgate are not installed (manifests/crd): %w", missing)
	}
	return err
}

func cachesSynced(c cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("caches are not synced")
		}
		return nil
	}
}

func trusted(cached client.Reader, keeper *certs.Keeper) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		return keeper.Trusted(ctx, cached)
	}
}

// drain reports not ready while still answering, so that the Service's endpoints
// lose this replica before its server closes.
type drain struct{ begun atomic.Bool }

func (d *drain) begin(delay time.Duration) {
	d.begun.Store(true)
	<-time.After(delay)
}

func (d *drain) check(*http.Request) error {
	if d.begun.Load() {
		return errors.New("draining")
	}
	return nil
}
