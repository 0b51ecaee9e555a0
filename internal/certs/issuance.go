package certs

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// CertificateName is that of cert-manager's Certificate for SecretName.
const CertificateName = "tealgate-webhook"

// lookEvery is how often cert-manager is asked how it is getting on.
const lookEvery = 5 * time.Second

// issuance says how cert-manager is getting on with the Certificate. It never decides what is
// served: a Certificate that cannot be renewed leaves one that is good for weeks.
type issuance struct {
	live    client.Reader
	events  events.EventRecorder
	elected <-chan struct{}
	// lacking is why the Certificate is not Ready; nil before the first look.
	lacking atomic.Pointer[string]
	// told is what the last Event said of that; only look touches it.
	told string
}

// setupIssuance adds an issuance to a manager, whose scheme must know cert-manager's kinds.
func setupIssuance(mgr ctrl.Manager) (*issuance, error) {
	i := &issuance{live: mgr.GetAPIReader(), events: mgr.GetEventRecorder("tealgate"), elected: mgr.Elected()}
	return i, mgr.Add(i)
}

// NeedLeaderElection is false: every replica says what its readiness waits for.
func (i *issuance) NeedLeaderElection() bool { return false }

// Start looks until ctx ends.
func (i *issuance) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, i.look, lookEvery)
	return nil
}

// explain adds to an error why the Certificate is not Ready, if that is known. There is no
// issuance without cert-manager.
func (i *issuance) explain(err error) error {
	if i == nil || err == nil {
		return err
	}
	if lacking := i.lacking.Load(); lacking != nil && *lacking != "" {
		return fmt.Errorf("%w: %s", err, *lacking)
	}
	return err
}

// look says what is new in the log, and on the leader as an Event.
func (i *issuance) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	now, err := standing(ctx, i.live)
	if err != nil {
		now.lacking = fmt.Sprintf("its Certificate cannot be read: %s", err)
	}
	before := i.lacking.Swap(&now.lacking)
	kind, reason, note := corev1.EventTypeWarning, "CertificateNotReady", now.lacking
	if now.lacking == "" {
		kind, reason, note = corev1.EventTypeNormal, "CertificateReady", "cert-manager has issued it"
	}
	if before == nil && now.lacking != "" || before != nil && *before != now.lacking {
		logf.FromContext(ctx).WithName("cert-manager").Info(note, "reason", reason)
	}
	select {
	case <-i.elected:
	default:
		return
	}
	if i.told != now.lacking {
		i.told = now.lacking
		i.events.Eventf(now.certificate, now.related(), kind, reason, "Issue", "%s", short(note))
	}
}

// maxNote is what an Event can hold.
const maxNote = 1024

func short(note string) string { return strings.ToValidUTF8(note[:min(len(note), maxNote)], "") }

// state is the Certificate and the newest request for it, as they were read, and what they
// lack. An Event names both with their versions: client-go folds Events that differ only in
// their note, and keeps the note of the first.
type state struct {
	certificate *cmapi.Certificate
	request     *cmapi.CertificateRequest
	lacking     string
}

// related is an untyped nil without a request.
func (s *state) related() runtime.Object {
	if s.request == nil {
		return nil
	}
	return s.request
}

// standing says why the Certificate is not Ready: its own condition, and that of the request that
// cert-manager made for it, which knows of the Issuer.
func standing(ctx context.Context, reader client.Reader) (*state, error) {
	const name = "Certificate " + v1alpha1.Namespace + "/" + CertificateName
	certificate := &cmapi.Certificate{ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.Namespace, Name: CertificateName}}
	s := &state{certificate: certificate}
	err := reader.Get(ctx, client.ObjectKeyFromObject(certificate), certificate)
	switch {
	case meta.IsNoMatchError(err):
		s.lacking = "cert-manager is not installed in this cluster: there is no kind Certificate"
		return s, nil
	case apierrors.IsNotFound(err):
		s.lacking = name + " does not exist; manifests/overlays/cert-manager has it"
		return s, nil
	case err != nil:
		return s, err
	case certificate.Spec.SecretName != SecretName:
		s.lacking = fmt.Sprintf("%s goes to Secret %s, and tealgate reads %s", name, certificate.Spec.SecretName, SecretName)
		return s, nil
	}
	why := "cert-manager has said nothing of it; is it running?"
	for _, condition := range certificate.Status.Conditions {
		if condition.Type != cmapi.CertificateConditionReady {
			continue
		}
		if condition.Status == cmmeta.ConditionTrue {
			return s, nil
		}
		why = fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
	}
	s.request, err = newestRequest(ctx, reader)
	if err != nil {
		return s, err
	}
	s.lacking = fmt.Sprintf("%s is not Ready (%s)%s", name, why, requested(s.request))
	return s, nil
}

// newestRequest is nil without one.
func newestRequest(ctx context.Context, reader client.Reader) (*cmapi.CertificateRequest, error) {
	requests := &cmapi.CertificateRequestList{}
	if err := reader.List(ctx, requests, client.InNamespace(v1alpha1.Namespace)); err != nil {
		return nil, err
	}
	var newest *cmapi.CertificateRequest
	for n := range requests.Items {
		request := &requests.Items[n]
		if request.Annotations[cmapi.CertificateNameKey] == CertificateName &&
			(newest == nil || newest.CreationTimestamp.Before(&request.CreationTimestamp)) {
			newest = request
		}
	}
	return newest, nil
}

// requested is what a request says, as a half-sentence. Without one, or with one that is
// issued, there is none.
func requested(request *cmapi.CertificateRequest) string {
	if request == nil {
		return ""
	}
	for _, condition := range request.Status.Conditions {
		if condition.Type == cmapi.CertificateRequestConditionReady && condition.Status != cmmeta.ConditionTrue {
			return fmt.Sprintf("; its request is %s: %s", condition.Reason, condition.Message)
		}
	}
	return ""
}
