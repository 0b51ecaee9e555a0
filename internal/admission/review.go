package admission

import (
	"encoding/json"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
)

// Kinds that the entries of the manifests send.
const (
	kindDeployment = "Deployment"
	kindService    = "Service"
	kindScale      = "Scale"
	kindNamespace  = "Namespace"
	kindConfigMap  = "ConfigMap"
	kindJob        = "Job"
)

// maxObjectBytes bounds what is evaluated. etcd stores at most 1.5 MiB; what is
// larger cannot become an object, and must not cost us our deadline.
const maxObjectBytes = 2 << 20

// errBadRequest marks what no API server with our webhook configurations sends.
var errBadRequest = errors.New("bad request")

// review is one request, checked and ready to be judged.
type review struct {
	admission.Request

	mode     string
	edition  Edition
	language policy.Language
	// namespaceLabels may be stale or absent; they only shape what is said.
	namespaceLabels map[string]string
	// name is the object's, or its generateName with a star.
	name string
	// standing says that the object is judged as it stands, by an update that changes
	// nothing: what it has already is what is asked for.
	standing bool
	decoded  []decoded
}

// newReview checks a request. reviewed says which kinds are sent.
func newReview(request admission.Request, mode string, reviewed func(metav1.GroupVersionKind) bool) (*review, error) {
	if !reviewed(request.Kind) {
		return nil, fmt.Errorf("%w: %q is not a kind that tealgate reviews", errBadRequest, kindOf(request))
	}
	switch request.Operation {
	case admissionv1.Create, admissionv1.Update:
		if len(request.Object.Raw) == 0 {
			return nil, fmt.Errorf("%w: %s without an object", errBadRequest, request.Operation)
		}
	case admissionv1.Delete:
	default: // CONNECT and what nobody knows
		return nil, fmt.Errorf("%w: operation %q", errBadRequest, request.Operation)
	}
	if request.Operation != admissionv1.Create && len(request.OldObject.Raw) == 0 {
		return nil, fmt.Errorf("%w: %s without an old object", errBadRequest, request.Operation)
	}
	if size := max(len(request.Object.Raw), len(request.OldObject.Raw)); size > maxObjectBytes {
		return nil, fmt.Errorf("the object has %.1f MB, more than the %d MB that tealgate reads (etcd stores 1.5 MB)",
			float64(size)/1e6, maxObjectBytes>>20)
	}
	r := &review{Request: request, mode: mode}
	var err error
	if r.name, err = r.nameOf(); err != nil {
		return nil, err
	}
	return r, r.bounded()
}

func known(kind metav1.GroupVersionKind) bool {
	switch kind {
	case metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: kindDeployment},
		metav1.GroupVersionKind{Version: "v1", Kind: kindService},
		metav1.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: kindScale}:
		return true
	default:
		return false
	}
}

func isNamespace(kind metav1.GroupVersionKind) bool {
	return kind == metav1.GroupVersionKind{Version: "v1", Kind: kindNamespace}
}

func isConfigMap(kind metav1.GroupVersionKind) bool {
	return kind == metav1.GroupVersionKind{Version: "v1", Kind: kindConfigMap}
}

func isJob(kind metav1.GroupVersionKind) bool {
	return kind == metav1.GroupVersionKind{Group: "batch", Version: "v1", Kind: kindJob}
}

// kindOf is the request's kind as an object writes it.
func kindOf(request admission.Request) string {
	kind := request.Kind
	return schema.GroupVersion{Group: kind.Group, Version: kind.Version}.String() + " " + kind.Kind
}

// nameOf reads the object's own name, because request.name is empty for
// generateName. It refuses what is no object or another one than announced: the
// rules would find nothing wrong with it.
func (r *review) nameOf() (string, error) {
	name := r.Name
	for _, raw := range [][]byte{r.OldObject.Raw, r.Object.Raw} {
		if len(raw) == 0 {
			continue
		}
		object, err := r.head(raw)
		if err != nil {
			return "", err
		}
		if is := object.APIVersion + " " + object.Kind; is != kindOf(r.Request) {
			return "", fmt.Errorf("%w: the object is %q, announced as %q", errBadRequest, is, kindOf(r.Request))
		}
		if name == "" {
			name = object.Name
		}
		if name == "" {
			name = object.GenerateName + "*"
		}
	}
	return name, nil
}

// head is what all kinds have. Of those whose fields will be asked for it decodes
// the rest as well.
func (r *review) head(raw []byte) (*metav1.PartialObjectMetadata, error) {
	switch r.Kind.Kind {
	case kindDeployment:
		object, err := decode[appsv1.Deployment](r, raw)
		return &metav1.PartialObjectMetadata{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta}, err
	case kindService:
		object, err := decode[corev1.Service](r, raw)
		return &metav1.PartialObjectMetadata{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta}, err
	default:
		return decode[metav1.PartialObjectMetadata](r, raw)
	}
}

func (r *review) object() message.Object {
	return message.Object{Kind: r.Kind.Kind, Namespace: r.Namespace, Name: r.name}
}

// deployments decodes the new and the old Deployment; old is nil on CREATE. They
// are shared: nobody changes them.
func (r *review) deployments() (object, old *appsv1.Deployment, err error) {
	return decodeBoth[appsv1.Deployment](r)
}

// services decodes the new and the old Service; old is nil on CREATE. They are
// shared: nobody changes them.
func (r *review) services() (object, old *corev1.Service, err error) {
	return decodeBoth[corev1.Service](r)
}

func decodeBoth[T any](r *review) (object, old *T, err error) {
	if object, err = decode[T](r, r.Object.Raw); err != nil || r.Operation == admissionv1.Create {
		return object, nil, err
	}
	if old, err = decode[T](r, r.OldObject.Raw); err != nil {
		return nil, nil, fmt.Errorf("old object: %w", err)
	}
	return object, old, nil
}

// decoded is an object that was read before.
type decoded struct {
	raw    []byte
	object any
}

// decode reads each object once for each type, and again when other bytes have
// taken its place. It never returns nil.
func decode[T any](r *review, raw []byte) (*T, error) {
	for _, before := range r.decoded {
		if object, ok := before.object.(*T); ok && same(before.raw, raw) {
			return object, nil
		}
	}
	var object *T
	if err := json.Unmarshal(raw, &object); err != nil {
		return new(T), fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if object == nil {
		return new(T), fmt.Errorf("%w: the object is null", errBadRequest)
	}
	r.decoded = append(r.decoded, decoded{raw, object})
	return object, nil
}

// same says that two slices are one and the same, not only alike.
func same(a, b []byte) bool { return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] }

// language reads what a namespace chose, else the default.
func language(labels map[string]string, otherwise policy.Language) policy.Language {
	for _, l := range policy.Languages() {
		if labels[v1alpha1.LabelLanguage] == string(l) {
			return l
		}
	}
	return otherwise
}
