package certs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kinds of webhook configurations. Both have the same name.
func kinds() []string { return []string{"mutating", "validating"} }

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

// trusts says why an API server that reads the configurations would refuse the pair. A
// configuration that does not exist calls nobody.
func (k *Keeper) trusts(ctx context.Context, reader client.Reader, p *pair) error {
	now := k.options.Clock.Now()
	for _, kind := range kinds() {
		_, entries, err := configuration(ctx, reader, kind)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err := k.trustedBy(entries, p, now); err != nil {
			return fmt.Errorf("the %s webhook configuration does not trust the certificate: %w", kind, err)
		}
	}
	return nil
}

// trustedBy asks each caBundle once: most entries have the same.
func (k *Keeper) trustedBy(entries []*admissionregistrationv1.WebhookClientConfig, p *pair, now time.Time) error {
	asked := map[string]bool{}
	for _, entry := range entries {
		if asked[string(entry.CABundle)] {
			continue
		}
		asked[string(entry.CABundle)] = true
		if err := p.verify(entry.CABundle, k.options.Names, now); err != nil {
			return err
		}
	}
	return nil
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// inject adds the CAs to every entry that lacks one of them, and takes out what is spent.
// CAs that are there stay, whoever put them there: another replica may serve a certificate of
// them. It patches only the caBundles, and fails with a conflict if the configuration is not
// as it was read: the index of an entry means nothing in another version.
func inject(ctx context.Context, c client.Client, kind string, cas []byte, now time.Time) error {
	object, entries, err := configuration(ctx, c, kind)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	patch := []operation{{Op: "replace", Path: "/metadata/resourceVersion", Value: object.GetResourceVersion()}}
	for n, entry := range entries {
		if !complete(entry.CABundle, cas, now) {
			patch = append(patch, operation{
				Op: "add", Path: fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", n), Value: merge(now, cas, entry.CABundle),
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
	return c.Patch(ctx, object, client.RawPatch(types.JSONPatchType, raw))
}

// Trusted is a readiness check: an API server that calls this replica trusts what it serves.
func (k *Keeper) Trusted(ctx context.Context, cached client.Reader) error {
	serving := k.serving.Load()
	if serving == nil {
		return k.issuance.explain(errNothingServed)
	}
	return k.issuance.explain(k.trusts(ctx, cached, serving))
}
