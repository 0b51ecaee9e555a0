package certs

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// ConfigurationName is the name of both webhook configurations.
const ConfigurationName = "tealgate"

// Injector keeps the CA in the caBundle of both webhook configurations, also
// when somebody replaces them. It runs on every replica, for its own CA: one that
// has to wait for the leader would be called and not be trusted.
type Injector struct {
	client client.Client
	ca     []byte
}

// SetupInjector adds an Injector to a manager.
func SetupInjector(mgr ctrl.Manager, ca []byte) error {
	i := &Injector{client: mgr.GetClient(), ca: ca}
	configurations := source.Kind(mgr.GetCache(), client.Object(&admissionregistrationv1.ValidatingWebhookConfiguration{}), toSelf("validating"))
	err := ctrl.NewControllerManagedBy(mgr).Named("ca-injector").
		WatchesRawSource(configurations).
		WatchesRawSource(source.Kind(mgr.GetCache(), client.Object(&admissionregistrationv1.MutatingWebhookConfiguration{}), toSelf("mutating"))).
		WithOptions(controller.Options{NeedLeaderElection: new(false)}).
		Complete(i)
	if err != nil {
		return fmt.Errorf("CA injector: %w", err)
	}
	return nil
}

// toSelf queues a configuration by its kind: both have the same name.
func toSelf(kind string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, object client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: kind, Name: object.GetName()}}}
	})
}

// Reconcile puts the CA into every entry that lacks it.
func (i *Injector) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if request.Name != ConfigurationName {
		return reconcile.Result{}, nil
	}
	object, entries, err := configuration(ctx, i.client, request.Namespace)
	if err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	return reconcile.Result{}, i.inject(ctx, object, entries)
}

// Trusted is a readiness check: an API server that calls this replica trusts its
// CA. A configuration that does not exist calls nobody.
func Trusted(ctx context.Context, cached client.Reader, ca []byte) error {
	for _, kind := range []string{"mutating", "validating"} {
		_, entries, err := configuration(ctx, cached, kind)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		for _, entry := range entries {
			if !bytes.Contains(entry.CABundle, ca) {
				return fmt.Errorf("the %s webhook configuration does not have this replica's CA yet", kind)
			}
		}
	}
	return nil
}

// configuration reads one of the two configurations and where its entries call.
func configuration(ctx context.Context, reader client.Reader, kind string) (client.Object, []*admissionregistrationv1.WebhookClientConfig, error) {
	var entries []*admissionregistrationv1.WebhookClientConfig
	key := client.ObjectKey{Name: ConfigurationName}
	if kind == "validating" {
		var c admissionregistrationv1.ValidatingWebhookConfiguration
		if err := reader.Get(ctx, key, &c); err != nil {
			return nil, nil, err
		}
		for n := range c.Webhooks {
			entries = append(entries, &c.Webhooks[n].ClientConfig)
		}
		return &c, entries, nil
	}
	var c admissionregistrationv1.MutatingWebhookConfiguration
	if err := reader.Get(ctx, key, &c); err != nil {
		return nil, nil, err
	}
	for n := range c.Webhooks {
		entries = append(entries, &c.Webhooks[n].ClientConfig)
	}
	return &c, entries, nil
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// inject patches only the caBundles, guarded by the resourceVersion: the index
// of an entry means nothing in another version.
func (i *Injector) inject(ctx context.Context, object client.Object, entries []*admissionregistrationv1.WebhookClientConfig) error {
	patch := []operation{{Op: "test", Path: "/metadata/resourceVersion", Value: object.GetResourceVersion()}}
	for n, entry := range entries {
		if !bytes.Contains(entry.CABundle, i.ca) {
			patch = append(patch, operation{
				Op: "add", Path: fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", n), Value: bundle(i.ca, entry.CABundle),
			})
		}
	}
	if len(patch) == 1 {
		return nil
	}
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return i.client.Patch(ctx, object, client.RawPatch(types.JSONPatchType, raw))
}

// bundle keeps one CA that was there before: another replica may still serve
// with a certificate of it.
func bundle(ca, before []byte) []byte {
	joined := bytes.Clone(ca)
	if block, _ := pem.Decode(before); block != nil {
		joined = append(joined, pem.EncodeToMemory(block)...)
	}
	return joined
}
