package certs

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// tell says in the log, and as an Event on the Secret, what has just been stored.
func (k *Keeper) tell(ctx context.Context, secret *corev1.Secret, before, now stored, took step) {
	kind, note := corev1.EventTypeNormal, ""
	switch took {
	case rest:
		return
	case prepared:
		note = fmt.Sprintf("the next certificate is good until %s; it is served once every API server trusts its CA", day(now.next))
	case rotated:
		note = fmt.Sprintf("replicas serve a certificate that is good until %s; the one before stays trusted until %s",
			day(now.current), day(before.current))
	case replaced:
		kind, note = corev1.EventTypeWarning, fmt.Sprintf("%s; ", unfit(secret, before))
		if now.next != nil {
			note += "what is served was stored again, and its successor follows"
		} else {
			note += fmt.Sprintf("the certificate that is there now is good until %s", day(now.current))
		}
	}
	logf.FromContext(ctx).Info(note, "step", took)
	k.events.Eventf(secret, nil, kind, string(took), "Rotate", "%s", note)
}

// unfit says why what was stored could not be served.
func unfit(secret *corev1.Secret, s stored) string {
	switch {
	case secret.ResourceVersion == "":
		return "there was no Secret"
	case s.why != nil:
		return fmt.Sprintf("the Secret held no certificate with its key (%s)", s.why)
	default:
		return "the stored certificate had expired, or was not by the stored CA for the names of the webhooks"
	}
}

// warn says why a certificate that should have been replaced long ago has not been. Another
// writer that was faster is no reason, nor is a successor that is trusted and waits for its time.
func (k *Keeper) warn(secret *corev1.Secret, s stored, why error, now time.Time) {
	due := cmp.Or(s.current, k.serving.Load())
	if due == nil || why == nil || apierrors.IsConflict(why) || apierrors.IsAlreadyExists(why) {
		return
	}
	late := due.notAfter().Add(-k.options.RenewBefore / 2)
	if now.Before(late) || now.Before(k.warned.Add(warnEvery)) {
		return
	}
	k.warned = now
	k.events.Eventf(secret, nil, corev1.EventTypeWarning, "CertificateExpires", "Rotate",
		"%s", short(fmt.Sprintf("the certificate of the webhooks expires on %s and cannot be replaced: %s", day(due), why)))
}

func day(p *pair) string { return p.notAfter().UTC().Format(time.DateOnly) }
