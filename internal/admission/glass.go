package admission

import (
	"context"
	"regexp"
	"time"
	"unicode/utf8"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// The form of the annotation tealgate.dev/break-glass: a reason, the word until, and
// a time of RFC 3339 that CEL can read for sure. The same stands in the manifests.
const (
	BreakGlassPattern = `^\S.* until ` +
		`(20[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))` +
		`|20([02468][048]|[13579][26])-02-29)` +
		`T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	// BreakGlassRunes bounds it: evaluating CEL may not become too expensive.
	BreakGlassRunes = 500
)

const (
	// glassLimit is how far ahead the time of an annotation may be.
	glassLimit = time.Hour
	// clockSkew is what tealgate's clock may be behind that of the API server, which
	// has admitted the time already.
	clockSkew = time.Minute
	// rightShare is the part of the time left, a fifth, that a question may take which only
	// a warning depends on.
	rightShare = 5
)

var glassForm = regexp.MustCompile(BreakGlassPattern)

var glassEnd = regexp.MustCompile(` until ([^ ]+)$`)

// breakGlass answers requests that the API server sends to nobody who judges: the
// user holds the verb, and the annotation's time is good as far as it can see, which
// has no clock. They are admitted and recorded. What only a clock can see is judged
// like any other request. Its own failure admits: who may break the glass must not
// wait for tealgate, and could as well write a time that is good.
func (w *Webhooks) breakGlass(ctx context.Context, r *review) (admission.Response, error) {
	// The mode of the path decides whether anything is denied; audit is silent as well.
	if r.mode != v1alpha1.ModeEnforce && r.namespaceLabels[v1alpha1.LabelMode] == v1alpha1.ModeAudit {
		r.mode = v1alpha1.ModeAudit
	}
	g, found, err := r.glass()
	if err != nil {
		return admission.Response{}, err
	}
	if _, refused := refusal(g, w.now()); refused || !found {
		return w.validate(ctx, r)
	}
	if left, err := r.unmanaged(); err != nil || left {
		return admission.Allowed(""), err
	}
	dry := r.DryRun != nil && *r.DryRun
	if !dry {
		if err := w.record(r, g); err != nil {
			return admission.Response{}, err
		}
	}
	response := admission.Allowed("")
	if r.mode != v1alpha1.ModeAudit {
		response = response.WithWarnings(message.Broken(r.language, r.object(), g, dry))
	}
	response.AuditAnnotations = map[string]string{"break-glass": g.Value}
	return response, nil
}

// record counts a broken glass and writes it onto the object, which may not exist
// yet, or not for long. Whether the change comes to be is not known here.
func (w *Webhooks) record(r *review, g message.Glass) error {
	object, err := r.head(r.current())
	if err != nil {
		return err
	}
	w.metrics.broke(r.Kind.Kind, string(r.Operation), r.mode)
	w.events.Eventf(object, nil, corev1.EventTypeWarning, "BreakGlass", string(r.Operation),
		"%s by %s was not judged: %s", r.Operation, message.Shown(g.User, 100), message.Shown(g.Value, 150))
	return nil
}

// current is what the request is about: the old object when it is deleted.
func (r *review) current() []byte {
	if r.Operation == admissionv1.Delete {
		return r.OldObject.Raw
	}
	return r.Object.Raw
}

// glass reads the annotation, and says whether there is one.
func (r *review) glass() (message.Glass, bool, error) {
	object, err := r.head(r.current())
	if err != nil {
		return message.Glass{}, false, err
	}
	value, found := object.Annotations[v1alpha1.AnnotationBreakGlass]
	g := message.Glass{Value: value, User: r.UserInfo.Username}
	if utf8.RuneCountInString(value) > BreakGlassRunes || !glassForm.MatchString(value) {
		return g, found, nil
	}
	at := glassEnd.FindStringSubmatchIndex(value)
	until, err := time.Parse(time.RFC3339, value[at[2]:at[3]])
	if err != nil {
		return g, found, nil //nolint:nilerr // it has not the form
	}
	g.Reason, g.Until = value[:at[0]], until
	return g, found, nil
}

// refusal says what a clock and the form tell against an annotation.
func refusal(g message.Glass, now time.Time) (message.Refusal, bool) {
	switch {
	case g.Until.IsZero():
		return message.BadForm, true
	case !now.Before(g.Until):
		return message.Ended, true
	case g.Until.Sub(now) > glassLimit+clockSkew:
		return message.TooFarAhead, true
	default:
		return 0, false
	}
}

// intact is what is told where an annotation is there and a request is judged all
// the same. It never fails: what cannot be found out is said to be so.
type intact struct {
	lines []string
	audit string
}

func (w *Webhooks) intact(ctx context.Context, r *review) intact {
	g, found, err := r.glass()
	if err != nil || !found {
		return intact{} // what cannot be read is no annotation, and is refused elsewhere
	}
	now := w.now()
	why, refused := refusal(g, now)
	if !refused {
		why = w.rightless(ctx, r)
	}
	return intact{[]string{message.Intact(r.language, r.object(), g, why, now)}, "does not count: " + why.String()}
}

// rightless says why the API server refused an annotation whose time is good.
func (w *Webhooks) rightless(ctx context.Context, r *review) message.Refusal {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/rightShare)
		defer cancel()
	}
	may, err := inTime(ctx, func() (bool, error) {
		return w.facts.MayBreakGlass(ctx, r.Namespace, r.UserInfo.Username, r.UserInfo.Groups)
	})
	switch {
	case err != nil:
		logf.FromContext(ctx).Error(err, "right to break the glass", "object", r.object().String())
		return message.NotAsked
	case may:
		return message.NotSeen
	default:
		return message.NoRight
	}
}
