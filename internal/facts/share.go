package facts

import (
	"reflect"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const (
	// maxShared bounds what is remembered. Past it everything is forgotten, and what
	// comes again is remembered anew; what objects share already stays shared.
	maxShared = 20_000
	// maxSharedText is about as long as a text is that many objects have.
	maxSharedText = 128
)

// Sharing lets Deployments and Services in a cache have in common what is equal in
// them: texts, probes, resources, security contexts. Half of the memory of a large
// cluster is such. Nothing is left out, because a rule of a platform team may read any
// field. It rests on a promise: what is in the cache is never changed, only replaced.
// It is safe for concurrent use.
type Sharing struct {
	mu    sync.Mutex
	texts map[string]string
	parts map[part]reflect.Value
}

// part is a piece of an object, by what it is and what it says.
type part struct {
	kind    reflect.Type
	content string
}

// NewSharing returns a Sharing that remembers nothing yet.
func NewSharing() *Sharing {
	return &Sharing{texts: map[string]string{}, parts: map[part]reflect.Value{}}
}

// Slim is the function Slim, and shares what is left. It has the form of a cache transform.
func (s *Sharing) Slim(object any) (any, error) {
	object, err := Slim(object)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.texts)+len(s.parts) > maxShared {
		s.texts, s.parts = map[string]string{}, map[part]reflect.Value{}
	}
	switch object := object.(type) {
	case *appsv1.Deployment:
		s.share(&object.Labels, &object.Annotations, &object.Spec, &object.Status)
	case *corev1.Service:
		s.share(&object.Labels, &object.Annotations, &object.Spec, &object.Status)
	}
	return object, nil
}

func (s *Sharing) share(fields ...any) {
	for _, field := range fields {
		s.walk(reflect.ValueOf(field).Elem())
	}
}

// walk goes down first, so that what holds equal parts is equal itself.
func (s *Sharing) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s.text(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				s.walk(v.Field(i))
			}
		}
		if v.Type() == reflect.TypeFor[corev1.ResourceRequirements]() {
			own := reflect.New(v.Type())
			own.Elem().Set(v)
			v.Set(s.part(own).Elem())
		}
	case reflect.Slice:
		// The decoder grows lists by doubling.
		if v.Cap() > v.Len() {
			exact := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(exact, v)
			v.Set(exact)
		}
		for i := range v.Len() {
			s.walk(v.Index(i))
		}
	case reflect.Map:
		if labels, ok := v.Interface().(map[string]string); ok && labels != nil {
			v.Set(reflect.ValueOf(s.labels(labels)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			s.walk(v.Elem())
			v.Set(s.part(v))
		}
	default: // numbers, and what is no type of an API
	}
}

func (s *Sharing) text(text string) string {
	if len(text) > maxSharedText {
		return text
	}
	known, ok := s.texts[text]
	if !ok {
		s.texts[text] = text
		return text
	}
	return known
}

func (s *Sharing) labels(labels map[string]string) map[string]string {
	shared := make(map[string]string, len(labels))
	for key, value := range labels {
		shared[s.text(key)] = s.text(value)
	}
	return shared
}

// part returns the pointer that came first to what says the same on the wire. There
// nothing and an empty list are one, as they are for Kubernetes.
func (s *Sharing) part(pointer reflect.Value) reflect.Value {
	message, ok := pointer.Interface().(interface{ Marshal() ([]byte, error) })
	if !ok {
		return pointer
	}
	content, err := message.Marshal()
	if err != nil {
		return pointer
	}
	key := part{pointer.Type(), string(content)}
	known, ok := s.parts[key]
	if !ok {
		s.parts[key] = pointer
		return pointer
	}
	return known
}
