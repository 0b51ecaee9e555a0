package admission

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// Judge decides about objects that nobody has sent as the webhooks would in a
// namespace that is in enforce: those that are not there yet as if they were created
// (Validate), those that are stored as they stand (Standing). It is the webhooks' own
// code without their plumbing: no deadline, no metrics, no requesting user. Immutable
// and safe for concurrent use as far as its parts are.
type Judge struct {
	webhooks *Webhooks
}

// JudgeOptions are the parts of a Judge. Edition and Facts are required.
type JudgeOptions struct {
	Edition Edition
	Facts   Facts
	// Language of the sentences; English by default.
	Language policy.Language
	// Now is the time; time.Now by default.
	Now func() time.Time
}

// NewJudge returns a Judge.
func NewJudge(options JudgeOptions) *Judge {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Judge{&Webhooks{
		edition: func() Edition { return options.Edition },
		facts:   options.Facts, language: cmp.Or(options.Language, policy.English), now: options.Now,
		advises: true,
	}}
}

// Verdict is what becomes of an object.
type Verdict struct {
	// Object is what the findings are about.
	Object message.Object
	// Denied are the problems for which the object would be refused.
	Denied []policy.Violation
	Warned []message.Finding
	// Advised is what admission does not say.
	Advised []policy.Violation
	// Exempt are the problems that exemptions of the object cover, Ended the
	// exemptions that cover theirs no longer.
	Exempt []message.Exempted
	Ended  []exemption.Exemption
	// Unmanaged says that the settings leave the object alone.
	Unmanaged bool
	// Told are warnings about what tealgate adds to an admitted object.
	Told []string
}

// Judges says whether objects of a kind come before the rules when they are created.
func Judges(kind schema.GroupVersionKind) bool {
	return kind.Kind != kindScale && known(metav1.GroupVersionKind(kind))
}

// Mutate returns the object as the webhooks would let it be stored. The object
// has its namespace, as the API server would have filled it in.
func (j *Judge) Mutate(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := j.review(object, admissionv1.Create)
	if err != nil {
		return nil, err
	}
	if left, err := r.unmanaged(); err != nil || left {
		return object, err
	}
	if r.Kind.Kind == kindDeployment {
		return j.webhooks.colored(ctx, r)
	}
	content, _, err := j.webhooks.pinned(ctx, r)
	return content, err
}

// Validate asks the rules about an object that Mutate has returned.
func (j *Judge) Validate(ctx context.Context, object *unstructured.Unstructured) (Verdict, error) {
	r, err := j.review(object, admissionv1.Create)
	if err != nil {
		return Verdict{}, err
	}
	return j.verdict(r, func() (verdict, error) { return j.webhooks.decide(ctx, r) })
}

func (j *Judge) verdict(r *review, decide func() (verdict, error)) (Verdict, error) {
	if left, err := r.unmanaged(); err != nil || left {
		return Verdict{Object: r.object(), Unmanaged: left}, err
	}
	v, err := decide()
	if err != nil {
		return Verdict{}, err
	}
	return Verdict{
		Object: r.object(), Denied: v.denied, Warned: v.warned, Advised: v.advised, Exempt: v.exempt, Ended: v.ended,
		Told: gotColor(r, v),
	}, nil
}

// review puts an object on both sides of an update that changes nothing.
func (j *Judge) review(object *unstructured.Unstructured, operation admissionv1.Operation) (*review, error) {
	raw, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	request := admissionv1.AdmissionRequest{
		Operation: operation, Kind: metav1.GroupVersionKind(object.GroupVersionKind()),
		Namespace: object.GetNamespace(), Name: object.GetName(), Object: runtime.RawExtension{Raw: raw},
	}
	if operation == admissionv1.Update {
		request.OldObject = request.Object
	}
	r, err := newReview(admission.Request{AdmissionRequest: request}, v1alpha1.ModeEnforce, known)
	if err != nil {
		return nil, err
	}
	r.edition, r.language = j.webhooks.edition(), j.webhooks.language
	return r, nil
}
